"""What is told of a dispatch whose steps are lost, refused, cached and cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from genkol.algorithm import Resources
from genkol.dispatch import Outcome, StepEvent
from genkol.errors import GateFailed, NoFace, StepFailed
from genkol.finish import Finished
from genkol.flow.flow import Flow
from genkol.flow.plan import Other, Plan
from genkol.telemetry.prometheus import PrometheusMeter
from genkol.telemetry.story import Again, Listener, StepStory
from genkol.telemetry.telemetry import count
from tests.clock import Clock
from tests.unit.flow.planning import generator
from tests.unit.telemetry.conftest import Value

FLOW = {
    "inputs": {"portrait": "portrait", "makeup": "makeup", "scene": "scene"},
    "steps": [{"service": "makeup-transfer"}, {"service": "background"}],
}
MAKEUP, BACK = "makeup-transfer", "background"
FIRST, SECOND = "makeup-transfer/mesh", "makeup-transfer/second"


@pytest.fixture
def clock() -> Clock:
    return Clock(50.0)


@pytest.fixture
def plan() -> Plan:
    """The makeup's algorithm costs 0.5 dollars, and another one, which costs 0.25, stands behind it."""
    made = generator().plan(Flow.parse(FLOW))
    first = replace(
        made.step(MAKEUP), resources=Resources(price_usd=0.5), sites=("aws", "local"),
        others=(Other("second", "7", {}, 0, ("portrait",), Resources(price_usd=0.25)),),
    )  # fmt: skip
    return replace(made, steps=tuple(first if step.id == MAKEUP else step for step in made))


@pytest.fixture
def listener(plan: Plan, clock: Clock) -> Listener:
    return Listener(plan, clock)


def done(listener: Listener, plan: Plan, *but: str) -> None:
    """All steps but these begin and end now."""
    for step in plan:
        if step.id not in but:
            listener.hear(StepEvent(step.id, "started", algorithm=step.key, site=step.site))
            listener.hear(StepEvent(step.id, "done", 1.0, 0.0))


def outcome(**more: object) -> Outcome:
    finished = Finished.__new__(Finished)
    return replace(Outcome(finished, {}), **more)  # type: ignore[arg-type]


def told(listener: Listener, step: str, result: Outcome | None = None, error: BaseException | None = None) -> StepStory:
    return next(s for s in listener.story(result or (None if error else outcome()), error).steps if s.step == step)


def test_the_wait_for_a_replica_counts_from_when_the_values_exist(listener: Listener, plan: Plan, clock: Clock) -> None:
    assert plan.step(BACK).needs
    clock.now = 52.0
    done(listener, plan, BACK)
    clock.now = 52.75
    listener.hear(StepEvent(BACK, "started", algorithm="background/composite", site="local"))
    clock.now = 54.0
    listener.hear(StepEvent(BACK, "done", 1.0, 1.25))
    step = told(listener, BACK, outcome(seconds={BACK: 1.25}))
    assert (step.ready_s, step.taken_s, step.ended_s) == (2.0, 2.75, 4.0)
    assert (step.queue_s, step.seconds, step.outcome) == (0.75, 1.25, "done")


def test_what_waits_and_what_runs_at_this_moment(listener: Listener, plan: Plan) -> None:
    roots = [step for step in plan if not step.needs]
    assert sum(listener.calls().values()) == len(roots)
    done(listener, plan, MAKEUP, BACK)
    assert listener.calls()[FIRST, "aws", "waiting"] == 1
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="local"))
    assert listener.calls()[FIRST, "local", "running"] == 1
    listener.hear(StepEvent(MAKEUP, "done"))
    assert {key for key, _, _ in listener.calls()} <= {"background/composite"}


def test_a_lost_call_is_told_where_it_was_made_anew(listener: Listener, plan: Plan, clock: Clock) -> None:
    done(listener, plan, MAKEUP)
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="aws"))
    clock.now = 51.0
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="local"))
    listener.hear(StepEvent(MAKEUP, "done"))
    step = told(listener, MAKEUP, outcome(sites={MAKEUP: "local"}))
    assert step.again == (Again(FIRST, "local", "lost", 1.0),)
    assert step.site == "local"
    assert step.paid_usd == {(FIRST, "local"): 0.5}


