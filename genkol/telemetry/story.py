"""What happened in one dispatch, heard while it runs and told when it is over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from genkol.dispatch import Outcome, StepEvent
from genkol.errors import GateFailed, GenkolError
from genkol.flow.plan import Plan, PlannedStep

DONE, CACHED, CANCELLED, INTERNAL = "done", "cached", "cancelled", "internal"
"""Outcomes; all others are codes of `genkol.errors`."""


@dataclass(frozen=True)
class Again:
    """A call that was made anew.

    Args:
        algorithm, site: who got it.
        why: the one before was lost, the gates refused its result, or the value that it made was lost later.
        at_s: when it was taken.
    """

    algorithm: str
    site: str
    why: str
    at_s: float


@dataclass(frozen=True)
class StepStory:
    """A step that was reached. Times are seconds since its flow began.

    Args:
        step: its id.
        algorithm: ``service/name`` that did it, or was at it last.
        version: of that algorithm.
        site: where.
        outcome: `DONE`, `CACHED`, `CANCELLED` or the code of its error.
        ready_s: when its values existed.
        taken_s: when a replica took it first; None when none did.
        ended_s: when its value existed, or it failed.
        seconds: of the call that made its value.
        again: the calls made anew.
        paid_usd: ``service/name`` and site to the list price of what ran there.
    """

    step: str
    algorithm: str
    version: str
    site: str
    outcome: str
    ready_s: float
    taken_s: float | None
    ended_s: float
    seconds: float = 0.0
    again: tuple[Again, ...] = ()
    paid_usd: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def queue_s(self) -> float:
        """How long it waited for a replica."""
        return max(0.0, (self.ended_s if self.taken_s is None else self.taken_s) - self.ready_s)


@dataclass(frozen=True)
class Story:
    """One dispatch.

    Args:
        began_ns: time of day, nanoseconds since 1970.
        seconds: that it took.
        outcome: `DONE`, `CANCELLED` or the code of its error.
        estimated_s: what the plan said it would take.
        steps: those that were reached, in the plan's order.
    """

    began_ns: int
    seconds: float
    outcome: str
    estimated_s: float
    steps: tuple[StepStory, ...]

    @property
    def steps_end_s(self) -> float:
        """When the last step ended; then the picture was finished."""
        return max((step.ended_s for step in self.steps), default=0.0)


@dataclass
class _Heard:
    """Of one step, while it lasts."""

    taken: list[tuple[str, str, float]] = field(default_factory=list)
    ended_s: float | None = None
    outcome: str = CANCELLED


class Listener:
    """Hears the events of one dispatch.

    Args:
        plan: that is run.
        clock: seconds, monotonic.
    """

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.perf_counter) -> None:
        self._plan = plan
        self._clock = clock
        self._began, self._began_ns = clock(), time.time_ns()
        self._heard = {step.id: _Heard() for step in plan}

    def hear(self, event: StepEvent) -> None:
        """Note an event of a step."""
        heard = self._heard[event.step]
        if event.state == "started":
            step = self._plan.step(event.step)
            heard.taken.append((event.algorithm or step.key, event.site or step.site, self._now()))
        elif event.state in ("done", "failed") and heard.ended_s is None:
            heard.ended_s = self._now()
            if event.state == "done":
                heard.outcome = CACHED if event.cached else DONE

    def calls(self) -> Counter[tuple[str, str, str]]:
        """How many steps wait or run at this moment, by algorithm, site and state."""
        found: Counter[tuple[str, str, str]] = Counter()
        for step in self._plan:
            heard = self._heard[step.id]
            if heard.ended_s is not None:
                continue
            if heard.taken:
                found[(*heard.taken[-1][:2], "running")] += 1
            elif self._ready_s(step) is not None:
                found[(step.key, step.site, "waiting")] += 1
        return found

    def story(self, outcome: Outcome | None, error: BaseException | None) -> Story:
        """Tell it all, when it is over. Args: outcome: None when there was an error."""
        seconds = self._now()
        steps = [found for step in self._plan for found in self._told(step, outcome, error, seconds)]
        return Story(self._began_ns, seconds, outcome_of(error), self._plan.seconds, tuple(steps))

    def _now(self) -> float:
        return self._clock() - self._began

    def _ready_s(self, step: PlannedStep) -> float | None:
        """When the step's values existed; None when some do not yet."""
        needs = [self._heard[need] for need in step.needs]
        ends = [need.ended_s for need in needs if need.ended_s is not None and need.outcome != CANCELLED]
        return max(ends, default=0.0) if len(ends) == len(needs) else None

    def _told(
        self, step: PlannedStep, outcome: Outcome | None, error: BaseException | None, over_s: float
    ) -> Iterator[StepStory]:
        """The story of a step, if it was reached."""
        heard, ready_s = self._heard[step.id], self._ready_s(step)
        if ready_s is None and heard.ended_s is None and not heard.taken:
            return
        ended_s = over_s if heard.ended_s is None else heard.ended_s
        guilty = error if isinstance(error, GenkolError) and error.context.get("step") == step.id else None
        how = guilty.code if guilty else heard.outcome
        key, site = _where(step, heard, outcome, guilty)
        first_s, last_s = (heard.taken[0][2], heard.taken[-1][2]) if heard.taken else (ended_s, ended_s)
        yield StepStory(
            step=step.id,
            algorithm=key,
            version=next((choice.version for choice in step.choices if choice.key == key), step.version),
            site=site,
            outcome=how,
            ready_s=min(first_s if ready_s is None else ready_s, ended_s),
            taken_s=first_s if heard.taken else None,
            ended_s=ended_s,
            seconds=outcome.seconds.get(step.id, 0.0) if outcome else max(0.0, ended_s - last_s),
            again=tuple(_again(step, heard)),
            paid_usd=_paid(step, key, site, how),
        )


