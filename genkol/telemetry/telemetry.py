"""Who is told of dispatches, and the dispatcher that tells them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from genkol.artifacts import Value
from genkol.dispatch import Dispatcher, OnEvent, Outcome, StepEvent
from genkol.finish import Wanted
from genkol.flow.plan import Plan
from genkol.telemetry import metrics as m
from genkol.telemetry.metrics import Meter
from genkol.telemetry.story import CACHED, CANCELLED, DONE, Listener, StepStory, Story
from genkol.telemetry.tracing import Tracing

log = logging.getLogger("genkol.steps")


@dataclass(frozen=True)
class Telemetry:
    """Where things are told; what is None is told to nobody.

    Args:
        meter: exports metrics.
        tracing: exports spans.
    """

    meter: Meter | None = None
    tracing: Tracing | None = None

    def tell(self, story: Story) -> None:
        """Tell what happened in a dispatch. Nothing that fails here is the request's failure."""
        try:
            for step in story.steps:
                _log(step)
            if self.meter:
                count(story, self.meter)
            if self.tracing:
                self.tracing.tell(story)
        except Exception:
            log.exception("a request could not be told of")


SILENT = Telemetry()


class Watched:
    """Keeps `genkol.dispatch.Dispatcher` by another one, and tells of what that does.

    Args:
        dispatcher: does the work.
        telemetry: is told.
    """

    def __init__(self, dispatcher: Dispatcher, telemetry: Telemetry) -> None:
        self._dispatcher = dispatcher
        self._telemetry = telemetry
        self._running: set[Listener] = set()
        self._told: set[tuple[str, str, str]] = set()

    async def dispatch(
        self,
        plan: Plan,
        inputs: Mapping[str, Value],
        wanted: Wanted,
        on_event: OnEvent,
        *,
        progress: bool = False,
    ) -> Outcome:
        listener = Listener(plan)

        def hear(event: StepEvent) -> None:
            listener.hear(event)
            on_event(event)

        self._running.add(listener)
        outcome, failure = None, None
        try:
            outcome = await self._dispatcher.dispatch(plan, inputs, wanted, hear, progress=progress)
        except BaseException as error:
            failure = error
            raise
        else:
            return outcome
        finally:
            self._running.discard(listener)
            self._telemetry.tell(listener.story(outcome, failure))

    def sample(self, meter: Meter) -> None:
        """Tell how much runs and waits at this moment. Call it from one thread."""
        running = tuple(self._running)
        calls = sum((listener.calls() for listener in running), Counter[tuple[str, str, str]]())
        meter.record(m.FLOWS, len(running))
        self._told.update(calls)
        for algorithm, site, state in self._told:  # what was there once is 0 now, and not gone
            meter.record(m.CALLS, calls[algorithm, site, state], algorithm=algorithm, site=site, state=state)


def count(story: Story, meter: Meter) -> None:
    """Record a dispatch."""
    for step in story.steps:
        _count_step(step, meter)
    if story.outcome != DONE:
        return
    made = any(step.outcome == DONE for step in story.steps)
    if made:
        meter.record(m.FINISH_SECONDS, story.seconds - story.steps_end_s)
    if made and story.estimated_s > 0 and all(step.outcome == DONE for step in story.steps):
        meter.record(m.ESTIMATE, story.seconds / story.estimated_s)


def _count_step(step: StepStory, meter: Meter) -> None:
    place = {"algorithm": step.algorithm, "site": step.site}
    meter.record(m.STEPS, 1, **place, outcome=step.outcome)
    if step.outcome not in (CACHED, CANCELLED):
        meter.record(m.STEP_QUEUE, step.queue_s, **place)
    if step.outcome == DONE:
        meter.record(m.STEP_SECONDS, step.seconds, **place)
        meter.record(m.STEP_WORK, step.seconds, **place)
    for again in step.again:
        meter.record(m.RETRIES, 1, algorithm=again.algorithm, site=again.site, why=again.why)
    for (algorithm, site), price_usd in step.paid_usd.items():
        meter.record(m.COST, price_usd, algorithm=algorithm, site=site)


def _log(step: StepStory) -> None:
    facts = {
        "step": step.step,
        "algorithm": step.algorithm,
        "version": step.version,
        "site": step.site,
        "outcome": step.outcome,
        "seconds": round(step.seconds, 4),
        "queue_seconds": round(step.queue_s, 4),
        "retries": len(step.again),
    }
    log.info("%s at %s: %s in %.3f s", step.algorithm, step.site, step.outcome, step.seconds, extra=facts)
