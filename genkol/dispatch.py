"""How a plan is run: the protocol that every dispatcher keeps, and the one that runs in this process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from genkol.algorithm import Algorithm, Setup, Step
from genkol.artifacts import Image, Layer, Value
from genkol.errors import GateFailed, GenkolError
from genkol.finish import Finished, Wanted, finish
from genkol.flow.plan import Plan, PlannedStep
from genkol.kept import FINISH, Keeper, Kept, picture_name
from genkol.perform import Call, Gate, perform, refused
from genkol.registry import Registry


@dataclass(frozen=True)
class StepEvent:
    """What became of a step: it started, is at a fraction, is done after so many seconds, or failed.

    One that is done because its result was there already is `cached`, and never started.
    """

    step: str
    state: Literal["started", "progress", "done", "failed"]
    fraction: float = 0.0
    seconds: float = 0.0
    cached: bool = False


OnEvent = Callable[[StepEvent], None]


def nobody(event: StepEvent) -> None:
    """The `OnEvent` of who does not listen; a dispatcher need not find out how far its steps are."""


@dataclass(frozen=True)
class Outcome:
    """What running a plan gave.

    Args:
        finished: the picture, encoded, with what was wanted beside it.
        seconds: per step, as the dispatcher saw it.
        instead: step to ``service/algorithm`` for those that another algorithm did than planned.
        cached: ids of steps whose result was already there.
        sites: step to site, where it was done.
        total_seconds: from the first step's start to the finished picture.
    """

    finished: Finished
    seconds: Mapping[str, float]
    cached: frozenset[str] = frozenset()
    total_seconds: float = 0.0
    instead: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)


class Dispatcher(Protocol):
    """Runs plans."""

    async def dispatch(self, plan: Plan, inputs: Mapping[str, Value], wanted: Wanted, on_event: OnEvent) -> Outcome:
        """Run the steps, independent ones at the same time, and finish the picture.

        Cancelling the task stops the steps at their next `Step.progress`.

        Raises:
            GenkolError: of the first step that failed, with its step, algorithm and site in the context.
        """
        ...


class InProcess:
    """Runs steps in threads of this process. Each algorithm is set up once, on first use.

    Args:
        registry: the algorithms.
        setup: what they may ask for.
        threads: most steps at the same time.
        gate: judges the results of steps that shall be verified.
        keeper: keeps results for the next run, this one's own or another process's; without one nothing is kept.
    """

    def __init__(
        self,
        registry: Registry,
        setup: Setup,
        threads: int = 4,
        gate: Gate | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._registry = registry
        self._setup = setup
        self._gate = gate
        self._keeper = keeper
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="genkol")
        self._ready: dict[str, tuple[Algorithm, threading.Lock]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let running steps end and give the threads back."""
        self._pool.shutdown(cancel_futures=True)

    async def dispatch(self, plan: Plan, inputs: Mapping[str, Value], wanted: Wanted, on_event: OnEvent) -> Outcome:
        if self._keeper and not self._keeper.stays_here:
            plan = plan.without_private_names()
        run = _Run(plan, inputs, on_event, asyncio.get_running_loop())
        started = time.perf_counter()
        name = picture_name(plan, run.given_portrait(), wanted) if self._keeper else ""
        finished = await self._kept_picture(name) or await self._made_picture(run, name, wanted)
        for step in plan:
            if step.id not in run.tasks:
                run.found(step)
        total = time.perf_counter() - started
        return Outcome(finished, run.seconds, frozenset(run.cached), total, run.instead)

    async def _kept_picture(self, name: str) -> Finished | None:
        kept = await self._keeper.find(name) if self._keeper and name else None
        return kept.value if kept and isinstance(kept.value, Finished) else None

    async def _made_picture(self, run: _Run, name: str, wanted: Wanted) -> Finished:
        started = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as group:
                for id in run.plan.ends if self._keeper else [step.id for step in run.plan]:
                    self._want(run, group, id)
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from group_error
        finally:
            run.cancelled.set()
        portrait, layers, last = run.ends()

        async def made() -> Kept:
            work = run.loop.run_in_executor(self._pool, lambda: finish(run.plan, portrait, layers, last, wanted))
            return Kept(await work, time.perf_counter() - started, FINISH)

        # A picture by others than planned is not kept: the report would not know who they were.
        kept = await (self._keeper.once(name, made) if self._keeper and name and not run.instead else made())
        assert isinstance(kept.value, Finished)
        return kept.value

    def _want(self, run: _Run, group: asyncio.TaskGroup, id: str) -> asyncio.Task[None]:
        """Start a step, once however many need it."""
        if id not in run.tasks:
            run.tasks[id] = group.create_task(self._step(run, group, run.plan.step(id)))
        return run.tasks[id]

    async def _step(self, run: _Run, group: asyncio.TaskGroup, step: PlannedStep) -> None:
        """Find the step's value, or make it of the values that it needs: what only a found one needs is left alone."""
        keeper = self._keeper if step.name else None
        kept = await keeper.find(step.name) if keeper else None
        if kept is None:
            for need in [self._want(run, group, id) for id in step.needs]:
                await need
        try:
            if kept is None:
                kept = await (
                    keeper.once(step.name, lambda: self._made(run, step)) if keeper else self._made(run, step)
                )
        except asyncio.CancelledError:
            run.cancelled.set()
            raise
        except GenkolError:
            run.tell(StepEvent(step.id, "failed"))
            raise
        assert not isinstance(kept.value, Finished)
        run.values[step.id] = kept.value
        if kept.by != step.key:
            run.instead[step.id] = kept.by
        if kept.cached:
            run.found(step)

    async def _made(self, run: _Run, step: PlannedStep) -> Kept:
        """Return what the planned algorithm makes, or the first of the others whose result the gate lets pass."""
        refusals: list[GateFailed] = []
        started = time.perf_counter()
        for choice in step.choices:
            values = [run.value(wire.source) for wire in choice.wires.values()] + [run.values[id] for id in step.sees]
            work = run.loop.run_in_executor(self._pool, self._perform, run, Call.of(choice, run.plan), values)
            try:
                value = await work
            except GateFailed as error:
                refusals.append(error)
                continue
            refused_for = time.perf_counter() - started if refusals else 0.0
            return Kept(value, max(refused_for, run.seconds[step.id]), choice.key)
        raise refused(refusals)

    def _perform(self, run: _Run, call: Call, values: Sequence[Value]) -> Value:
        algorithm, lock = self._algorithm(call.key)
        with lock:
            started = time.perf_counter()
            run.tell(StepEvent(call.step, "started"))
            step = Step(
                call.step,
                call.seed,
                on_progress=lambda fraction, _: run.tell(StepEvent(call.step, "progress", fraction)),
                is_cancelled=run.cancelled.is_set,
            )
            value = perform(algorithm, call, values, step, self._gate)
            run.seconds[call.step] = seconds = time.perf_counter() - started
        run.tell(StepEvent(call.step, "done", 1.0, seconds))
        return value

    def _algorithm(self, key: str) -> tuple[Algorithm, threading.Lock]:
        with self._lock:
            if key not in self._ready:
                algorithm = self._registry.algorithm(*key.split("/"))()
                algorithm.setup(self._setup)
                self._ready[key] = algorithm, threading.Lock()
            return self._ready[key]


