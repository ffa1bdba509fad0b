"""What the dispatcher does when calls are lost: another try, another site, values made anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, OwnerDiedError, RayTaskError

from deployments import dispatch, watch
from deployments import run as run_module
from deployments.dispatch import RayDispatcher
from deployments.health import LOSSES, Health
from deployments.names import Place
from deployments.run import TRIES
from genkol import testing
from genkol.algorithm import Resources
from genkol.artifacts import Kind
from genkol.errors import StepFailed, StepTimeout
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.generator import FlowGenerator
from genkol.flow.plan import Plan


def input_lost() -> Exception:
    """As it comes from a replica that could not have an argument."""
    cause = OwnerDiedError("00" * 28, b"", "somewhere")
    return RayTaskError("run", "traceback", cause)


class Call:
    """One call: it ends well, or with an error."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.cancelled = False

    async def _to_object_ref(self) -> Any:
        if self.error is not None:
            raise self.error
        return self

    def __await__(self) -> Any:
        if self.error is not None:
            raise self.error
        return iter(())

    def cancel(self) -> None:
        self.cancelled = True


class Sites:
    """Hosts at several sites; `ends` says how the calls of ``algorithm@site`` end, one after the other, then well."""

    def __init__(self) -> None:
        self.ends: dict[str, list[Exception]] = {}
        self.calls: list[str] = []
        self.health = Health()
        self.empty: set[str] = set()

    def has_replicas(self, key: str, site: str) -> bool:
        return site not in self.empty

    def host(self, key: str, site: str) -> Any:
        return self._handle(f"{key.partition('/')[2] or key}@{site}")

    def finisher(self) -> Any:
        return self._handle("finisher@local")

    def _handle(self, name: str) -> Any:
        sites = self

        class Handle:
            class _Method:
                @staticmethod
                def remote(*args: Any) -> Call:
                    sites.calls.append(name)
                    left = sites.ends.get(name, [])
                    return Call(left.pop(0) if left else None)

            run = finish = _Method

        return Handle


@pytest.fixture(autouse=True)
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(ref: Any) -> None:
        return

    monkeypatch.setattr(watch, "STILL_THERE_S", 0.02)
    monkeypatch.setattr(run_module, "ended", at_once)
    monkeypatch.setattr(dispatch.ray, "put", lambda value: value)


def planned(*services: str, sites: tuple[str, ...] = ("aws", "local"), price_usd: float = 0.0) -> Plan:
    steps = [{"service": service} for service in services]
    flow = Flow.parse({"inputs": {"portrait": Kind.PORTRAIT}, "steps": steps})
    plan = FlowGenerator(testing.fake_registry()).plan(flow)
    return replace(
        plan, steps=tuple(replace(s, sites=sites, resources=Resources(price_usd=price_usd)) for s in plan.steps)
    )


async def run(handles: Any, plan: Plan) -> Any:
    values = {"portrait": testing.fake_portrait()}
    return await asyncio.wait_for(RayDispatcher(handles).dispatch(plan, values, Wanted(), lambda event: None), 5)


async def test_a_lost_step_is_done_at_the_next_site_and_its_followers_are_called_anew() -> None:
    handles = Sites()
    handles.ends["no-op@aws"] = [ActorDiedError()]
    outcome = await run(handles, planned("hair-editing", "upscaling"))
    assert outcome.sites == {"hair-editing": "local", "upscaling": "aws"}
    assert handles.calls == [
        "no-op@aws", "double@aws", "finisher@local",
        "no-op@local", "double@aws", "finisher@local",
    ]  # fmt: skip


async def test_where_there_is_one_site_it_is_tried_again_there_but_not_for_ever() -> None:
    handles = Sites()
    handles.ends["no-op@local"] = [ActorDiedError()] * (TRIES - 1)
    await run(handles, planned("hair-editing", sites=("local",)))
    assert Counter(handles.calls)["no-op@local"] == TRIES
    handles.ends["no-op@local"] = [ActorDiedError()] * TRIES
    with pytest.raises(StepFailed, match="was lost") as caught:
        await run(handles, planned("hair-editing", sites=("local",)))
    assert caught.value.context["site"] == "local"


async def test_a_paid_step_that_is_lost_is_not_paid_for_twice() -> None:
    handles = Sites()
    handles.ends["no-op@aws"] = [ActorDiedError()]
    with pytest.raises(StepFailed, match="was lost"):
        await run(handles, planned("hair-editing", price_usd=0.06))
    assert Counter(handles.calls)["no-op@aws"] == 1
    assert "no-op@local" not in handles.calls


async def test_an_error_of_the_step_itself_is_not_tried_again() -> None:
    handles = Sites()
    handles.ends["no-op@aws"] = [ValueError("the brush broke")]
    with pytest.raises(StepFailed, match="the brush broke"):
        await run(handles, planned("hair-editing"))
    assert "no-op@local" not in handles.calls
    assert handles.health.closed_in_s(Place("hair-editing/no-op", "aws")) == 0


