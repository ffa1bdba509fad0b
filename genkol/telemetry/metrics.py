"""Every metric there is, and the protocol of who exports them.

Labels hold names of algorithms and sites, routes and codes, which are few; never an id and never what somebody sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

SECONDS = (
    0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0, 120.0,
)  # fmt: skip
"""Buckets of times. Ray's agent rebuilds a histogram's sum from the middles of its buckets: exact sums are counters."""

RATIOS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True)
class Metric:
    """One metric.

    Args:
        name: as exported, with its unit; Ray puts ``ray_`` before it.
        kind: as Prometheus has them.
        help: what it counts.
        labels: names of its labels.
        buckets: upper bounds, of a histogram.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


class Meter(Protocol):
    """Exports metrics. Called from several threads; must not raise for a `Metric` of `ALL` with its labels."""

    def record(self, metric: Metric, value: float, **labels: str) -> None:
        """Add to a counter, set a gauge, or observe in a histogram.

        Args:
            metric: one of `ALL`.
            value: at least 0.
            labels: a value for each of the metric's.
        """
        ...


_PLACE = ("algorithm", "site")

REQUESTS = Metric("genkol_requests_total", "counter", "HTTP requests by how they ended.", ("route", "outcome"))
REQUEST_SECONDS = Metric(
    "genkol_request_seconds", "histogram", "From an HTTP request's head to the end of its answer.", ("route",), SECONDS
)
FLOWS = Metric("genkol_flows_running", "gauge", "Flows that this Engine has running.")
ESTIMATE = Metric(
    "genkol_flow_estimate_ratio", "histogram", "Seconds that a flow took over those its plan said.", (), RATIOS
)
FINISH_SECONDS = Metric(
    "genkol_finish_seconds", "histogram", "From the last step's end to the encoded picture.", (), SECONDS
)
STEPS = Metric("genkol_steps_total", "counter", "Steps by how they ended.", (*_PLACE, "outcome"))
STEP_SECONDS = Metric(
    "genkol_step_seconds", "histogram", "From when a replica takes a step to its value.", _PLACE, SECONDS
)
STEP_WORK = Metric("genkol_step_work_seconds_total", "counter", "The sum of the same, exact.", _PLACE)
STEP_QUEUE = Metric(
    "genkol_step_queue_seconds",
    "histogram",
    "From when a step's values exist to a replica that takes it.",
    _PLACE,
    SECONDS,
)
CALLS = Metric("genkol_calls", "gauge", "Steps that wait for a replica or run, of this Engine.", (*_PLACE, "state"))
RETRIES = Metric("genkol_retries_total", "counter", "Calls made anew: where, and why.", (*_PLACE, "why"))
LOSSES = Metric("genkol_losses_total", "counter", "Requests that lost a call there.", _PLACE)
BREAKER = Metric("genkol_breaker_state", "gauge", "0 closed, 1 half-open, 2 open.", _PLACE)
COST = Metric("genkol_cost_usd_total", "counter", "What paid steps cost by their list price.", _PLACE)
CACHE_HITS = Metric("genkol_cache_hits_total", "counter", "Results that were read from the step cache.")
CACHE_MISSES = Metric("genkol_cache_misses_total", "counter", "Results that had to be made.")
CACHE_WAITS = Metric("genkol_cache_waits_total", "counter", "Hits that somebody else made while one waited.")
CACHE_SAVED = Metric("genkol_cache_saved_seconds_total", "counter", "What making the hits took once.")
CACHE_READ = Metric("genkol_cache_read_bytes_total", "counter", "Bytes of the hits.")
CACHE_WRITTEN = Metric("genkol_cache_written_bytes_total", "counter", "Bytes of what was kept.")
CACHE_EVICTIONS = Metric("genkol_cache_evictions_total", "counter", "Results taken out to make room.")
CACHE_CORRUPT = Metric("genkol_cache_corrupt_total", "counter", "Damaged results that were removed.")
CACHE_NOT_KEPT = Metric("genkol_cache_not_kept_total", "counter", "Results too large, or made faster than written.")
CACHE_FAILURES = Metric("genkol_cache_failures_total", "counter", "Times that the index or the store did not answer.")

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
