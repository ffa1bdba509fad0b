"""What was made once is not made again: steps and pictures come from the cache, and everybody can tell."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkol.algorithm import Algorithm
from genkol.artifacts import Kind, Value
from genkol.dispatch import StepEvent
from genkol.engine import Engine, Result
from genkol.errors import GateFailed, NoFace
from genkol.finish import Wanted
from genkol.flow.flow import Flow, implied_flow
from genkol.registry import Registry
from genkol.services import MAKEUP_TRANSFER, Aspect
from genkol.stores.blobs import Folder
from genkol.stores.databases import Sqlite
from genkol.stores.index import Index
from genkol.stores.steps import StepCache
from genkol.testing import FakeAlignment, fake_engine, fake_portrait
from tests.unit.flow.planning import algorithm, mark

VALUES: dict[str, Value] = {
    "portrait": fake_portrait(),
    "makeup": fake_portrait(seed=2),
    "garment": fake_portrait(seed=3),
    "scene": fake_portrait(seed=4),
}
KINDS = {name: Kind(name) for name in VALUES}
FACE = {Aspect.FACE}


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Callable[[], StepCache]]:
    """Opens caches that share all, as replicas of the Engine do."""
    opened: list[StepCache] = []

    def make() -> StepCache:
        index = Index(Sqlite(tmp_path / "index.sqlite"))
        opened.append(StepCache(index, Folder(tmp_path / "results"), max_bytes=1 << 30, touch_s=0))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def flow(**more: Any) -> Flow:
    return implied_flow(KINDS, **more)


def run(engine: Engine, wish: Flow, events: list[StepEvent] | None = None, wanted: Wanted | None = None) -> Result:
    kinds = {name: VALUES[name] for name in wish.inputs}
    return engine.run(wish, kinds, wanted or Wanted(), (events if events is not None else []).append)


def cached(result: Result) -> dict[str, bool]:
    return {step["id"]: step["cached"] for step in result.report()["steps"]}


def test_the_same_request_again_is_the_same_picture_and_runs_nothing(cache: Callable[[], StepCache]) -> None:
    first, events = cache(), list[StepEvent]()
    one = run(fake_engine(keeper=first), flow())
    first.settle()
    other = cache()
    again = run(fake_engine(keeper=other), flow(), events)
    assert again.picture == one.picture == run(fake_engine(), flow()).picture
    assert set(cached(one).values()) == {False}
    assert set(cached(again).values()) == {True}
    assert {(e.step, e.state, e.cached) for e in events} == {(step.id, "done", True) for step in again.plan}
    assert again.report()["layers"] == one.report()["layers"]
    assert again.outcome.cached == {step.id for step in again.plan}
    assert (other.counters.hits, other.counters.misses) == (1, 0)  # the picture itself
    assert other.counters.saved_seconds > 0


def test_only_what_a_change_reaches_is_made_again(cache: Callable[[], StepCache]) -> None:
    keeper = cache()
    engine = fake_engine(keeper=keeper)
    run(engine, flow(params={"makeup-transfer": {"intensity": 0.4}}))
    keeper.settle()
    wish = flow(params={"makeup-transfer": {"intensity": 0.9}})
    changed = run(engine, wish)
    fresh = {id for id, was in cached(changed).items() if not was}
    assert fresh == {"makeup-transfer"}
    assert changed.picture == run(fake_engine(), wish).picture


def test_another_format_of_the_same_picture_runs_no_step(cache: Callable[[], StepCache]) -> None:
    keeper = cache()
    engine = fake_engine(keeper=keeper)
    run(engine, flow())
    keeper.settle()
    jpeg = run(engine, flow(), wanted=Wanted("jpeg"))
    assert set(cached(jpeg).values()) == {True}
    assert jpeg.picture == run(fake_engine(), flow(), wanted=Wanted("jpeg")).picture


def test_a_result_that_is_gone_is_made_again_with_all_that_it_needs(
    cache: Callable[[], StepCache], tmp_path: Path
) -> None:
    keeper = cache()
    one = run(fake_engine(keeper=keeper), flow())
    keeper.settle()
    for file in (tmp_path / "results").glob("??/*"):
        if not file.name.startswith(one.plan.step("virtual-try-on").name):
            file.write_bytes(b"damaged")
    again = run(fake_engine(keeper=keeper), flow())
    assert again.picture == one.picture
    # The parsing that only the try-on needed is not missed.
    assert [id for id, was in cached(again).items() if was] == ["person-parsing", "virtual-try-on"]
    assert keeper.counters.corrupt > 0


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Flow, dict[str, Value], Wanted]:
    """One of many flows that have much in common."""
    names = {"portrait", *draw(st.sets(st.sampled_from(["makeup", "garment", "scene"])))}
    steps: list[dict[str, Any]] = []
    strengths = st.sampled_from([0.5, 1.0])
    if "makeup" in names:
        intensity = draw(st.sampled_from([0.2, 0.8]))
        steps.append({"service": "makeup-transfer", "params": {"intensity": intensity}, "strength": draw(strengths)})
    if "garment" in names:
        steps.append({"service": "virtual-try-on", "strength": draw(strengths)})
    if "scene" in names or draw(st.booleans()):
        steps.append({"service": "background", "strength": draw(strengths)})
    if "scene" not in names and steps and steps[-1]["service"] == "background":
        steps.append({"service": "scene"})
    if draw(st.booleans()) or not steps:
        steps.append({"service": "upscaling"})
    inputs = {name: name for name in sorted(names)}
    wish = Flow.parse({"inputs": inputs, "steps": steps, "seed": draw(st.sampled_from([1, 2]))})
    pictures = st.sampled_from([fake_portrait(48, 40, seed=1), fake_portrait(48, 40, seed=2)])
    values: dict[str, Value] = {name: draw(pictures) for name in inputs}
    return wish, values, Wanted(draw(st.sampled_from(["png", "jpeg"])), layers=draw(st.booleans()))


@given(st.lists(wishes(), min_size=2, max_size=6))
@settings(max_examples=25)
def test_with_a_cache_every_picture_is_the_one_without(several: list[tuple[Flow, dict[str, Value], Wanted]]) -> None:
    bare = fake_engine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Folder(folder / "results")
        with closing(StepCache(Index(Sqlite(folder / "index.sqlite")), store, max_bytes=1 << 30)) as cache:
            engine = fake_engine(keeper=cache)
            for wish, values, wanted in [*several, *several]:
                made, expected = (one.run(wish, values, wanted) for one in (engine, bare))
                assert made.outcome.finished == expected.outcome.finished
                cache.settle()
            assert cache.counters.hits >= len(several)
    engine.dispatcher.close()  # type: ignore[attr-defined]
    bare.dispatcher.close()  # type: ignore[attr-defined]


def counting(runs: list[int], **more: Any) -> type[Algorithm]:
    def work(self: Algorithm, arguments: dict[str, Any]) -> Any:
        runs.append(arguments["step"].seed)
        threading.Event().wait(0.2)
        if more.get("fails"):
            raise NoFace("There is no face.")
        return mark(self, arguments)

    return algorithm(MAKEUP_TRANSFER, "portrait", FACE, FACE, name=more.get("name", "counting"), work=work)


def one_step(**more: Any) -> Flow:
    steps = [{"service": "makeup-transfer"}]
    return Flow.parse({"inputs": {"portrait": "portrait"}, "steps": steps, "seed": 7, **more})


def test_many_equal_requests_at_once_run_the_step_once(cache: Callable[[], StepCache]) -> None:
    """Two Engines: two replicas."""
    runs: list[int] = []
    engines = [fake_engine(Registry([counting(runs)]), keeper=cache()) for _ in range(2)]

    async def all_of_them() -> list[Result]:
        asked = [engine.arun(one_step(), {"portrait": VALUES["portrait"]}) for engine in engines for _ in range(6)]
        return await asyncio.gather(*asked)

    results = asyncio.run(all_of_them())
    assert len(runs) == 1
    assert len({result.picture for result in results}) == 1
    assert sum(not was for result in results for was in cached(result).values()) == 1


def test_a_failure_is_told_again_and_never_kept(cache: Callable[[], StepCache]) -> None:
    runs: list[int] = []
    engine = fake_engine(Registry([counting(runs, fails=True)]), keeper=cache())
    for _ in range(2):
        with pytest.raises(NoFace, match="There is no face"):
            run(engine, one_step())
    assert len(runs) == 2


def test_seeds_share_what_does_not_depend_on_them(cache: Callable[[], StepCache]) -> None:
    keeper, runs = cache(), list[int]()
    engine = fake_engine(Registry([counting(runs)]), keeper=keeper)
    for seed in (1, 2, 1):
        run(engine, one_step(seed=seed))
        keeper.settle()
    assert len(runs) == len(set(runs)) == 2


class Refusing:
    """A gate that lets only the second algorithm pass."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def require(self, algorithm: type[Algorithm], *_: Any) -> None:
        self.asked.append(algorithm.key())
        if not algorithm.key().endswith("second"):
            raise GateFailed("the spill is 12.0%, at most 8.0% passes.")


