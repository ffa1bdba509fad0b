"""What the steps of plans take, learned from those that ran: seconds and bytes by algorithm, site and megapixels."""

from __future__ import annotations

import statistics
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from genkol.flow.arrangement import FINISH
from genkol.flow.placement import LOCAL, Placeable
from genkol.flow.plan import Plan, PlannedStep

PLAN = "plan"
"""Where an algorithm's name is due: the plan as a whole."""

Numbers = np.ndarray[Any, np.dtype[np.float64]]

WINDOW = 32
"""Runs that are remembered of each place."""
KEPT = 0.9
"""Weight of a run beside the one after it."""
PRIOR_AT = ((0.25, 0.1), (4.0, 0.1))
"""Megapixels at which the declared needs count as if they had been seen, and how much beside the newest run."""
COMPOSING_S = 0.1
"""Composing and encoding one megapixel; see benchmarks/RESULTS.md."""
BYTES_PER_PIXEL = 4.0
"""Of a value about which nothing is known: a layer's paint and opacity."""
BYTES_PER_INPUT_PIXEL = 3.0


@dataclass(frozen=True)
class Line:
    """at 0 megapixels, and how much more for each; neither is below 0."""

    start: float
    slope: float

    def at(self, megapixels: float) -> float:
        return self.start + self.slope * megapixels

    @classmethod
    def declared(cls, value: float) -> Line:
        """Half of what is declared for one megapixel is the same for every size."""
        return cls(value / 2, value / 2)


def fitted(seen: Sequence[tuple[float, float]], declared: float) -> Line:
    """Return the line of least absolute deviations, newer runs weighing more: no single outlier bends it.

    What is declared says how the time grows with the size, as long as the runs do not: it counts a little, at the level
    of what was seen. The best such line goes through two of the points, or through one where it may not fall or start
    below 0; hence all of them are tried.

    Args:
        seen: (megapixels, value), oldest first.
        declared: the value at one megapixel, above 0.
    """
    prior = Line.declared(declared)
    if not seen:
        return prior
    age = np.arange(len(seen))[::-1]
    weights: Numbers = KEPT ** age.astype(float)
    x, y = np.array(seen, float).T
    level = _median(y / (prior.start + prior.slope * x), weights)
    x = np.append(x, [at for at, _ in PRIOR_AT])
    y = np.append(y, [level * prior.at(at) for at, _ in PRIOR_AT])
    weights = np.append(weights, [weight for _, weight in PRIOR_AT]) / (prior.start + prior.slope * x)
    start, slope = _candidates(x, y)
    off = np.abs(start[:, None] + slope[:, None] * x - y) @ weights
    best = int(np.argmin(off))
    return Line(float(start[best]), float(slope[best]))


