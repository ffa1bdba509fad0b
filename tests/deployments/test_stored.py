"""What is kept passes by name: hosts and the finisher read it from the store, and the Engine never sees it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deployments.finisher import Finisher
from deployments.stored import Stored, found_or_made, keep_picture, opened, shortcut
from genkol.artifacts import Image, Kind, Layer, Value
from genkol.errors import StepFailed
from genkol.finish import Finished, Wanted, finish
from genkol.flow.flow import Flow, implied_flow
from genkol.flow.plan import Plan
from genkol.kept import Kept
from genkol.perform import Call
from genkol.stores.blobs import Folder
from genkol.stores.databases import Sqlite
from genkol.stores.index import Index
from genkol.stores.steps import StepCache
from genkol.testing import fake_engine, fake_portrait

VALUES: dict[str, Value] = {
    "portrait": fake_portrait(),
    "makeup": fake_portrait(seed=2),
    "garment": fake_portrait(seed=3),
    "scene": fake_portrait(seed=4),
}
WANTED = Wanted()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StepCache]:
    one = StepCache(Index(Sqlite(tmp_path / "index.sqlite")), Folder(tmp_path / "results"), max_bytes=1 << 30)
    yield one
    one.close()


@pytest.fixture
def plan() -> Plan:
    return fake_engine().plan(implied_flow({name: Kind(name) for name in VALUES}), VALUES)


def put(cache: StepCache, plan: Plan, *ids: str, by: str | None = None) -> None:
    for id in ids:
        cache.put(plan.step(id).name, fake_portrait(8, 8), 1.0, by or plan.step(id).key)


def call(plan: Plan, id: str = "makeup-transfer") -> Call:
    return Call.of(plan.step(id), plan)


class Work:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.given: list[Sequence[Value]] = []

    async def __call__(self, given: Sequence[Value]) -> Value:
        self.given.append(given)
        await asyncio.sleep(0.1)
        return fake_portrait(8, 8, 5)


async def test_hosts_make_a_result_once_and_hand_it_out_afterwards(cache: StepCache, plan: Plan) -> None:
    work = Work()
    asked = [found_or_made(cache, call(plan), [VALUES["portrait"]], work) for _ in range(4)]
    values = await asyncio.gather(*asked)
    assert len(work.given) == 1
    assert {v.digest for v in values if isinstance(v, Image)} == {fake_portrait(8, 8, 5).digest}
    await found_or_made(cache, call(plan), [VALUES["portrait"]], work)
    assert len(work.given) == 1
    cache.settle()
    known = cache.known([plan.step("makeup-transfer").name])
    assert [k.by for k in known.values()] == ["makeup-transfer/tint"]


async def test_without_a_cache_or_a_name_the_work_is_done_each_time(cache: StepCache, plan: Plan) -> None:
    work = Work()
    nameless = Call("s", "a/b", {}, 0, (), None, ())
    for store, asked in ((None, call(plan)), (cache, nameless)):
        for _ in range(2):
            await found_or_made(store, asked, [], work)
    assert len(work.given) == 4


async def test_a_host_does_not_answer_with_what_another_algorithm_made(cache: StepCache, plan: Plan) -> None:
    put(cache, plan, "makeup-transfer", by="makeup-transfer/other")
    work = Work()
    await found_or_made(cache, call(plan), [], work)
    assert len(work.given) == 1


async def test_a_stored_value_is_read_where_it_is_needed_and_only_then(cache: StepCache, plan: Plan) -> None:
    put(cache, plan, "face-alignment")
    stored = Stored(plan.step("face-alignment").name, "face-alignment")
    work = Work()
    await found_or_made(cache, call(plan), [VALUES["portrait"], stored], work)
    (given,) = work.given
    assert [v.digest for v in given if isinstance(v, Image)] == [fake_portrait().digest, fake_portrait(8, 8).digest]
    gone = Stored("a" * 64, "face-alignment")
    await found_or_made(cache, call(plan), [gone], work)  # found: nobody looks at its values
    assert len(work.given) == 1


def test_a_stored_value_that_is_gone_names_what_must_run_again(cache: StepCache) -> None:
    with pytest.raises(StepFailed, match="The kept result of 'face' is gone") as caught:
        opened(cache, [VALUES["portrait"], Stored("a" * 64, "face")])
    # It has not begun, so that it may be called again, and its place is not to blame.
    assert caught.value.context == {"stored": ["a" * 64], "lost": True, "input_lost": True, "repeatable": True}


async def test_the_finisher_reads_stored_layers(cache: StepCache) -> None:
    engine = fake_engine()
    flow = Flow.parse(
        {"inputs": {"portrait": "portrait", "makeup": "makeup"}, "steps": [{"service": "makeup-transfer"}]}
    )
    inputs = {name: VALUES[name] for name in flow.inputs}
    plan = engine.plan(flow, inputs)
    layer = Layer(*_patch())
    step = plan.step("makeup-transfer")
    cache.put(step.name, layer, 1.0, step.key)
    finisher = object.__new__(Finisher)
    finisher._cache, finisher._threads = cache, ThreadPoolExecutor(1)
    portrait = inputs["portrait"]
    assert isinstance(portrait, Image)
    made = await finisher.finish(plan, WANTED, portrait, None, Stored(step.name, step.id))
    assert made == finish(plan, portrait, [layer], None, WANTED)


def _patch() -> tuple[Any, Any, Any]:
    import numpy as np

    return np.full((4, 4, 3), 640, np.int16), np.full((4, 4), 255, np.uint8), np.eye(2, 3)


async def test_nothing_is_cut_short_without_a_cache_or_names(cache: StepCache, plan: Plan) -> None:
    unnamed = fake_engine().plan(implied_flow({name: Kind(name) for name in VALUES}))
    for cut in (await shortcut(None, plan, VALUES, WANTED), await shortcut(cache, unnamed, VALUES, WANTED)):
        assert (cut.picture, cut.name, cut.cached) == (None, "", frozenset())


async def test_what_only_stored_steps_need_is_needless(cache: StepCache, plan: Plan) -> None:
    put(cache, plan, "virtual-try-on", "face-alignment")
    cut = await shortcut(cache, plan, VALUES, WANTED)
    assert cut.stored.keys() == {"virtual-try-on", "face-alignment"}
    assert cut.needless == {"person-parsing"}  # that of the undressed: who comes after has another one
    assert cut.cached == {"virtual-try-on", "face-alignment", "person-parsing"}
    assert cut.instead == {}
    called = [step for step in plan if step.id not in cut.cached]
    assert all(need in cut.stored or need in {s.id for s in called} for step in called for need in step.needs)


async def test_who_made_a_stored_result_is_told(cache: StepCache, plan: Plan) -> None:
    put(cache, plan, "virtual-try-on", by="virtual-try-on/other")
    assert (await shortcut(cache, plan, VALUES, WANTED)).instead == {"virtual-try-on": "virtual-try-on/other"}


async def test_a_kept_picture_needs_no_call_at_all(cache: StepCache, plan: Plan) -> None:
    cut = await shortcut(cache, plan, VALUES, WANTED)
    finished = Finished(b"png", "image/png", 4, 5, "d" * 64, (4, 5), ())
    keep_picture(cache, cut, finished, 3.0, {"makeup-transfer": "makeup-transfer/other"})  # by others: not kept
    cache.settle()
    assert (await shortcut(cache, plan, VALUES, WANTED)).picture is None
    keep_picture(cache, cut, finished, 3.0, {})
    cache.settle()
    again = await shortcut(cache, plan, VALUES, WANTED)
    assert again.picture == finished
    assert again.cached == {step.id for step in plan}
    assert (await shortcut(cache, plan, VALUES, Wanted("jpeg"))).picture is None


async def test_while_the_store_is_slow_the_loop_goes_on(
    cache: StepCache, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Engine answers other requests meanwhile."""
    gate = threading.Event()
    monkeypatch.setattr(cache, "known", lambda names: gate.wait(10) and {})
    asked = asyncio.create_task(shortcut(cache, plan, VALUES, WANTED))
    await asyncio.sleep(0.2)
    assert not asked.done()
    gate.set()
    assert (await asked).cached == frozenset()


async def test_a_result_that_two_hosts_could_make_is_kept_by_its_maker(cache: StepCache, plan: Plan) -> None:
    step = plan.step("makeup-transfer")

    async def make() -> Kept:
        return Kept(fake_portrait(8, 8), 1.0, "makeup-transfer/second")

    await cache.once(step.name, make, by="makeup-transfer/second")
    cache.settle()
    kept = cache.get(step.name)
    assert kept is not None
    assert kept.by == "makeup-transfer/second"
