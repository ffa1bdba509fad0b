"""One request while it lasts: a task for each call that waits for its end and sees to losses."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.calls import FINISH, Calls, Handles
from deployments.failures import typed
from deployments.names import Place
from deployments.watch import ended, progress, taken
from genkol.dispatch import OnEvent, StepEvent
from genkol.errors import Cancelled, GateFailed, GenkolError, StepFailed, StepTimeout
from genkol.finish import Finished
from genkol.flow.plan import PlannedStep
from genkol.perform import refused

log = logging.getLogger("genkol.dispatch")

TRIES = 3
"""How often a step is done anew when its call is lost."""

PAUSE_S = 0.5
"""Before another call to where the last one was lost: until it is known there which replicas are left."""


@dataclass
class Run:
    """See the module.

    Args:
        calls: of the request.
        on_event: hears of every step.
        step_timeout_s: longest time for one step.
        progress: whether to find out how far each step is.
    """

    calls: Calls
    on_event: OnEvent
    step_timeout_s: float
    progress: bool = False
    ends: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    done_by: dict[str, PlannedStep] = field(default_factory=dict)
    restoring: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    blamed: set[Place] = field(default_factory=set)

    @property
    def _handles(self) -> Handles:
        return self.calls.handles

    def send(self) -> None:
        """Make all calls, and tell of the steps that need none."""
        self.calls.send()
        self.instead.update(self.calls.cut.instead)
        for id in self.calls.cut.cached:
            self.seconds[id] = 0.0
            self.on_event(StepEvent(id, "done", 1.0, cached=True))

    async def watch(self) -> Finished:
        """Wait for all ends and return the finished picture.

        Raises:
            GenkolError: of the first step that failed; the others are no longer waited for.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for step in self.calls.steps:
                    self.ends[step.id] = group.create_task(self._end(step))
                finished = group.create_task(self._finished())
        except BaseExceptionGroup as several:
            raise _first(several) from None
        return finished.result()

    async def _end(self, step: PlannedStep) -> None:
        # After the ends of what it needs: a failure is blamed on the step that failed, not on those it took along.
        for need in step.needs:
            if need in self.ends:
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
        called = True
        for choice in step.choices:
            try:
                return await self._at_some_site(choice, self.calls.call_instead, called)
            except GateFailed as error:
                refusals.append(error)
                called = False
        raise refused(refusals)

    async def _at_some_site(
        self, step: PlannedStep, call: Callable[[PlannedStep], None], called: bool
    ) -> tuple[PlannedStep, float]:
        """Wait until the step is done at one of its sites. A call that is lost is made anew at the next, `TRIES` calls
        in all; one that left a site where no replica could take it was none.

        Args:
            step: with its sites, the best first.
            call: makes the call of a step at a site.
            called: whether that at the first site was already made.
        """
        here, lost = step.at(step.site) if called else self._next(step), 0
        while True:
            try:
                if not called:
                    call(here)
                called = False
                seconds = await self._one_end(here, step.sites)
            except GenkolError as error:
                lost += not error.context.get("left")
                if lost == TRIES or not _may_be_repeated(error, step):
                    raise
                log.warning("the step %s is done anew: %s", step.id, error)
                await self._restored(error, step.needs)
                here = self._next(step, here.site)
            else:
                self.done_by[step.id] = here
                return here, seconds

    def _next(self, step: PlannedStep, after: str | None = None) -> PlannedStep:
        """The step at the next of its sites in their order; of those that have replicas, where there are any."""
        start = step.sites.index(after) + 1 if after else 0
        order = step.sites[start:] + step.sites[:start]
        alive = [site for site in order if self._handles.has_replicas(step.key, site)]
        return step.at((alive or order)[0])

    async def _restored(self, error: GenkolError, needs: Sequence[str]) -> None:
        """Have made anew what a failed call could not have, if that is why it failed: values that were lost with the
        node that kept them, or kept results that went since the plan was looked up.
        """
        if stored := error.context.get("stored"):
            await self._restore(self.calls.forget(stored))
        elif error.context.get("input_lost"):
            await self._restore([need for need in needs if need in self.done_by])

    async def _restore(self, ids: Sequence[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for id in ids:
                if id not in self.restoring:
                    self.restoring[id] = asyncio.create_task(self._made_anew(id))
                group.create_task(_joined(self.restoring[id]))

    async def _made_anew(self, id: str) -> None:
        step = self.calls.choice(id, self.done_by[id].key if id in self.done_by else None)
        try:
            await self._restore(self.calls.missing(step))
            _, self.seconds[id] = await self._at_some_site(step, self.calls.call, called=False)
        finally:
            self.restoring.pop(id, None)

    async def _one_end(self, step: PlannedStep, sites: Sequence[str]) -> float:
        """Wait until the step's call has made its value; return the seconds that took, and learn from it.

        Args:
            step: at the site of the call.
            sites: all of the step's: where no replica can take the call, it is given up as soon as another has one.
        """
        place, health = Place(step.key, step.site), self._handles.health
        health.began(place)
        try:
            try:
                seconds = await self._watched(step, sites)
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

    async def _watched(self, step: PlannedStep, sites: Sequence[str]) -> float:
        response = self.calls.responses[step.id]

        def find() -> DeploymentHandle:
            handle = self._handles.host(step.key, step.site)
            alive = [site for site in sites if self._handles.has_replicas(step.key, site)]
            if alive and step.site not in alive:
                self.calls.take_back(step.id)
                raise StepFailed(f"No replica of {step.key} runs at {step.site}.", lost=True, left=True)
            return handle

        ref = await taken(response, find)
        started = time.perf_counter()
        self.on_event(StepEvent(step.id, "started", algorithm=step.key, site=step.site))
        try:
            async with asyncio.timeout(self.step_timeout_s), self._progress(step):
                self.bytes[step.id] = await ended(ref)
        except TimeoutError:
            self.calls.take_back(step.id)
            raise StepTimeout(
                f"The step {step.id!r} ({step.key} on {step.site}) took longer than {self.step_timeout_s:g} s. "
                "Use a smaller picture or a faster algorithm, or raise GENKOL_STEP_TIMEOUT_S.",
                expected=self.step_timeout_s,
                lost=True,
            ) from None
        return time.perf_counter() - started

    @asynccontextmanager
    async def _progress(self, step: PlannedStep) -> AsyncIterator[None]:
        """Meanwhile tell how far the step is, if that is wanted."""
        if not self.progress:
            yield
            return

        def tell(fraction: float) -> None:
            self.on_event(StepEvent(step.id, "progress", fraction))

        host = self._handles.host(step.key, step.site)
        looking = asyncio.create_task(progress(host, (self.calls.id, step.id), tell))
        try:
            yield
        finally:
            looking.cancel()

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
                await asyncio.sleep(number * PAUSE_S)
                await self._restored(error, self.calls.finisher_needs)
            self.calls.take_back(FINISH)
            self.calls.call_finisher()
        raise AssertionError("the last try returns or raises")

    async def _one_finish(self) -> Finished:
        try:
            await taken(self.calls.responses[FINISH], self._handles.finisher)
            finished: Finished = await self.calls.responses[FINISH]
        except (Exception, asyncio.CancelledError) as error:
            raise _failure(error, FINISH, "finisher", "local") from None
        return finished

    @property
    def cached(self) -> frozenset[str]:
        """Ids of the steps that were not done."""
        return self.calls.cut.cached - self.done_by.keys()

    def cancel(self) -> None:
        """Take back every call that has not ended."""
        for task in self.restoring.values():
            task.cancel()
        for id in self.calls.responses:
            if id not in self.seconds or id in self.restoring:
                self.calls.take_back(id)


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