def test_a_call_that_no_replica_took_at_the_first_site_counts_as_lost_too(listener: Listener, plan: Plan) -> None:
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="local"))
    done(listener, plan, MAKEUP)
    assert [again.why for again in told(listener, MAKEUP).again] == ["lost"]


def test_a_value_that_is_made_once_more_after_it_was_there_was_restored(
    listener: Listener, plan: Plan, clock: Clock
) -> None:
    done(listener, plan)
    clock.now = 53.0
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="aws"))
    step = told(listener, MAKEUP)
    assert step.again == (Again(FIRST, "aws", "restored", 3.0),)
    assert step.ended_s == 0.0


def test_a_refused_result_is_paid_for_as_well_as_the_one_that_passed(listener: Listener, plan: Plan) -> None:
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="aws"))
    listener.hear(StepEvent(MAKEUP, "started", algorithm=SECOND, site="local"))
    done(listener, plan, MAKEUP)
    listener.hear(StepEvent(MAKEUP, "done"))
    step = told(listener, MAKEUP, outcome(instead={MAKEUP: SECOND}, sites={MAKEUP: "local"}))
    assert (step.algorithm, step.version) == (SECOND, "7")
    assert [again.why for again in step.again] == ["refused"]
    assert step.paid_usd == {(FIRST, "aws"): 0.5, (SECOND, "local"): 0.25}


def test_what_was_kept_costs_nothing(listener: Listener, plan: Plan, registry: CollectorRegistry, value: Value) -> None:
    for step in plan:
        listener.hear(StepEvent(step.id, "done", 1.0, cached=True))
    count(listener.story(outcome(), None), PrometheusMeter(registry))
    assert value("genkol_steps_total", algorithm=FIRST, site="aws", outcome="cached") == 1
    assert value("genkol_cost_usd_total", algorithm=FIRST, site="aws") is None
    assert value("genkol_step_seconds_count", algorithm=FIRST, site="aws") is None
    assert value("genkol_finish_seconds_count") == value("genkol_flow_estimate_ratio_count") == 0


@pytest.mark.parametrize(
    ("error", "how", "paid"),
    [
        (NoFace("none", step=MAKEUP, algorithm=FIRST, site="aws"), "no-face", {}),
        (StepFailed("lost", step=MAKEUP, algorithm=FIRST, site="aws", lost=True), "step-failed", {}),
        (
            GateFailed("bad", step=MAKEUP, algorithm=FIRST, site="aws"),
            "gate-failed",
            {(FIRST, "aws"): 0.5, (SECOND, "local"): 0.25},
        ),
    ],
)
def test_the_step_that_failed_bears_the_code_and_the_others_were_cancelled(
    listener: Listener, plan: Plan, error: StepFailed, how: str, paid: dict[tuple[str, str], float]
) -> None:
    scene = next(step for step in plan if step.service == "person-parsing")
    done(listener, plan, MAKEUP, BACK, scene.id)
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="aws"))
    listener.hear(StepEvent(scene.id, "started", algorithm=scene.key, site="local"))
    listener.hear(StepEvent(MAKEUP, "failed"))
    listener.hear(StepEvent(scene.id, "failed"))
    story = listener.story(None, error)
    outcomes = {step.step: step.outcome for step in story.steps}
    assert story.outcome == outcomes.pop(MAKEUP) == how
    assert outcomes.pop(scene.id) == "cancelled"
    assert set(outcomes.values()) == {"done"}
    assert BACK not in outcomes  # it was never reached
    assert told(listener, MAKEUP, error=error).paid_usd == paid


def test_a_cancelled_request_is_no_failure(listener: Listener, plan: Plan) -> None:
    listener.hear(StepEvent(MAKEUP, "started", algorithm=FIRST, site="aws"))
    story = listener.story(None, asyncio.CancelledError())
    assert story.outcome == told(listener, MAKEUP, error=asyncio.CancelledError()).outcome == "cancelled"