def _candidates(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Starts and slopes of the lines through two points, of the level ones, and of those through the origin."""
    i, j = np.triu_indices(len(x), 1)
    apart = np.abs(x[i] - x[j]) > 1e-9
    i, j = i[apart], j[apart]
    slope = np.concatenate([(y[j] - y[i]) / (x[j] - x[i]), np.zeros(len(x)), y / np.maximum(x, 1e-9)])
    start = np.concatenate([y[i] - (y[j] - y[i]) / (x[j] - x[i]) * x[i], y, np.zeros(len(x))])
    allowed = (slope >= 0) & (start >= 0)
    return start[allowed], slope[allowed]


def _median(values: Numbers, weights: Numbers) -> float:
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(values[order][half])


class Lines:
    """For each algorithm at each site the line through what was seen there."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[tuple[float, float]]] = {}
        self._lines: dict[tuple[str, str], Line] = {}

    def learn(self, work: str, site: str, megapixels: float, value: float) -> None:
        """Remember what a run took. The first of a place is left out: it loads what the later ones find."""
        if (work, site) not in self._seen:
            self._seen[work, site] = deque(maxlen=WINDOW)
            return
        self._seen[work, site].append((megapixels, value))
        self._lines.pop((work, site), None)

    def at(self, work: str, site: str, megapixels: float, declared: float) -> float | None:
        """What a run is expected to take; None where none was seen."""
        if not self._seen.get((work, site)):
            return None
        if (work, site) not in self._lines:
            self._lines[work, site] = fitted(self._seen[work, site], max(declared, 1e-6))
        return self._lines[work, site].at(megapixels)


class Estimates:
    """What an Engine learns from the plans that it had run, and how far its estimates were off."""

    def __init__(self) -> None:
        self._seconds, self._bytes = Lines(), Lines()
        self._errors: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def forecast(self, plan: Plan, megapixels: Mapping[str, float], bytes_per_s: float) -> Forecast:
        """What is expected of a plan's steps.

        Args:
            plan: not placed yet.
            megapixels: of the inputs that are pictures.
            bytes_per_s: that travel from one site to another.
        """
        return Forecast(self, {step.id: step for step in plan}, megapixels, bytes_per_s)

    def learn(self, plan: Plan, forecast: Forecast, ran: Ran) -> None:
        """Learn from a plan that ran. What was found in a cache, or done by another algorithm than planned, tells
        nothing of the one that was.
        """
        as_planned = [s for s in plan if s.id in ran.seconds and s.id not in ran.cached and s.id not in ran.instead]
        with self._lock:
            for step in as_planned:
                site, size = ran.sites.get(step.id, step.site), forecast.megapixels(step)
                if site == step.site:
                    self._off(step.key, step.resources.seconds, ran.seconds[step.id])
                self._seconds.learn(work_of(step), site, size, ran.seconds[step.id])
                if step.id in ran.bytes:
                    self._bytes.learn(work_of(step), site, size, ran.bytes[step.id])
            if len(as_planned) == len(plan.steps) and plan.timetable:
                self._off(PLAN, plan.seconds, ran.total_seconds)
                done = plan.timetable.with_seconds({**ran.seconds, FINISH: 0.0}).seconds
                self._seconds.learn(FINISH, LOCAL, forecast.largest, max(0.0, ran.total_seconds - done))

    def errors(self) -> dict[str, float]:
        """Median error of the last estimates as a share of the time, by algorithm; that of whole plans is `plan`'s."""
        with self._lock:
            return {key: statistics.median(errors) for key, errors in self._errors.items()}

    def _off(self, key: str, estimate: float, seconds: float) -> None:
        off = abs(estimate - seconds) / max(seconds, 1e-3)
        self._errors.setdefault(key, deque(maxlen=WINDOW)).append(off)

    def seconds(self, work: str, site: str, megapixels: float, declared: float) -> float | None:
        """What a run takes; None where none was seen."""
        with self._lock:
            return self._seconds.at(work, site, megapixels, declared)

    def bytes(self, work: str, site: str, megapixels: float) -> float:
        """The size of what it makes."""
        usual = BYTES_PER_PIXEL * 1e6
        with self._lock:
            known = self._bytes.at(work, site, megapixels, usual)
        return usual * megapixels if known is None else known


class Ran(Protocol):
    """What running a plan gave; `genkol.dispatch.Outcome` is one."""

    @property
    def seconds(self) -> Mapping[str, float]: ...
    @property
    def total_seconds(self) -> float: ...
    @property
    def sites(self) -> Mapping[str, str]: ...
    @property
    def bytes(self) -> Mapping[str, int]: ...
    @property
    def cached(self) -> frozenset[str]: ...
    @property
    def instead(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Forecast:
    """What is expected of the steps of one plan; see `Estimates.forecast`."""

    estimates: Estimates
    steps: Mapping[str, PlannedStep]
    sizes: Mapping[str, float]
    bytes_per_s: float

    @property
    def largest(self) -> float:
        """Megapixels of the largest input; 1 when there is none."""
        return max(self.sizes.values(), default=1.0)

    def megapixels(self, step: Placeable) -> float:
        """Of the largest input that a step takes; one that takes none works at the size of the largest there is."""
        taken = [self.sizes[wire.source] for wire in self.steps[step.id].wires.values() if wire.source in self.sizes]
        return max(taken, default=self.largest)

    def seconds(self, step: Placeable, site: str) -> float | None:
        """How long a run takes at a site; None where none was seen."""
        return self.estimates.seconds(work_of(step), site, self.megapixels(step), step.resources.seconds)

    def travel_s(self, source: str, here: str, there: str) -> float:
        """How long an input, or what a step makes, is on its way."""
        return 0.0 if here == there else self._bytes(source, here) / self.bytes_per_s

    def _bytes(self, source: str, site: str) -> float:
        if source in self.steps:
            step = self.steps[source]
            return self.estimates.bytes(work_of(step), site, self.megapixels(step))
        return self.sizes.get(source, 0.0) * 1e6 * BYTES_PER_INPUT_PIXEL

    @property
    def rest_s(self) -> float:
        """Seconds of a plan that are none of its steps'."""
        learned = self.estimates.seconds(FINISH, LOCAL, self.largest, COMPOSING_S)
        return Line.declared(COMPOSING_S).at(self.largest) if learned is None else learned

    @property
    def error(self) -> float | None:
        """How far the estimates of the last plans were off; see `Estimates.errors`."""
        return self.estimates.errors().get(PLAN)


def work_of(step: Placeable) -> str:
    """Return what is learned together: with a gate behind it an algorithm takes another time."""
    return f"{step.key}+gate" if step.verify else step.key
