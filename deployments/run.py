"""One request while it lasts: its calls, and a task for each that waits for its end and sees to losses."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from ray.serve.handle import DeploymentHandle, DeploymentResponse

from deployments.failures import typed
from deployments.health import Health
from deployments.names import Place
from deployments.watch import ended, taken
from genkol.dispatch import OnEvent, StepEvent
from genkol.errors import Cancelled, GateFailed, GenkolError, StepFailed, StepTimeout
from genkol.finish import Finished, Wanted
from genkol.flow.plan import Plan, PlannedStep, Wire
from genkol.perform import Call, refused

log = logging.getLogger("genkol.dispatch")

FINISH = "finish"
"""What the last call is called where a step's id is due."""

TRIES = 3
"""How often a step is done anew when its call is lost."""


class Handles(Protocol):
    """Where the dispatcher finds who does the work."""

    @property
    def health(self) -> Health:
        """What is learned of the places from the calls."""
        ...

    def has_replicas(self, key: str, site: str) -> bool:
        """Whether a replica of the algorithm runs at the site."""
        ...

    def host(self, key: str, site: str) -> DeploymentHandle:
        """The handle of an algorithm's application; `UnknownAlgorithm` when there is none."""
        ...

    def finisher(self) -> DeploymentHandle:
        """The handle of the finisher; `StepFailed` when there is none."""
        ...


