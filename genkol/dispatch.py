"""How a plan is run: the protocol that every dispatcher keeps, and the one that runs in this process."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast

from genkol.algorithm import Algorithm, Setup, Step
from genkol.artifacts import PYTHON_TYPE, Image, Layer, Value
from genkol.compose import compose
from genkol.errors import GateFailed, GenkolError, StepFailed
from genkol.finish import Finished, Wanted, finish
from genkol.flow.plan import Plan, PlannedStep
from genkol.registry import Registry


@dataclass(frozen=True)
class Call:
    """One step as it travels to whoever runs it; the values travel beside it, flat and in order: those of
    `ports`, then the layers of the base.

    Args:
        step: the planned step's id.
        key: ``service/algorithm``.
        params: canonical.
        seed: for the run.
        ports: names of the ports, in the order of their values.
        canvas: the port whose picture lies under the layers, or None.
        strengths: of the layers, in their order.
        site: where it runs, for messages.
        verify: whether a gate judges the result.
    """

    step: str
    key: str
    params: Mapping[str, Any]
    seed: int
    ports: tuple[str, ...]
    canvas: str | None
    strengths: tuple[float, ...]
    site: str = "local"
    verify: bool = False

    @classmethod
    def of(cls, step: PlannedStep, plan: Plan) -> Call:
        strengths = tuple(plan.step(id).strength for id in step.sees)
        ports = tuple(step.wires)
        return cls(step.id, step.key, step.params, step.seed, ports, step.canvas, strengths, step.site, step.verify)


@dataclass(frozen=True)
class StepEvent:
    """What became of a step: it started, is at a fraction, is done after so many seconds, or failed."""

    step: str
    state: Literal["started", "progress", "done", "failed"]
    fraction: float = 0.0
    seconds: float = 0.0
    cached: bool = False


OnEvent = Callable[[StepEvent], None]


@dataclass(frozen=True)
class Outcome:
    """What running a plan gave.

    Args:
        finished: the picture, encoded, with what was wanted beside it.
        seconds: per step, as the dispatcher saw it.
        instead: step to ``service/algorithm`` for those that another algorithm did than planned.
        cached: ids of steps whose result was already there.
        total_seconds: from the first step's start to the finished picture.
    """

    finished: Finished
    seconds: Mapping[str, float]
    cached: frozenset[str] = frozenset()
    total_seconds: float = 0.0
    instead: Mapping[str, str] = field(default_factory=dict)


class Dispatcher(Protocol):
    """Runs plans."""

    async def dispatch(self, plan: Plan, inputs: Mapping[str, Value], wanted: Wanted, on_event: OnEvent) -> Outcome:
        """Run the steps, independent ones at the same time, and finish the picture.

        Cancelling the task stops the steps at their next `Step.progress`.

        Raises:
            GenkolError: of the first step that failed, with its step, algorithm and site in the context.
        """
        ...


class Gate(Protocol):
    """Judges what a step made, where it was made. May be asked from several threads."""

    def require(self, algorithm: type[Algorithm], arguments: Mapping[str, Value], result: Value) -> None:
        """Let the result of an algorithm pass.

        Args:
            algorithm: whose it is.
            arguments: port to value, as it got them.
            result: what it made of them.

        Raises:
            GateFailed: it is not good enough; the message has the measured reasons.
        """
        ...


TRIES = 3
"""How often an algorithm that draws chance, and is not remote, may try to pass the gate, each time with a new seed."""


def perform(algorithm: Algorithm, call: Call, values: Sequence[Value], step: Step, gate: Gate | None = None) -> Value:
    """Run one step: lay the layers on its canvas, run the algorithm, check what comes out.

    Where the call says so, the gate judges the result; one that fails is made anew with another seed, if the
    algorithm uses it and is not remote.

    Raises:
        GenkolError: the algorithm's own, with the step's place added.
        StepFailed: the algorithm raised anything else, or returned another kind than its service's; or a gate is
            wanted where there is none.
        GateFailed: no try passed the gate; the message has the reasons of the last one.
    """
    with _located(call):
        arguments = _arguments(call, values)
        if not call.verify:
            return _made(algorithm, call, arguments, step)
        if gate is None:
            raise StepFailed(f"{_who(call)} shall be verified, but there is no gate here. Leave `verify` out.")
        return _verified(algorithm, call, arguments, step, gate)


def _verified(algorithm: Algorithm, call: Call, arguments: Mapping[str, Value], step: Step, gate: Gate) -> Value:
    """Return the first result that passes."""
    value = _made(algorithm, call, arguments, step)
    tries = TRIES if algorithm.seeded and algorithm.remote is None else 1  # each try of a remote one is paid for
    for number in range(1, tries + 1):
        try:
            gate.require(type(algorithm), arguments, value)
        except GateFailed as error:
            if number == tries:
                raise _refusal(call, error, tries) from error
        else:
            break
        # Through `step.progress`, which hears of cancelling and never goes back, though a new try begins at 0.
        again = Step(step.id, retry_seed(step.seed, number), on_progress=step.progress)
        value = _made(algorithm, call, arguments, again)
    return value


def _refusal(call: Call, error: GateFailed, tries: int) -> GateFailed:
    times = f" ({tries} seeds were tried)" if tries > 1 else ""
    return GateFailed(f"{_who(call)} was refused{times}: {error.message}", {**error.context, "tries": tries})


def retry_seed(seed: int, number: int) -> int:
    """Return the seed of a further try: the same for the same first seed, so that the picture stays repeatable."""
    return int.from_bytes(hashlib.sha256(f"{seed}/try {number}".encode()).digest()[:4], "big")


def _made(algorithm: Algorithm, call: Call, arguments: Mapping[str, Value], step: Step) -> Value:
    """Run the algorithm once; return a value of its service's kind."""
    params = algorithm.Params.model_validate(dict(call.params))
    value: Any = algorithm.run(**arguments, params=params, step=step)
    expected = PYTHON_TYPE[algorithm.service.output]
    if not isinstance(value, expected):
        raise StepFailed(f"{_who(call)} returned a {type(value).__name__} where a {expected.__name__} is due.")
    return cast(Value, value)


