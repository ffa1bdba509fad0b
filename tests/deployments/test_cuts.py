"""What the dispatcher leaves out because it is kept, and what it does when that has gone meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments import dispatch
from deployments import run as run_module
from deployments.dispatch import RayDispatcher
from deployments.names import Place
from genkol.artifacts import Kind, Value
from genkol.dispatch import Outcome, StepEvent
from genkol.errors import StepFailed
from genkol.finish import Finished, Wanted
from genkol.flow.flow import implied_flow
from genkol.flow.placement import OneSite, Placement
from genkol.flow.plan import Plan
from genkol.stores.blobs import Folder
from genkol.stores.databases import Sqlite
from genkol.stores.index import Index
from genkol.stores.steps import StepCache
from genkol.testing import fake_engine, fake_portrait
from tests.deployments.test_losses import Call, Sites

VALUES: dict[str, Value] = {name: fake_portrait(seed=n) for n, name in enumerate(("portrait", "makeup", "garment"))}
TRY_ON, MAKEUP, PARSING, FACE = "virtual-try-on", "makeup-transfer", "person-parsing", "face-alignment"
FINISHED = Finished(b"png", "image/png", 4, 5, "d" * 64, (4, 5), ())


class Answers(Sites):
    """Calls whose finisher gives a picture."""

    def _handle(self, name: str) -> Any:
        handle = super()._handle(name)

        class Picture(Call):
            def __await__(self) -> Any:
                yield from super().__await__()
                return FINISHED

        if name.startswith("finisher"):
            plain = handle.finish.remote
            handle.finish.remote = staticmethod(lambda *args: Picture(plain(*args).error))
        return handle


@pytest.fixture(autouse=True)
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(ref: Any) -> None:
        return

    monkeypatch.setattr(run_module, "ended", at_once)
    monkeypatch.setattr(dispatch.ray, "put", lambda value: value)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StepCache]:
    one = StepCache(Index(Sqlite(tmp_path / "index.sqlite")), Folder(tmp_path / "results"), max_bytes=1 << 30)
    yield one
    one.close()


def planned(private: bool = False) -> Plan:
    plan = fake_engine().plan(implied_flow({name: Kind(name) for name in VALUES}), VALUES)
    return plan.placed(Placement(private=private), OneSite(), lambda key: False)


def keep(cache: StepCache, plan: Plan, *ids: str) -> None:
    for id in ids:
        cache.put(plan.step(id).name, fake_portrait(8, 8), 1.0, plan.step(id).key)


async def run(handles: Sites, plan: Plan, cache: StepCache | None, told: list[StepEvent] | None = None) -> Outcome:
    hear = [].append if told is None else told.append
    return await asyncio.wait_for(RayDispatcher(handles, cache).dispatch(plan, VALUES, Wanted(), hear), 5)


def gone(*names: str) -> StepFailed:
    """As a host says it that finds nothing under these names."""
    return StepFailed("gone", stored=list(names), lost=True, input_lost=True, repeatable=True)


def short(plan: Plan, *ids: str) -> list[str]:
    return [f"{plan.step(id).algorithm}@local" for id in ids]


async def test_kept_steps_are_not_called_and_are_told_as_done(cache: StepCache) -> None:
    plan, handles, told = planned(), Answers(), list[StepEvent]()
    keep(cache, plan, TRY_ON, FACE)
    outcome = await run(handles, plan, cache, told)
    assert outcome.cached == {TRY_ON, FACE, PARSING}
    assert handles.calls == [*short(plan, MAKEUP), "finisher@local"]
    assert {event.step for event in told if event.cached} == outcome.cached
    assert outcome.seconds[TRY_ON] == 0


async def test_the_same_again_calls_nobody(cache: StepCache) -> None:
    plan, handles = planned(), Answers()
    first = await run(handles, plan, cache)
    cache.settle()
    handles.calls.clear()
    again = await run(handles, plan, cache)
    assert handles.calls == []
    assert again.finished == first.finished
    assert again.cached == {step.id for step in plan}


async def test_what_went_meanwhile_is_made_anew_with_what_that_needs_and_nothing_else(cache: StepCache) -> None:
    plan, handles = planned(), Answers()
    keep(cache, plan, TRY_ON, FACE)
    handles.ends["finisher@local"] = [gone(plan.step(TRY_ON).name)]
    outcome = await run(handles, plan, cache)
    assert handles.calls == [
        *short(plan, MAKEUP), "finisher@local",
        *short(plan, PARSING, TRY_ON), "finisher@local",
    ]  # fmt: skip
    assert outcome.cached == {FACE}
    assert not handles.health.closed_in_s(Place(plan.step(TRY_ON).key, "local"))


async def test_a_step_that_lacks_a_kept_value_is_called_again_when_that_is_made(cache: StepCache) -> None:
    plan, handles = planned(), Answers()
    keep(cache, plan, TRY_ON, FACE)
    [makeup] = short(plan, MAKEUP)
    handles.ends[makeup] = [gone(plan.step(FACE).name)]
    outcome = await run(handles, plan, cache)
    assert handles.calls == [
        makeup, "finisher@local",
        *short(plan, FACE), makeup, "finisher@local",
    ]  # fmt: skip
    assert outcome.cached == {TRY_ON, PARSING}


async def test_private_steps_are_kept_on_this_machine_and_nowhere_else(
    cache: StepCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, handles = planned(private=True), Answers()
    await run(handles, plan, cache)
    cache.settle()
    assert cache.totals()[0] == 1

    elsewhere = planned(private=True)
    monkeypatch.setattr(StepCache, "stays_here", property(lambda self: False))
    handles.calls.clear()
    assert (await run(handles, elsewhere, cache)).cached == frozenset()
    cache.settle()
    assert len(handles.calls) == len(plan.steps) + 1
    assert cache.totals()[0] == 1
