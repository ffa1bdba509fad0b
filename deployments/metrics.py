"""Metrics through Ray: every node's agent serves what its replicas record, and Prometheus scrapes the nodes.

A route of the Engine's would give each scrape another of its replicas, and would know nothing of the hosts.
"""

from __future__ import annotations

from typing import Any

from ray.serve.metrics import Counter, Gauge, Histogram

from deployments.health import Health
from deployments.stored import replicas_cache
from genkol.telemetry import ALL, Meter, Metric, Sampler, of_cache
from genkol.telemetry.metrics import BREAKER, LOSSES
from genkol.telemetry.sampler import Growth, Source


class RayMeter:
    """Keeps `genkol.telemetry.Meter` in a replica. Serve adds the labels application, deployment and replica."""

    def __init__(self) -> None:
        self._made = {metric.name: _made(metric) for metric in ALL}

    def record(self, metric: Metric, value: float, **labels: str) -> None:
        made = self._made[metric.name]
        if metric.kind == "histogram":
            made.observe(value, labels)
        elif metric.kind == "gauge":
            made.set(value, labels)
        elif value > 0:  # Ray refuses to add nothing
            made.inc(value, labels)


def _made(metric: Metric) -> Any:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, boundaries=list(metric.buckets), tag_keys=metric.labels)
    return {"counter": Counter, "gauge": Gauge}[metric.kind](metric.name, metric.help, tag_keys=metric.labels)


def keep_telling(meter: Meter | None = None, *sources: Source, every_s: float = 5.0) -> Sampler:
    """Tell for as long as this replica lives what its step cache counts, and what the sources know.

    Args:
        meter: is told; one of its own when left out.
        sources: what there is to tell beside the step cache's counters.
        every_s: between two rounds.
    """
    cache = replicas_cache()
    told = [*sources, *([of_cache(cache.counters.snapshot)] if cache else [])]
    sampler = Sampler(meter or RayMeter(), *told, every_s=every_s)
    if told:
        sampler.start()
    return sampler


def of_health(health: Health) -> Source:
    """A source that tells of the breakers and losses of places."""
    growth = Growth()

    def tell(meter: Meter) -> None:
        for place, seen in health.seen().items():
            labels = {"algorithm": place.key, "site": place.site}
            meter.record(BREAKER, ("closed", "half-open", "open").index(seen.breaker), **labels)
            growth.tell(meter, LOSSES, seen.losses, **labels)

    return tell
