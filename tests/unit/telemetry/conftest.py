"""An Engine of fakes whose dispatcher is watched, and a registry as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from genkol.telemetry.prometheus import PrometheusMeter

Value = Callable[..., float | None]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def meter(registry: CollectorRegistry) -> PrometheusMeter:
    return PrometheusMeter(registry)


@pytest.fixture
def value(registry: CollectorRegistry) -> Value:
    """The value of a sample by name and labels; None when it was never told."""

    def read(name: str, **labels: Any) -> float | None:
        return registry.get_sample_value(name, labels)

    return read
