"""What the dispatcher does while a call waits; the rest is tested on a real cluster in tests/acceptance."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from deployments import dispatch, watch
from deployments import run as run_module
from deployments.dispatch import RayDispatcher
from deployments.health import Health
from genkol import testing
from genkol.algorithm import Resources
from genkol.artifacts import Kind
from genkol.dispatch import StepEvent
from genkol.errors import GateFailed, GenkolError, UnknownAlgorithm
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.generator import FlowGenerator
from genkol.registry import Registry


class Response:
    """A call that no replica takes."""

    def __init__(self) -> None:
        self.cancelled = False

    async def _to_object_ref(self) -> Any:
        await asyncio.sleep(3600)

    def cancel(self) -> None:
        self.cancelled = True


class Refused(Response):
    """A call that could not be sent; taking it back raises the reason once more, as Serve's does."""

    async def _to_object_ref(self) -> Any:
        raise ValueError("no place")

    def cancel(self) -> None:
        raise ValueError("no place")


class Handles:
    """Applications whose handles make the given responses; one that has left is not found again."""

    def __init__(self, **responses: Response) -> None:
        self.responses = responses
        self.gone: set[str] = set()
        self.health = Health()

    def has_replicas(self, key: str, site: str) -> bool:
        return True

    def host(self, key: str, site: str) -> Any:
        return self._handle(key.split("/")[0])

    def finisher(self) -> Any:
        return self._handle("finisher")

    def _handle(self, name: str) -> Any:
        if name in self.gone:
            raise UnknownAlgorithm(f"There is no application {name!r}.")
        handles = self

        class Handle:
            class _Method:
                @staticmethod
                def remote(*args: Any) -> Response:
                    return handles.responses.setdefault(name, Response())

            run = finish = _Method

        return Handle


@pytest.fixture(autouse=True)
def no_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STILL_THERE_S", 0.02)
    monkeypatch.setattr(dispatch.ray, "put", lambda value: value)


def dispatched(handles: Handles, *services: str, events: list[StepEvent] | None = None) -> Any:
    flow = Flow.parse(
        {"inputs": {"portrait": Kind.PORTRAIT}, "steps": [{"service": s} for s in services]},
    )
    plan = FlowGenerator(testing.fake_registry()).plan(flow)
    heard = events.append if events is not None else lambda event: None
    return RayDispatcher(handles).dispatch(plan, {"portrait": testing.fake_portrait()}, Wanted(), heard)


async def test_a_call_to_an_application_that_leaves_does_not_wait_for_ever() -> None:
    handles = Handles()
    request = asyncio.create_task(dispatched(handles, "hair-editing"))
    await asyncio.sleep(0.1)
    assert not request.done()
    handles.gone.add("hair-editing")
    with pytest.raises(UnknownAlgorithm, match="'hair-editing'") as caught:
        await asyncio.wait_for(request, 5)
    assert caught.value.context["step"] == "hair-editing"


async def test_cancelling_the_request_takes_every_call_back() -> None:
    handles = Handles()
    request = asyncio.create_task(dispatched(handles, "hair-editing", "upscaling"))
    await asyncio.sleep(0.1)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert len(handles.responses) >= 3
    assert all(response.cancelled for response in handles.responses.values())


async def test_the_error_of_the_call_is_the_error_of_the_request_though_taking_it_back_fails_too() -> None:
    handles, events = Handles(**{"hair-editing": Refused()}), []
    with pytest.raises(GenkolError, match="ValueError: no place"):
        await asyncio.wait_for(dispatched(handles, "hair-editing", "upscaling", events=events), 5)
    assert [(event.step, event.state) for event in events] == [("hair-editing", "failed")]
    assert handles.responses["finisher"].cancelled


class Refuses(Response):
    """A call whose result the gate refuses."""

    async def _to_object_ref(self) -> Any:
        raise GateFailed("The spill is 12%.", measured={"spill": 0.12})


class Done(Response):
    """A call that has made its value."""

    async def _to_object_ref(self) -> Any:
        return "a value"

    def __await__(self) -> Any:
        return iter(())


class Everyone:
    """Applications of several algorithms of a service; a key to how its calls end. Each call is remembered."""

    def __init__(self, **ends: type[Response]) -> None:
        self.ends = ends
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.made: list[Response] = []
        self.health = Health()

    def has_replicas(self, key: str, site: str) -> bool:
        return True

    def host(self, key: str, site: str) -> Any:
        everyone = self

        class Handle:
            class _Method:
                @staticmethod
                def remote(*args: Any) -> Response:
                    everyone.calls.append((key, args))
                    everyone.made.append(everyone.ends.get(key.partition("/")[2].replace("-", "_"), Done)())
                    return everyone.made[-1]

            run = finish = _Method

        return Handle

    def finisher(self) -> Any:
        return self.host("finisher", "local")


class Second(testing.Tint):
    """Another makeup that fits the place of the first."""

    name = "second"
    resources = Resources(seconds=5)


def verified(handles: Everyone, *more: str) -> Any:
    registry = Registry([*testing.fake_registry(), Second])
    steps = [{"service": "makeup-transfer", "params": {"look": "rose"}}, *({"service": s} for s in more)]
    flow = Flow.parse({"inputs": {"portrait": Kind.PORTRAIT}, "steps": steps, "verify": True})
    plan = FlowGenerator(registry).plan(flow)
    return RayDispatcher(handles).dispatch(plan, {"portrait": testing.fake_portrait()}, Wanted(), lambda event: None)


@pytest.fixture
def values_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(ref: Any) -> None:
        return

    monkeypatch.setattr(run_module, "ended", at_once)


@pytest.mark.usefixtures("values_are_there")
async def test_a_step_that_the_gate_refuses_is_called_on_the_next_algorithm_and_its_followers_anew() -> None:
    handles = Everyone(tint=Refuses)
    outcome = await asyncio.wait_for(verified(handles, "upscaling"), 5)
    assert outcome.instead == {"makeup-transfer": "makeup-transfer/second"}
    keys = [key for key, _ in handles.calls]
    assert keys == [
        "face-alignment/fake",
        "makeup-transfer/tint",
        "upscaling/double",
        "finisher",
        "makeup-transfer/second",
        "upscaling/double",
        "finisher",
    ]
    second, upscaled = handles.made[4], handles.made[5]
    assert handles.calls[4][1][0].verify
    assert handles.calls[5][1][-1] is second
    assert upscaled in handles.calls[6][1]
    assert handles.made[2].cancelled
    assert handles.made[3].cancelled


@pytest.mark.usefixtures("values_are_there")
async def test_when_the_gate_refuses_every_algorithm_the_request_fails_with_all_reasons() -> None:
    with pytest.raises(GateFailed, match=r"The spill is 12%.*Nor did another algorithm pass") as caught:
        await asyncio.wait_for(verified(Everyone(tint=Refuses, second=Refuses)), 5)
    assert caught.value.context["algorithm"] == "makeup-transfer/tint"
    assert caught.value.context["measured"] == {"spill": 0.12}
