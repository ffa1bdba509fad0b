"""What a replica tells of its places and of its step cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from deployments.health import FIRST_PAUSE_S, LOSSES, Health
from deployments.metrics import keep_telling, of_health
from deployments.names import Place
from deployments.stored import replicas_cache
from genkol.settings import settings
from genkol.telemetry.prometheus import PrometheusMeter
from genkol.testing import fake_portrait
from tests.clock import Clock

HERE, THERE = Place("background/composite", "local"), Place("background/composite", "aws")


def test_breakers_and_losses_are_told_by_algorithm_and_site() -> None:
    clock, registry = Clock(), CollectorRegistry()
    health, meter = Health(clock), PrometheusMeter(registry)
    tell = of_health(health)

    def told(name: str, place: Place) -> float | None:
        tell(meter)
        return registry.get_sample_value(name, {"algorithm": place.key, "site": place.site})

    def call(place: Place, lost: bool) -> None:
        health.began(place)
        health.lost(place) if lost else health.done(place, 1.0)

    call(HERE, lost=False)
    for _ in range(LOSSES):
        assert told("genkol_breaker_state", THERE) in (None, 0)
        call(THERE, lost=True)
    assert told("genkol_breaker_state", THERE) == 2
    assert told("genkol_breaker_state", HERE) == 0
    clock.now += FIRST_PAUSE_S
    assert told("genkol_breaker_state", THERE) == 1
    call(THERE, lost=False)
    assert told("genkol_breaker_state", THERE) == 0
    call(THERE, lost=True)
    assert told("genkol_losses_total", THERE) == LOSSES + 1
    assert told("genkol_losses_total", HERE) is None


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has a step cache, as a replica has one where the operator says so."""
    monkeypatch.setenv("GENKOL_CACHE_URL", f"sqlite:///{tmp_path / 'cache.db'}")
    settings.cache_clear()
    replicas_cache.cache_clear()
    yield
    if cache := replicas_cache():
        cache.close()
    monkeypatch.undo()
    settings.cache_clear()
    replicas_cache.cache_clear()


def test_a_replica_tells_what_its_step_cache_counts(cached: None) -> None:
    registry, cache = CollectorRegistry(), replicas_cache()
    assert cache is not None
    sampler = keep_telling(PrometheusMeter(registry), every_s=0.05)
    assert cache.put("a" * 64, fake_portrait(), 1.5, "background/composite")
    assert cache.get("a" * 64)
    end = time.monotonic() + 10
    while registry.get_sample_value("genkol_cache_hits_total") != 1:
        assert time.monotonic() < end
        time.sleep(0.02)
    sampler.close()
    assert registry.get_sample_value("genkol_cache_saved_seconds_total") == 1.5
    assert registry.get_sample_value("genkol_cache_written_bytes_total") > 0  # type: ignore[operator]
