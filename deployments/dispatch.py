"""Runs a plan on Ray Serve: one handle call for each step, chained, all sent at once.

A step gets the `DeploymentResponse`s of the steps it needs, unawaited: values pass from replica to replica
through the object store, and independent steps run at the same time. The ingress only learns that a value
exists (or that it is an error); it reads nothing but the finished picture.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ray

from deployments.calls import Calls, Handles
from deployments.run import Run
from deployments.stored import Shortcut, keep_picture, shortcut
from deployments.warming import Warming
from genkol.artifacts import Value
from genkol.dispatch import OnEvent, Outcome, StepEvent
from genkol.finish import Finished, Wanted
from genkol.flow.plan import Plan
from genkol.settings import settings
from genkol.stores.steps import StepCache


class RayDispatcher:
    """Keeps `genkol.dispatch.Dispatcher` by handle calls.

    Args:
        handles: of the algorithms' applications and of the finisher.
        cache: what it has is not called for; without one every step is.
    """

    def __init__(self, handles: Handles, cache: StepCache | None = None) -> None:
        self._handles = handles
        self._cache = cache
        self._warming = Warming(handles)

    async def dispatch(
        self,
        plan: Plan,
        inputs: Mapping[str, Value],
        wanted: Wanted,
        on_event: OnEvent,
        *,
        progress: bool = False,
    ) -> Outcome:
        started = time.perf_counter()
        if self._cache is None or not self._cache.stays_here:
            plan = plan.without_private_names()
        cut = await shortcut(self._cache, plan, inputs, wanted)
        if cut.picture:
            outcome = _as_kept(cut.picture, plan, on_event)
        else:
            outcome = await self._made(plan, cut, inputs, wanted, on_event, progress)
        total = time.perf_counter() - started
        keep_picture(self._cache, cut, outcome.finished, total, outcome.instead)
        return replace(outcome, total_seconds=total)

    async def _made(
        self,
        plan: Plan,
        cut: Shortcut,
        inputs: Mapping[str, Value],
        wanted: Wanted,
        on_event: OnEvent,
        progress: bool,
    ) -> Outcome:
        values = await asyncio.to_thread(_put, inputs)
        run = Run(Calls(self._handles, plan, values, wanted, cut), on_event, settings().step_timeout_s, progress)
        try:
            run.send()
            self._warming.tell(run.calls.steps)
            finished = await run.watch()
        finally:
            run.cancel()
        sites = {id: step.site for id, step in run.done_by.items()}
        return Outcome(finished, run.seconds, run.cached, instead=run.instead, sites=sites, bytes=run.bytes)


def _as_kept(picture: Finished, plan: Plan, on_event: OnEvent) -> Outcome:
    """What a kept picture gives: nothing was called."""
    for step in plan:
        on_event(StepEvent(step.id, "done", 1.0, cached=True))
    ids = frozenset(step.id for step in plan)
    return Outcome(picture, dict.fromkeys(ids, 0.0), ids)


def _put(inputs: Mapping[str, Value]) -> dict[str, Any]:
    """Put each picture into the object store once, however many steps look at it."""
    return {name: value if isinstance(value, str) else ray.put(value) for name, value in inputs.items()}
