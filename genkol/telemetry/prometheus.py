"""Metrics in this process, for who runs an Engine without Ray and serves `/metrics` himself."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from genkol.telemetry.metrics import ALL, Metric


class PrometheusMeter:
    """Keeps `genkol.telemetry.Meter` by prometheus_client.

    Args:
        registry: what a scrape reads; see `prometheus_client.generate_latest`.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._made = {metric.name: _made(metric, registry) for metric in ALL}

    def record(self, metric: Metric, value: float, **labels: str) -> None:
        made = self._made[metric.name]
        one = made.labels(**labels) if labels else made
        getattr(one, _VERB[metric.kind])(value)


_VERB = {"counter": "inc", "gauge": "set", "histogram": "observe"}


def _made(metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(metric.name, metric.help, metric.labels, registry=registry)
