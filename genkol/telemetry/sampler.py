"""What is only there to be read: told to a meter every few seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TypeAlias

from genkol.telemetry import metrics as m
from genkol.telemetry.metrics import Meter, Metric

log = logging.getLogger("genkol.telemetry")

Source: TypeAlias = Callable[[Meter], None]
"""Reads something and tells a meter of it; called from one thread."""


class Sampler:
    """Asks sources, in a thread.

    Args:
        meter: is told.
        sources: are asked.
        every_s: between two rounds; Ray forgets gauges after 20 s.
    """

    def __init__(self, meter: Meter, *sources: Source, every_s: float = 5.0) -> None:
        self._meter = meter
        self._sources = sources
        self._every_s = every_s
        self._stop = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep_sampling, name="sampler", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def sample(self) -> None:
        """Ask each source once; one that fails takes no other along."""
        for source in self._sources:
            try:
                source(self._meter)
            except Exception:
                log.exception("a metric could not be read")

    def _keep_sampling(self) -> None:
        while not self._stop.wait(self._every_s):
            self.sample()


class Growth:
    """Tells what has come since the last time to counters that somebody else counts."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, tuple[str, ...]], float] = {}

    def tell(self, meter: Meter, metric: Metric, total: float, **labels: str) -> None:
        """Record the growth of a total since it was last told; what shrank was begun anew."""
        name = (metric.name, tuple(labels.values()))
        before = self._last.get(name, 0.0)
        self._last[name] = total
        if total != before:
            meter.record(metric, total - before if total > before else total, **labels)


CACHE: Mapping[str, Metric] = {
    "hits": m.CACHE_HITS,
    "misses": m.CACHE_MISSES,
    "waits": m.CACHE_WAITS,
    "saved_seconds": m.CACHE_SAVED,
    "bytes_read": m.CACHE_READ,
    "bytes_written": m.CACHE_WRITTEN,
    "evictions": m.CACHE_EVICTIONS,
    "corrupt": m.CACHE_CORRUPT,
    "not_kept": m.CACHE_NOT_KEPT,
    "failures": m.CACHE_FAILURES,
}
"""Counter of the step cache (`genkol.stores.counters`) to metric."""


def of_cache(snapshot: Callable[[], Mapping[str, float]]) -> Source:
    """A source that tells the step cache's counters. Args: snapshot: reads them."""
    growth = Growth()

    def tell(meter: Meter) -> None:
        for name, total in snapshot().items():
            growth.tell(meter, CACHE[name], total)

    return tell