@dataclass
class _Run:
    """What one dispatch holds while it lasts."""

    plan: Plan
    inputs: Mapping[str, Value]
    on_event: OnEvent
    loop: asyncio.AbstractEventLoop
    values: dict[str, Value] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def found(self, step: PlannedStep) -> None:
        """Note that a step's result was there already, or that nobody needed it."""
        self.cached.add(step.id)
        self.seconds[step.id] = 0.0
        self.tell(StepEvent(step.id, "done", 1.0, cached=True))

    def given_portrait(self) -> Image | None:
        """The portrait, when it is an input."""
        portrait = None if self.plan.portrait.is_step else self.inputs[self.plan.portrait.source]
        return portrait if isinstance(portrait, Image) else None

    def tell(self, event: StepEvent) -> None:
        """Pass an event on, from any thread, in the loop's thread."""
        self.loop.call_soon_threadsafe(self.on_event, event)

    def value(self, source: str) -> Value:
        return self.inputs[source] if source in self.inputs else self.values[source]

    def ends(self) -> tuple[Image, list[Layer], Image | None]:
        """The portrait, the layers bottom first, and the last picture when a finisher made one."""
        portrait = self.value(self.plan.portrait.source)
        last = self.values[self.plan.finish] if self.plan.finish else None
        assert isinstance(portrait, Image)
        layers = [layer for id in self.plan.layers if isinstance(layer := self.values[id], Layer)]
        return portrait, layers, last if isinstance(last, Image) else None


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """The error of the step that failed first; a group of groups is opened."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