def test_what_was_never_judged_does_not_answer_a_verified_request(cache: Callable[[], StepCache]) -> None:
    keeper, gate, runs = cache(), Refusing(), list[int]()
    engine = fake_engine(Registry([counting(runs), FakeAlignment]), gate, keeper)
    run(engine, one_step())
    keeper.settle()
    for _ in range(2):
        with pytest.raises(GateFailed, match="the spill"):
            run(engine, one_step(verify=True))
    assert "makeup-transfer/counting" in gate.asked


def test_who_made_a_verified_result_is_told_when_it_is_found_again(cache: Callable[[], StepCache]) -> None:
    keeper, gate, runs = cache(), Refusing(), list[int]()
    registry = Registry([counting(runs), counting(runs, name="second")])
    engine = fake_engine(registry, gate, keeper)
    one = run(engine, one_step(verify=True))
    keeper.settle()
    judged = len(gate.asked)
    again = run(engine, one_step(verify=True))
    assert [step["algorithm"] for step in again.report()["steps"]] == ["second"]
    assert cached(again) == {"makeup-transfer": True}
    assert again.picture == one.picture
    assert len(gate.asked) == judged


def test_without_a_cache_everything_runs_each_time(tmp_path: Path) -> None:
    runs: list[int] = []
    engine = fake_engine(Registry([counting(runs)]))
    for _ in range(2):
        assert cached(run(engine, one_step())) == {"makeup-transfer": False}
    assert len(runs) == 2