async def test_losses_open_the_breaker_of_their_place() -> None:
    handles = Sites()
    handles.ends["no-op@aws"] = [ActorDiedError()] * LOSSES
    for _ in range(LOSSES):
        await run(handles, planned("hair-editing"))
    assert handles.health.closed_in_s(Place("hair-editing/no-op", "aws")) > 0
    assert handles.health.closed_in_s(Place("hair-editing/no-op", "local")) == 0


async def test_one_request_that_kills_all_who_take_it_does_not_close_the_place_to_others() -> None:
    handles = Sites()
    handles.ends["no-op@local"] = [ActorDiedError()] * TRIES
    with pytest.raises(StepFailed):
        await run(handles, planned("hair-editing", sites=("local",)))
    assert handles.health.closed_in_s(Place("hair-editing/no-op", "local")) == 0


async def test_a_value_that_was_lost_with_its_node_is_made_anew() -> None:
    handles = Sites()
    handles.ends["double@local"] = [input_lost()]
    await run(handles, planned("hair-editing", "upscaling", sites=("local",)))
    assert handles.calls == [
        "no-op@local", "double@local", "finisher@local",
        "no-op@local", "double@local", "finisher@local",
    ]  # fmt: skip


async def test_a_layer_that_is_lost_before_the_picture_is_finished_is_made_anew() -> None:
    handles = Sites()
    handles.ends["finisher@local"] = [input_lost()]
    await run(handles, planned("hair-editing", sites=("local",)))
    assert handles.calls == ["no-op@local", "finisher@local", "no-op@local", "finisher@local"]


class Waiting(Call):
    """One that nobody takes."""

    async def _to_object_ref(self) -> Any:
        await asyncio.sleep(3600)


class Emptied(Sites):
    """Sites where calls wait as long as no replica is there."""

    def host(self, key: str, site: str) -> Any:
        if site not in self.empty:
            return super().host(key, site)

        class Handle:
            class run:
                @staticmethod
                def remote(*args: Any) -> Call:
                    return Waiting(None)

        return Handle


async def test_a_site_without_replicas_is_left_for_another_but_the_last_one_is_waited_for() -> None:
    handles = Emptied()
    handles.empty = {"aws"}
    await run(handles, planned("hair-editing"))
    assert "no-op@local" in handles.calls
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run(handles, planned("hair-editing", sites=("aws",))), 0.3)


async def test_where_no_site_has_a_replica_the_first_that_gets_one_does_the_step() -> None:
    """And not the one at which the tries happen to end: a dead site may never come back."""
    handles = Emptied()
    handles.empty = {"aws", "local"}
    asked = asyncio.create_task(run(handles, planned("hair-editing")))
    await asyncio.sleep(0.3)
    assert not asked.done()
    handles.empty = {"aws"}
    outcome = await asked
    assert list(outcome.sites.values()) == ["local"]


async def test_a_value_that_was_lost_with_its_site_is_made_anew_at_another() -> None:
    class Dying(Emptied):
        def _handle(self, name: str) -> Any:
            handle = super()._handle(name)
            if not name.startswith("double"):
                return handle

            class Handle:
                class run:
                    @staticmethod
                    def remote(*args: Any) -> Call:
                        handles.empty = {"aws"}  # the first step was called; its site goes, with its value
                        return handle.run.remote(*args)  # type: ignore[no-any-return]

            return Handle

    handles = Dying()
    handles.ends["double@local"] = [input_lost()]
    plan = planned("hair-editing", "upscaling")
    plan = replace(plan, steps=(plan.steps[0], replace(plan.steps[1], sites=("local",))))
    outcome = await run(handles, plan)
    assert handles.calls[:2] == ["no-op@aws", "double@local"]
    assert set(outcome.sites.values()) == {"local"}


async def test_a_step_past_its_deadline_is_taken_back_and_done_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"no-op@aws"}

    async def ended(ref: Any) -> None:
        if ref.name in slow:
            await asyncio.sleep(3600)

    class Named(Sites):
        def _handle(self, name: str) -> Any:
            handle = super()._handle(name)

            class Handle:
                class run:
                    @staticmethod
                    def remote(*args: Any) -> Call:
                        call = handle.run.remote(*args)
                        call.name = name  # type: ignore[attr-defined]
                        return call  # type: ignore[no-any-return]

                finish = handle.finish

            return Handle

    monkeypatch.setattr(run_module, "ended", ended)
    monkeypatch.setattr(dispatch, "settings", lambda: type("S", (), {"step_timeout_s": 0.05}))
    handles = Named()
    await run(handles, planned("hair-editing"))
    assert handles.calls.count("no-op@local") == 1
    slow.add("no-op@local")
    with pytest.raises(StepTimeout, match=r"took longer than 0\.05 s") as caught:
        await run(handles, planned("hair-editing", sites=("local",)))
    assert caught.value.context["step"] == "hair-editing"
