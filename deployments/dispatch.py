"""Runs a plan on Ray Serve: one handle call for each step, chained, all sent at once.

A step gets the `DeploymentResponse`s of the steps it needs, unawaited: values pass from replica to replica
through the object store, and independent steps run at the same time. The ingress only learns that a value
exists (or that it is an error); it reads nothing but the finished picture.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import ray
from ray.experimental import get_local_object_locations
from ray.serve.handle import DeploymentHandle, DeploymentResponse

from deployments.failures import typed
from genkol.artifacts import Value
from genkol.dispatch import OnEvent, Outcome, StepEvent
from genkol.errors import Cancelled, GateFailed
from genkol.finish import Finished, Wanted
from genkol.flow.plan import Plan, PlannedStep, Wire
from genkol.perform import Call, refused

FINISH = "finish"
"""What the last call is called where a step's id is due."""

STILL_THERE_S = 1.0
"""Between two looks whether the application of a call that nobody has taken yet is still there."""


class Handles(Protocol):
    """Where the dispatcher finds who does the work."""

    def host(self, key: str, site: str) -> DeploymentHandle:
        """The handle of an algorithm's application; `UnknownAlgorithm` when there is none."""
        ...

    def finisher(self) -> DeploymentHandle:
        """The handle of the finisher; `StepFailed` when there is none."""
        ...


class RayDispatcher:
    """Keeps `genkol.dispatch.Dispatcher` by handle calls.

    Args:
        handles: of the algorithms' applications and of the finisher.
    """

    def __init__(self, handles: Handles) -> None:
        self._handles = handles

    async def dispatch(self, plan: Plan, inputs: Mapping[str, Value], wanted: Wanted, on_event: OnEvent) -> Outcome:
        started = time.perf_counter()
        run = _Run(self._handles, plan, await asyncio.to_thread(_put, inputs), wanted, on_event)
        try:
            run.send()
            finished = await run.watch()
        finally:
            run.cancel()
        total = time.perf_counter() - started
        return Outcome(finished, run.seconds, total_seconds=total, instead=run.instead)


def _put(inputs: Mapping[str, Value]) -> dict[str, Any]:
    """Put each picture into the object store once, however many steps look at it."""
    return {name: value if isinstance(value, str) else ray.put(value) for name, value in inputs.items()}


