"""Runs a plan on Ray Serve: one handle call for each step, chained, all sent at once.

A step gets the `DeploymentResponse`s of the steps it needs, unawaited: values pass from replica to replica
through the object store, and independent steps run at the same time. The ingress only learns that a value
exists (or that it is an error); it reads nothing but the finished picture.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import ray

from deployments.run import Handles, Run
from deployments.warming import Warming
from genkol.artifacts import Value
from genkol.dispatch import OnEvent, Outcome
from genkol.finish import Wanted
from genkol.flow.plan import Plan
from genkol.settings import settings


class RayDispatcher:
    """Keeps `genkol.dispatch.Dispatcher` by handle calls.

    Args:
        handles: of the algorithms' applications and of the finisher.
    """

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._warming = Warming(handles)

    async def dispatch(self, plan: Plan, inputs: Mapping[str, Value], wanted: Wanted, on_event: OnEvent) -> Outcome:
        started = time.perf_counter()
        values = await asyncio.to_thread(_put, inputs)
        run = Run(self._handles, plan, values, wanted, on_event, settings().step_timeout_s)
        try:
            run.send()
            self._warming.tell(plan)
            finished = await run.watch()
        finally:
            run.cancel()
        total = time.perf_counter() - started
        sites = {id: step.site for id, step in run.done_by.items()}
        return Outcome(finished, run.seconds, total_seconds=total, instead=run.instead, sites=sites, bytes=run.bytes)


def _put(inputs: Mapping[str, Value]) -> dict[str, Any]:
    """Put each picture into the object store once, however many steps look at it."""
    return {name: value if isinstance(value, str) else ray.put(value) for name, value in inputs.items()}