def outcome_of(error: BaseException | None) -> str:
    """`DONE` without an error, its code, `CANCELLED` for a task that was cancelled, `INTERNAL` for what has no code."""
    if error is None:
        return DONE
    if isinstance(error, GenkolError):
        return error.code
    return INTERNAL if isinstance(error, Exception) else CANCELLED


def _where(step: PlannedStep, heard: _Heard, outcome: Outcome | None, guilty: GenkolError | None) -> tuple[str, str]:
    """Who did the step, or was at it last, and where."""
    key, site, _ = heard.taken[-1] if heard.taken else (step.key, step.site, 0.0)
    if outcome:
        return outcome.instead.get(step.id, step.key), outcome.sites.get(step.id, site)
    if guilty:
        return str(guilty.context.get("algorithm", key)), str(guilty.context.get("site", site))
    return key, site


def _again(step: PlannedStep, heard: _Heard) -> Iterator[Again]:
    """The calls of a step that were not the first."""
    before = (step.key, step.site)
    for number, (key, site, at_s) in enumerate(heard.taken):
        if heard.ended_s is not None and at_s > heard.ended_s:
            yield Again(key, site, "restored", at_s)
        elif number or (key, site) != before:
            yield Again(key, site, "lost" if key == before[0] else "refused", at_s)
        before = (key, site)


def _paid(step: PlannedStep, key: str, site: str, how: str) -> Mapping[tuple[str, str], float]:
    """What a step cost: the one who did it, and those before him whose results the gates refused.

    A paid call that was lost on the way is left out: nobody knows whether it was carried out.
    """
    if how not in (DONE, GateFailed.code):
        return {}
    paid: dict[tuple[str, str], float] = {}
    for choice in step.choices:
        last = how == DONE and choice.key == key
        if choice.resources.price_usd:
            paid[(choice.key, site if last else choice.site)] = choice.resources.price_usd
        if last:
            break
    return paid
