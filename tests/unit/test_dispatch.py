"""Steps run in threads of this process, in parallel where the plan allows, and fail by name."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkol.algorithm import Algorithm, Step
from genkol.artifacts import Image, Kind, Value
from genkol.dispatch import InProcess, Outcome, StepEvent
from genkol.errors import Cancelled, GenkolError, NoFace, StepFailed
from genkol.finish import Wanted
from genkol.flow.flow import Flow, implied_flow
from genkol.flow.plan import Plan
from genkol.perform import Call, perform
from genkol.pictures import read_image
from genkol.registry import Registry
from genkol.services import BACKGROUND, MAKEUP_TRANSFER, SCENE, Aspect
from tests.unit.flow.planning import INPUTS, algorithm, generator, mark, usual

PORTRAIT = Image(np.full((64, 80, 3), 128, np.uint8))
VALUES: dict[str, Value] = {"portrait": PORTRAIT, "makeup": PORTRAIT, "garment": PORTRAIT, "scene": PORTRAIT}


class NoWeights:
    """For algorithms without weights."""

    def weights(self, name: str) -> Path:
        raise AssertionError(name)


def dispatch(
    registry: Registry, plan: Plan, events: list[StepEvent] | None = None, wanted: Wanted | None = None
) -> Outcome:
    dispatcher = InProcess(registry, NoWeights())
    heard = [] if events is None else events
    try:
        values = {name: VALUES[name] for name in plan.inputs}
        return asyncio.run(dispatcher.dispatch(plan, values, wanted or Wanted(), heard.append))
    finally:
        dispatcher.close()


def two_painters(one: Any, other: Any) -> tuple[Registry, Plan]:
    registry = Registry(
        [
            algorithm(MAKEUP_TRANSFER, "portrait", (), {Aspect.FACE}, work=one),
            algorithm(BACKGROUND, "portrait", (), {Aspect.BACKGROUND}, work=other),
        ]
    )
    steps = [{"service": "makeup-transfer"}, {"service": "background"}]
    return registry, generator(registry).plan(Flow.parse({"inputs": {"portrait": "portrait"}, "steps": steps}))


def test_a_whole_flow_runs_and_tells_of_each_step() -> None:
    registry, events = usual(), list[StepEvent]()
    plan = generator(registry).plan(implied_flow(INPUTS, params={"upscaling": {}}))
    outcome = dispatch(registry, plan, events, Wanted(swatches=True, layers=True))
    assert read_image(outcome.finished.picture).size == PORTRAIT.size
    assert set(outcome.seconds) == {step.id for step in plan}
    assert [layer.step for layer in outcome.finished.layers] == list(plan.layers)
    assert all(layer.swatch.startswith(b"\x89PNG") and layer.changed for layer in outcome.finished.layers)
    assert outcome.finished.ora.startswith(b"PK")
    assert {e.step for e in events if e.state == "done"} == {step.id for step in plan}


def test_the_same_seed_gives_the_same_file() -> None:
    registry = usual()
    plan = generator(registry).plan(implied_flow(INPUTS, seed=5))
    assert dispatch(registry, plan).finished.picture == dispatch(registry, plan).finished.picture


def test_independent_steps_run_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=20)

    def paint(self: Algorithm, arguments: dict[str, Any]) -> Any:
        meet.wait()  # breaks unless both steps are running
        return mark(self, arguments)

    registry, plan = two_painters(paint, paint)
    assert len(dispatch(registry, plan).finished.layers) == 2


def test_a_failed_step_is_named_and_its_siblings_are_cancelled() -> None:
    cancelled, running = threading.Event(), threading.Event()

    def fail(self: Algorithm, arguments: dict[str, Any]) -> Any:
        running.wait(20)
        raise NoFace("There is no face.", field="portrait")

    def long(self: Algorithm, arguments: dict[str, Any]) -> Any:
        running.set()
        step: Step = arguments["step"]
        try:
            for _ in range(2000):
                step.progress(0.1)
                threading.Event().wait(0.01)
        except Cancelled:
            cancelled.set()
            raise
        return mark(self, arguments)

    registry, plan = two_painters(fail, long)
    events: list[StepEvent] = []
    with pytest.raises(NoFace, match="There is no face") as caught:
        dispatch(registry, plan, events)
    assert caught.value.context == {
        "field": "portrait",
        "step": "makeup-transfer",
        "algorithm": "makeup-transfer/fake",
        "site": "local",
    }
    assert cancelled.wait(20)
    assert ("makeup-transfer", "failed") in [(e.step, e.state) for e in events]


def test_cancelling_the_task_reaches_a_running_step() -> None:
    started, stopped = threading.Event(), threading.Event()

    def long(self: Algorithm, arguments: dict[str, Any]) -> Any:
        started.set()
        try:
            while True:
                arguments["step"].progress(0)
                threading.Event().wait(0.01)
        finally:
            stopped.set()

    registry, plan = two_painters(long, mark)

    async def cancel_it() -> None:
        dispatcher = InProcess(registry, NoWeights())
        task = asyncio.create_task(dispatcher.dispatch(plan, {"portrait": PORTRAIT}, Wanted(), lambda event: None))
        await asyncio.to_thread(started.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(stopped.wait, 20)
        dispatcher.close()

    asyncio.run(cancel_it())


def test_an_algorithm_is_set_up_once() -> None:
    made: list[object] = []
    scene = algorithm(SCENE, "", work=lambda self, a: PORTRAIT, setup=lambda self, setup: made.append(self))
    registry = Registry([scene, algorithm(BACKGROUND, "portrait, scene", (), {Aspect.BACKGROUND}, work=mark)])
    plan = generator(registry).plan(implied_flow({"portrait": Kind.PORTRAIT}, params={"scene": {}}))
    dispatcher = InProcess(registry, NoWeights())
    for _ in range(2):
        asyncio.run(dispatcher.dispatch(plan, {"portrait": PORTRAIT}, Wanted(), lambda event: None))
    dispatcher.close()
    assert len(made) == 1


def call(work: Any) -> Value:
    painter = algorithm(MAKEUP_TRANSFER, "portrait", (), {Aspect.FACE}, work=work)
    return perform(
        painter(), Call("m", painter.key(), {}, 0, ("portrait",), "portrait", (), "aws"), [PORTRAIT], Step("m")
    )


def test_an_algorithms_own_failure_becomes_a_step_failure_that_names_it() -> None:
    def broken(self: Algorithm, arguments: dict[str, Any]) -> Any:
        return 1 / 0

    with pytest.raises(StepFailed) as caught:
        call(broken)
    assert str(caught.value) == (
        "The step 'm' (makeup-transfer/fake on aws) failed: ZeroDivisionError: division by zero"
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_value_of_another_kind_is_refused() -> None:
    with pytest.raises(StepFailed, match="returned a Image where a Layer is due"):
        call(lambda self, arguments: PORTRAIT)


def test_the_canvas_holds_the_layers_that_the_step_sees() -> None:
    layer = call(mark)
    seen: list[Image] = []
    painter = algorithm(
        MAKEUP_TRANSFER, "portrait", (), {Aspect.FACE}, work=lambda s, a: seen.append(a["portrait"]) or layer
    )
    described = Call("m", painter.key(), {}, 0, ("portrait",), "portrait", (0.0,))
    perform(painter(), described, [PORTRAIT, layer], Step("m"))
    assert seen[0].digest == PORTRAIT.digest
    perform(painter(), Call("m", painter.key(), {}, 0, ("portrait",), "portrait", (1.0,)), [PORTRAIT, layer], Step("m"))
    assert seen[1].digest != PORTRAIT.digest


def test_a_cancelled_step_stops_at_its_next_progress_and_progress_never_goes_back() -> None:
    heard: list[float] = []
    step = Step("s", on_progress=lambda fraction, preview: heard.append(fraction))
    for fraction in (0.2, 0.1, 3.0):
        step.progress(fraction)
    assert heard == [0.2, 0.2, 1.0]
    with pytest.raises(GenkolError, match="was cancelled"):
        Step("s", is_cancelled=lambda: True).progress(0.5)
