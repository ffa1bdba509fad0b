"""Flows that run in this process."""

from __future__ import annotations

from genkol.cli.asked import Asked, read_values
from genkol.cli.outputs import Produced
from genkol.cli.progress import steps_of
from genkol.engine import Engine
from genkol.errors import FlowErrors
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.plan import Plan
from genkol.weights import default_folder


def plan(asked: Asked) -> Plan:
    """Return the plan; its steps have names when every input was given.

    Raises:
        FlowErrors: all that is wrong, with the flow and with the files.
    """
    engine = Engine.in_process()
    flow, faults = Flow.salvage(asked.document)
    if flow is None:
        raise FlowErrors.of(faults)
    if not asked.given:
        return engine.plan(flow, faults=tuple(faults))
    values, unread = read_values(flow, asked.given)
    if faults or unread:
        return engine.plan(flow, faults=(*faults, *unread))
    return engine.plan(flow, values)


def run(asked: Asked, wanted: Wanted, quiet: bool) -> Produced:
    """Make the picture; weights that are not here are fetched first.

    Raises:
        FlowErrors: all that is wrong, with the flow and with the files.
        GenkolError: a step failed, or its weights are not to be had.
    """
    engine = Engine.in_process()
    flow, faults = Flow.salvage(asked.document)
    if flow is None:
        raise FlowErrors.of(faults)
    values, unread = read_values(flow, asked.given)
    plan = engine.plan(flow, None if faults or unread else values, (*faults, *unread))
    algorithms = [engine.registry.algorithm(step.service, step.algorithm) for step in plan]
    default_folder().ensure_all(dict.fromkeys(name for algorithm in algorithms for name in algorithm.weights))
    with steps_of(plan, quiet) as on_event:
        result = engine.run(flow, values, wanted, on_event)
    return Produced(result.picture, result.outcome.finished.ora, result.report())
