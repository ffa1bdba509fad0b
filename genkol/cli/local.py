"""Flows that run in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from genkol.artifacts import Value
from genkol.cli.asked import Asked, read_values
from genkol.cli.outputs import Produced
from genkol.cli.progress import steps_of
from genkol.engine import Engine
from genkol.errors import FlowErrors
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.plan import Plan
from genkol.settings import settings
from genkol.stores.steps import StepCache, open_cache
from genkol.weights import default_folder


def plan(asked: Asked) -> Plan:
    """Return the plan; its steps have names when files were given.

    Raises:
        FlowErrors: all that is wrong, with the flow and with the files.
    """
    engine = Engine.in_process()
    if not asked.given:
        return engine.plan_document(asked.document)
    return _understood(engine, asked).plan


def run(asked: Asked, wanted: Wanted, quiet: bool) -> Produced:
    """Make the picture; weights that are not here are fetched first.

    Raises:
        FlowErrors: all that is wrong, with the flow and with the files.
        GenkolError: a step failed, or its weights are not to be had.
    """
    with _cache() as cache:
        engine = Engine.in_process(keeper=cache)
        wish = _understood(engine, asked)
        # Here rather than on first use: two displays of progress at once would draw over each other.
        algorithms = [engine.registry.algorithm(step.service, step.algorithm) for step in wish.plan]
        default_folder().ensure_all(dict.fromkeys(name for algorithm in algorithms for name in algorithm.weights))
        with steps_of(wish.plan, quiet) as on_event:
            result = engine.run(wish.flow, wish.values, wanted, on_event)
    return Produced(result.picture, result.outcome.finished.ora, result.report())


@contextmanager
def _cache() -> Iterator[StepCache | None]:
    """The step cache, if the settings ask for one; in the end it is written out."""
    cache = open_cache(settings())
    try:
        yield cache
    finally:
        if cache:
            cache.close()


@dataclass(frozen=True)
class _Wish:
    """What is wanted, checked."""

    flow: Flow
    values: Mapping[str, Value]
    plan: Plan


def _understood(engine: Engine, asked: Asked) -> _Wish:
    flow, faults = Flow.salvage(asked.document)
    if flow is None:
        raise FlowErrors.of(faults)
    values, unread = read_values(flow, asked.given)
    known = None if faults or unread else values
    return _Wish(flow, values, engine.plan(flow, known, (*faults, *unread)))