@dataclass
class Run:
    """See the module."""

    handles: Handles
    plan: Plan
    inputs: Mapping[str, Any]
    wanted: Wanted
    on_event: OnEvent
    step_timeout_s: float
    responses: dict[str, DeploymentResponse] = field(default_factory=dict)
    ends: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    done_by: dict[str, PlannedStep] = field(default_factory=dict)
    restoring: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    blamed: set[Place] = field(default_factory=set)

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
        try:
            choice, seconds = await self._by_somebody(step)
        except (Exception, asyncio.CancelledError):
            self.on_event(StepEvent(step.id, "failed"))
            raise
        if choice.key != step.key:
            self.instead[step.id] = choice.key
        self.seconds[step.id] = seconds
        self.on_event(StepEvent(step.id, "done", 1.0, seconds))

    async def _by_somebody(self, step: PlannedStep) -> tuple[PlannedStep, float]:
        """Wait until somebody has done the step: the planned algorithm at its sites, then the others when the gates
        refuse what it makes. Return who, and the seconds it took.
        """
        refusals: list[GateFailed] = []
        first = True
        for choice in step.choices:
            try:
                return await self._at_some_site(choice, first)
            except GateFailed as error:
                refusals.append(error)
                first = False
        raise refused(refusals)

    async def _at_some_site(self, step: PlannedStep, first: bool) -> tuple[PlannedStep, float]:
        """Wait until the step is done at one of its sites; a lost call is made anew at the next of them.

        Args:
            step: whose sites are tried in turn, `TRIES` times in all.
            first: whether its call at the first site was already made.
        """
        for number in range(TRIES):
            here = step.at(step.sites[number % len(step.sites)])
            try:
                if number or not first:
                    self._call_instead(here)
                seconds = await self._one_end(here, may_leave=len(step.sites) > 1 and number + 1 < TRIES)
            except GenkolError as error:
                if number + 1 == TRIES or not _may_be_repeated(error, step):
                    raise
                log.warning("the step %s is done anew: %s", step.id, error)
                if error.context.get("input_lost"):
                    await self._restore(step.needs)
            else:
                self.done_by[step.id] = here
                return here, seconds
        raise AssertionError("the last try returns or raises")

    async def _restore(self, ids: Sequence[str]) -> None:
        """Have the values of these steps made anew, which were lost with the node that kept them."""
        async with asyncio.TaskGroup() as group:
            for id in ids:
                if id not in self.restoring:
                    self.restoring[id] = asyncio.create_task(self._made_anew(self.done_by[id]))
                group.create_task(_joined(self.restoring[id]))

    async def _made_anew(self, step: PlannedStep) -> None:
        try:
            for number in range(TRIES):
                try:
                    self._call(step)
                    await self._one_end(step, may_leave=False)
                    return
                except GenkolError as error:
                    if number + 1 == TRIES or not _may_be_repeated(error, step):
                        raise
                    if error.context.get("input_lost"):
                        await self._restore(step.needs)
        finally:
            self.restoring.pop(step.id, None)

    async def _one_end(self, step: PlannedStep, may_leave: bool) -> float:
        """Wait until the step's call has made its value; return the seconds that took, and learn from it.

        Args:
            step: at the site of the call.
            may_leave: whether to give the call up when no replica is there to take it.
        """
        place, health = Place(step.key, step.site), self.handles.health
        health.began(place)
        try:
            try:
                seconds = await self._watched(step, may_leave)
            except (Exception, asyncio.CancelledError) as error:
                raise _failure(error, step.id, step.key, step.site) from None
        except GenkolError as error:
            if isinstance(error, Cancelled):
                health.dropped(place)
            elif error.context.get("lost") and not error.context.get("input_lost"):
                # One request that kills whoever takes it speaks against itself, not against the place.
                (health.dropped if place in self.blamed else health.lost)(place)
                self.blamed.add(place)
            else:
                health.answered(place)
            raise
        except BaseException:
            health.dropped(place)
            raise
        health.done(place, seconds)
        return seconds

    async def _watched(self, step: PlannedStep, may_leave: bool) -> float:
        response = self.responses[step.id]

        def find() -> DeploymentHandle:
            handle = self.handles.host(step.key, step.site)
            if may_leave and not self.handles.has_replicas(step.key, step.site):
                raise StepFailed(f"No replica of {step.key} runs at {step.site}.", lost=True)
            return handle

        ref = await taken(response, find)
        started = time.perf_counter()
        self.on_event(StepEvent(step.id, "started", algorithm=step.key, site=step.site))
        try:
            async with asyncio.timeout(self.step_timeout_s):
                await ended(ref)
        except TimeoutError:
            self._take_back(step.id)
            raise StepTimeout(
                f"The step {step.id!r} ({step.key} on {step.site}) took longer than {self.step_timeout_s:g} s. "
                "Use a smaller picture or a faster algorithm, or raise GENKOL_STEP_TIMEOUT_S.",
                expected=self.step_timeout_s,
                lost=True,
            ) from None
        return time.perf_counter() - started

    async def _finished(self) -> Finished:
        for end in self.ends.values():
            await end
        for number in range(TRIES):
            try:
                return await self._one_finish()
            except GenkolError as error:
                if number + 1 == TRIES or not error.context.get("lost"):
                    raise
                log.warning("the picture is finished anew: %s", error)
                if error.context.get("input_lost"):
                    await self._restore([*self.plan.layers, *([self.plan.finish] if self.plan.finish else [])])
            self._take_back(FINISH)
            self._call_finisher()
        raise AssertionError("the last try returns or raises")

    async def _one_finish(self) -> Finished:
        try:
            await taken(self.responses[FINISH], self.handles.finisher)
            finished: Finished = await self.responses[FINISH]
        except (Exception, asyncio.CancelledError) as error:
            raise _failure(error, FINISH, "finisher", "local") from None
        return finished

    def cancel(self) -> None:
        """Take back every call that has not ended."""
        for task in self.restoring.values():
            task.cancel()
        for id in self.responses:
            if id not in self.seconds:
                self._take_back(id)

    def _take_back(self, id: str) -> None:
        with suppress(Exception):  # one that could not be sent at all raises its reason once more
            self.responses[id].cancel()


def _failure(error: BaseException, step: str, algorithm: str, site: str) -> BaseException:
    """The typed error; or the cancellation itself when it is this very task that is cancelled."""
    if not isinstance(error, asyncio.CancelledError):
        return typed(error, step, algorithm, site)
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return error
    return Cancelled(f"The step {step!r} was cancelled.", step=step, algorithm=algorithm, site=site)


def _may_be_repeated(error: GenkolError, step: PlannedStep) -> bool:
    """Whether a step may be done anew: it was lost, and doing it again costs nothing but time.

    A paid call that is lost on the way may have been carried out. A call too slow for the deadline is as slow again at
    the same site.
    """
    if not error.context.get("lost") or (isinstance(error, StepTimeout) and len(step.sites) == 1):
        return False
    return step.resources.price_usd == 0 or bool(error.context.get("repeatable"))


async def _joined(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


def _first(several: BaseExceptionGroup[Any]) -> BaseException:
    """The error that came first; a group of groups is opened."""
    error = several.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
