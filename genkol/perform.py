"""How one step is run where its algorithm lives: the call, the run, and the gate that may ask for another try."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pydantic import ValidationError

from genkol.algorithm import Algorithm, Params, Step
from genkol.artifacts import PYTHON_TYPE, Image, Layer, Value
from genkol.compose import compose
from genkol.errors import BadParams, GateFailed, GenkolError, MissingInput, StepFailed
from genkol.flow.flow import worded
from genkol.flow.plan import Plan, PlannedStep


@dataclass(frozen=True)
class Call:
    """One step as it travels to whoever runs it; the values travel beside it, flat and in order: those of
    `ports`, then the layers of the base.

    Args:
        step: the planned step's id.
        key: ``service/algorithm``.
        params: those that the flow gives; the algorithm where it runs has the defaults of the others.
        seed: for the run.
        ports: names of the ports, in the order of their values.
        canvas: the port whose picture lies under the layers, or None.
        strengths: of the layers, in their order.
        site: where it runs, for messages.
        verify: whether a gate judges the result.
        name: of the result (see `genkol.flow.naming`); empty when it has none.
        request: tells the calls of different requests apart, where somebody asks how far they are.
        edition: of the algorithm that was planned with (see `genkol.flow.naming.edition`); empty when that is the
            one that runs.
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
    name: str = ""
    request: str = ""
    edition: str = ""

    @property
    def id(self) -> tuple[str, str]:
        """Request and step."""
        return self.request, self.step

    @classmethod
    def of(cls, step: PlannedStep, plan: Plan, request: str = "") -> Call:
        return cls(
            step=step.id,
            key=step.key,
            params={name: step.params[name] for name in step.said},
            seed=step.seed,
            ports=tuple(step.wires),
            canvas=step.canvas,
            strengths=tuple(plan.step(id).strength for id in step.sees),
            site=step.site,
            verify=step.verify,
            name=step.name,
            request=request,
            edition=step.edition,
        )


class Gate(Protocol):
    """Judges what a step made, where it was made. May be asked from several threads."""

    def require(
        self, algorithm: type[Algorithm], arguments: Mapping[str, Value], params: Mapping[str, Any], result: Value
    ) -> None:
        """Let the result of an algorithm pass.

        Args:
            algorithm: whose it is.
            arguments: port to value, as it got them.
            params: as it got them.
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
        BadParams, MissingInput: this algorithm does not take the call, which whoever planned it could not know.
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
            gate.require(type(algorithm), arguments, call.params, value)
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
    params = _checked(algorithm, call)
    value: Any = algorithm.run(**arguments, params=params, step=step)
    expected = PYTHON_TYPE[algorithm.service.output]
    if not isinstance(value, expected):
        raise StepFailed(f"{_who(call)} returned a {type(value).__name__} where a {expected.__name__} is due.")
    return cast(Value, value)


def _checked(algorithm: Algorithm, call: Call) -> Params:
    """The call's parameters. They were checked when the step was planned, but perhaps by a description alone (see
    `genkol.described`), or for another edition.
    """
    try:
        params = algorithm.Params.model_validate(dict(call.params))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        text = f"{_who(call)} in version {algorithm.version}: {name} = {first['input']!r}: {worded(first)}"
        raise BadParams(text, field=f"params.{name}") from error
    fault = algorithm.check(params, frozenset(call.ports))
    if fault:
        raise MissingInput(f"{_who(call)}: {fault}")
    return params


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