@contextmanager
def _located(call: Call) -> Iterator[None]:
    """Let every error say which step, algorithm and site it comes from; what is no GenkolError becomes one."""
    place = {"step": call.step, "algorithm": call.key, "site": call.site}
    try:
        yield
    except GenkolError as error:
        raise error.located(**place) from error
    except Exception as error:  # an algorithm may raise anything; the request must learn which one did
        raise StepFailed(f"{_who(call)} failed: {_cause(error)}", place) from error


def _arguments(call: Call, values: Sequence[Value]) -> dict[str, Value]:
    ports, layers = values[: len(call.ports)], values[len(call.ports) :]
    arguments = dict(zip(call.ports, ports, strict=True))
    if call.canvas is not None and layers:
        base = arguments[call.canvas]
        assert isinstance(base, Image)
        arguments[call.canvas] = compose(base, [x for x in layers if isinstance(x, Layer)], call.strengths)
    return arguments


def _who(call: Call) -> str:
    return f"The step {call.step!r} ({call.key} on {call.site})"


def _cause(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= 300 else text[:297] + "..."


def refused(refusals: Sequence[GateFailed]) -> GateFailed:
    """Return the refusal of a step by all who tried: that of the first, naming the others after it."""
    first, *rest = refusals
    if not rest:
        return first
    also = "; ".join(error.message for error in rest)
    return GateFailed(f"{first.message} Nor did another algorithm pass: {also}", first.context)


class InProcess:
    """Runs steps in threads of this process. Each algorithm is set up once, on first use.

    Args:
        registry: the algorithms.
        setup: what they may ask for.
        threads: most steps at the same time.
        gate: judges the results of steps that shall be verified.
    """

    def __init__(self, registry: Registry, setup: Setup, threads: int = 4, gate: Gate | None = None) -> None:
        self._registry = registry
        self._setup = setup
        self._gate = gate
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="genkol")
        self._ready: dict[str, tuple[Algorithm, threading.Lock]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let running steps end and give the threads back."""
        self._pool.shutdown(cancel_futures=True)

    async def dispatch(self, plan: Plan, inputs: Mapping[str, Value], wanted: Wanted, on_event: OnEvent) -> Outcome:
        run = _Run(plan, inputs, on_event, asyncio.get_running_loop())
        started = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as group:
                for step in plan:
                    run.tasks[step.id] = group.create_task(self._step(run, step))
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from group_error
        finally:
            run.cancelled.set()
        portrait, layers, last = run.ends()
        finished = await run.loop.run_in_executor(self._pool, lambda: finish(plan, portrait, layers, last, wanted))
        total = time.perf_counter() - started
        return Outcome(finished, run.seconds, total_seconds=total, instead=run.instead)

    async def _step(self, run: _Run, step: PlannedStep) -> None:
        for need in step.needs:
            await run.tasks[need]
        try:
            run.values[step.id] = await self._first_that_passes(run, step)
        except asyncio.CancelledError:
            run.cancelled.set()
            raise
        except GenkolError:
            run.tell(StepEvent(step.id, "failed"))
            raise

    async def _first_that_passes(self, run: _Run, step: PlannedStep) -> Value:
        """Return what the planned algorithm makes, or the first of the others whose result the gate lets pass."""
        refusals: list[GateFailed] = []
        for choice in step.choices:
            values = [run.value(wire.source) for wire in choice.wires.values()] + [run.values[id] for id in step.sees]
            work = run.loop.run_in_executor(self._pool, self._perform, run, Call.of(choice, run.plan), values)
            try:
                value = await work
            except GateFailed as error:
                refusals.append(error)
                continue
            if refusals:
                run.instead[step.id] = choice.key
            return value
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
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)

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