@dataclass
class _Run:
    """One request while it lasts: its calls, and a task for each that waits for its end."""

    handles: Handles
    plan: Plan
    inputs: Mapping[str, Any]
    wanted: Wanted
    on_event: OnEvent
    responses: dict[str, DeploymentResponse] = field(default_factory=dict)
    ends: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)

    def send(self) -> None:
        """Make the call of every step, and of the finisher. Serve's router holds each back until its values exist."""
        for step in self.plan:
            self.handles.host(step.key, step.site)  # nothing is sent when somebody is not there
        for step in self.plan:
            self._call(step)
        self._call_finisher()

    def _call(self, step: PlannedStep) -> None:
        host = self.handles.host(step.key, step.site)
        values = [self.source(wire) for wire in step.wires.values()] + [self.responses[id] for id in step.sees]
        self.responses[step.id] = host.run.remote(Call.of(step, self.plan), *values)

    def _call_finisher(self) -> None:
        last = self.responses[self.plan.finish] if self.plan.finish else None
        layers = [self.responses[id] for id in self.plan.layers]
        portrait = self.source(self.plan.portrait)
        finisher = self.handles.finisher()
        self.responses[FINISH] = finisher.finish.remote(self.plan, self.wanted, portrait, last, *layers)

    def _call_instead(self, choice: PlannedStep) -> None:
        """Let another algorithm do a step, and call anew all who need its value: the calls they had fail with it.

        Nobody waits for those yet, as every step waits for the ends of what it needs.
        """
        stale = {choice.id}
        self._call(choice)
        for step in self.plan:
            if stale & set(step.needs):
                stale.add(step.id)
                self._take_back(step.id)
                self._call(step)
        self._take_back(FINISH)
        self._call_finisher()

    def source(self, wire: Wire) -> Any:
        return self.responses[wire.source] if wire.is_step else self.inputs[wire.source]

    async def watch(self) -> Finished:
        """Wait for all ends and return the finished picture.

        Raises:
            GenkolError: of the first step that failed; the others are no longer waited for.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for step in self.plan:
                    self.ends[step.id] = group.create_task(self._end(step))
                finished = group.create_task(self._finished())
        except BaseExceptionGroup as several:
            raise _first(several) from None
        return finished.result()

    async def _end(self, step: PlannedStep) -> None:
        # After the ends of what it needs: a failure is blamed on the step that failed, not on those it took along.
        for need in step.needs:
            await self.ends[need]
        refusals: list[GateFailed] = []
        for choice in step.choices:
            try:
                if refusals:
                    self._call_instead(choice)
                seconds = await self._one_end(choice)
            except GateFailed as error:
                refusals.append(error)
                continue
            except (Exception, asyncio.CancelledError):
                self.on_event(StepEvent(step.id, "failed"))
                raise
            if refusals:
                self.instead[step.id] = choice.key
            self.seconds[step.id] = seconds
            self.on_event(StepEvent(step.id, "done", 1.0, seconds))
            return
        self.on_event(StepEvent(step.id, "failed"))
        raise refused(refusals)

    async def _one_end(self, step: PlannedStep) -> float:
        """Wait until the step's call has made its value; return the seconds that took."""
        try:
            ref = await _taken(self.responses[step.id], lambda: self.handles.host(step.key, step.site))
            started = time.perf_counter()
            self.on_event(StepEvent(step.id, "started"))
            await _ended(ref)
        except (Exception, asyncio.CancelledError) as error:
            raise _failure(error, step.id, step.key, step.site) from None
        return time.perf_counter() - started

    async def _finished(self) -> Finished:
        for end in self.ends.values():
            await end
        try:
            await _taken(self.responses[FINISH], self.handles.finisher)
            finished: Finished = await self.responses[FINISH]
        except (Exception, asyncio.CancelledError) as error:
            raise _failure(error, FINISH, "finisher", "local") from None
        return finished

    def cancel(self) -> None:
        """Take back every call that has not ended."""
        for id in self.responses:
            if id not in self.seconds:
                self._take_back(id)

    def _take_back(self, id: str) -> None:
        with suppress(Exception):  # one that could not be sent at all raises its reason once more
            self.responses[id].cancel()


async def _taken(response: DeploymentResponse, find: Callable[[], DeploymentHandle]) -> ray.ObjectRef:
    """Wait until a replica has taken a call whose values are all there.

    Serve lets calls to a removed application wait for ever, unless they come after it has said so.

    Args:
        response: of the call.
        find: the handle of who shall take it; asked every `STILL_THERE_S`.

    Raises:
        UnknownAlgorithm, StepFailed: what `find` raises when the application has left meanwhile.
    """
    taken = asyncio.ensure_future(response._to_object_ref())
    try:
        while not (await asyncio.wait({taken}, timeout=STILL_THERE_S))[0]:
            find()
        return await taken
    finally:
        taken.cancel()


INLINE_BYTES = 100 << 10
"""Largest value that Ray sends inside the reply (`max_direct_call_object_size`)."""


async def _ended(ref: ray.ObjectRef) -> None:
    """Wait until a value exists, without fetching it; raise when it is an error.

    Errors come to the owner inside the reply, as do small values; a larger value stays in the object store of the
    node that made it. Its size is known at once, where it lies only some milliseconds later on a busy machine. So
    what is small is here already, and reading it costs nothing.
    """
    await ref._ready()
    told = get_local_object_locations([ref]).get(ref) or {}
    if not told.get("node_ids") and (told.get("object_size") or 0) <= INLINE_BYTES:
        await ref


def _failure(error: BaseException, step: str, algorithm: str, site: str) -> BaseException:
    """The typed error; or the cancellation itself when it is this very task that is cancelled."""
    if not isinstance(error, asyncio.CancelledError):
        return typed(error, step, algorithm, site)
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return error
    return Cancelled(f"The step {step!r} was cancelled.", step=step, algorithm=algorithm, site=site)


def _first(several: BaseExceptionGroup[Any]) -> BaseException:
    """The error that came first; a group of groups is opened."""
    error = several.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
