"""What is only there to be read is told as counters that never go back."""

from __future__ import annotations

import threading

import pytest

from genkol.stores.counters import Counters
from genkol.telemetry import Meter, Sampler, of_cache
from genkol.telemetry.metrics import LOSSES
from genkol.telemetry.prometheus import PrometheusMeter
from genkol.telemetry.sampler import CACHE, Growth
from tests.unit.telemetry.conftest import Value


def test_every_counter_of_the_step_cache_has_a_metric() -> None:
    assert CACHE.keys() == Counters().snapshot().keys()
    assert len({metric.name for metric in CACHE.values()}) == len(CACHE)


def test_the_step_caches_counters_are_told_once_each(meter: PrometheusMeter, value: Value) -> None:
    counters = Counters()
    sampler = Sampler(meter, of_cache(counters.snapshot))
    counters.add(hits=2, saved_seconds=1.5)
    sampler.sample()
    sampler.sample()
    counters.add(hits=1)
    sampler.sample()
    assert value("genkol_cache_hits_total") == 3
    assert value("genkol_cache_saved_seconds_total") == 1.5
    assert value("genkol_cache_misses_total") == 0


def test_a_total_that_was_begun_anew_is_added_to_what_was_told(meter: PrometheusMeter, value: Value) -> None:
    growth = Growth()
    for total in (5, 7, 3):
        growth.tell(meter, LOSSES, total, algorithm="a/b", site="aws")
    growth.tell(meter, LOSSES, 4, algorithm="a/b", site="local")
    assert value("genkol_losses_total", algorithm="a/b", site="aws") == 10
    assert value("genkol_losses_total", algorithm="a/b", site="local") == 4


def test_a_source_that_fails_takes_no_other_along_and_comes_again(
    meter: PrometheusMeter, caplog: pytest.LogCaptureFixture
) -> None:
    rounds, enough = [], threading.Event()

    def broken(meter: Meter) -> None:
        raise OSError("gone")

    def sound(meter: Meter) -> None:
        rounds.append(1)
        if len(rounds) == 3:
            enough.set()

    sampler = Sampler(meter, broken, sound, every_s=0.01)
    sampler.start()
    assert enough.wait(10)
    sampler.close()
    assert "a metric could not be read" in caplog.text
