"""The Flow Generator: complete a flow, wire it, check all of it at once, order it.

1. Resolve: each step gets its algorithm and checked parameters (`resolve`).
2. Wire: each port gets its source, by name or by kind (`wiring`).
3. Order: the canonical order is that of explicit references, then stage, then place in the flow.
   A painter sees every earlier painter that wrote an aspect which it, or an analysis that it needs,
   reads or writes, and all that those saw.
4. Complete: the analyses that steps need are added. An analysis reads too: one that an earlier layer
   made stale is taken again, on the picture with that layer.

What has no edge may run at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from genkol.algorithm import Algorithm
from genkol.artifacts import Kind
from genkol.described import weights_of
from genkol.errors import BadFlow, FlowErrors, GenkolError, MissingInput, RequestError, TooLarge, did_you_mean
from genkol.flow.flow import IMPLIED, Flow
from genkol.flow.plan import Plan
from genkol.flow.planning import Planning
from genkol.flow.resolve import Errors, Resolved, resolve
from genkol.flow.schedule import ordered
from genkol.flow.wiring import Wirer, Wiring
from genkol.registry import Registry
from genkol.services import Role


class FlowGenerator:
    """Makes plans of flows.

    Args:
        registry: the algorithms there are.
        weights_digest: of the weights that an algorithm lists; part of a step's name.
        gate: raises when an algorithm may not be used here (a licence).
        max_steps: most steps in a flow.
        gate_digest: of what the gates hold an algorithm's result to; part of a verified step's name.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        weights_digest: Callable[[tuple[str, ...]], str] = ",".join,
        gate: Callable[[type[Algorithm]], None] = lambda algorithm: None,
        max_steps: int = 32,
        gate_digest: Callable[[type[Algorithm]], str] = lambda algorithm: "",
    ) -> None:
        self.registry = registry
        self._weights_digest = weights_digest
        self._gate = gate
        self._max_steps = max_steps
        self._gate_digest = gate_digest

    def plan(self, flow: Flow, digests: Mapping[str, str] | None = None, faults: Sequence[RequestError] = ()) -> Plan:
        """Return the plan of a flow.

        Args:
            flow: what is wanted.
            digests: name to digest of each input's value; without them the steps have no names.
            faults: what was already found wrong with the request; reported with the rest.

        Raises:
            FlowErrors: the flow cannot be run; every fault is listed.
        """
        errors: Errors = list(faults)
        if len(flow.steps) > self._max_steps:
            raise FlowErrors.of(
                [TooLarge(f"The flow has {len(flow.steps)} steps; at most {self._max_steps} are allowed.")]
            )
        if digests is not None:
            errors.extend(_value_faults(flow, digests))
        steps = resolve(flow, self.registry, self._gate, errors)
        wiring = Wirer(flow, steps, errors).wiring()
        order = _canonical_order(flow, steps, wiring, errors)
        if not errors:
            errors.extend(_unused(flow, wiring))
        if errors or wiring.portrait is None:
            raise FlowErrors.of(_each_once(errors))
        planning = Planning(self.registry, self.weights_digest, self._gate_digest, self.may_run, flow, wiring, digests)
        return planning.plan(order)

    def may_run(self, algorithm: type[Algorithm]) -> bool:
        """Whether the algorithm may be used here (its licence)."""
        try:
            self._gate(algorithm)
        except GenkolError:
            return False
        return True

    def weights_digest(self, algorithm: type[Algorithm]) -> str:
        """Digest of the algorithm's weights."""
        return weights_of(algorithm, self._weights_digest)


def _each_once(errors: Sequence[GenkolError]) -> list[RequestError]:
    unique: dict[tuple[str, object], GenkolError] = {}
    for error in errors:
        unique.setdefault((str(error), error.context.get("step")), error)
    return list(unique.values())  # type: ignore[arg-type]


def _value_faults(flow: Flow, digests: Mapping[str, str]) -> list[RequestError]:
    faults: list[RequestError] = [
        MissingInput(f"No value came for the input {name!r} ({kind}).", field=name)
        for name, kind in flow.inputs.items()
        if name not in digests
    ]
    for name in digests:
        if name not in flow.inputs:
            hint = did_you_mean(name, flow.inputs)
            faults.append(BadFlow(f"A value came for {name!r}, which is no input of the flow. {hint}", field=name))
    return faults


def _unused(flow: Flow, wiring: Wiring) -> list[RequestError]:
    used = {wire.source for wires in wiring.wires.values() for wire in wires.values() if not wire.is_step}
    used |= {wiring.portrait.source} if wiring.portrait else set()
    return [
        BadFlow(f"The input {name!r} ({kind}) is used by no step. {_use_for(kind)}", field=name)
        for name, kind in flow.inputs.items()
        if name not in used
    ]


def _use_for(kind: Kind) -> str:
    add = f"Add a step of service {IMPLIED[kind]!r}, or leave" if kind in IMPLIED else "Leave"
    return f"{add} the input out."


def _canonical_order(flow: Flow, steps: Sequence[Resolved], wiring: Wiring, errors: Errors) -> tuple[Resolved, ...]:
    """Return all steps but analyses, ordered by reference, stage and place; cycles go to `errors`."""
    ids = set(flow.step_ids())
    movable = {step.id: step for step in steps}
    graph: dict[str, set[str]] = {}
    for step in steps:
        for other in step.spec.after:
            if other not in ids:
                errors.append(
                    MissingInput(f"`after` names {other!r}, which is no step. {did_you_mean(other, ids)}", step=step.id)
                )
        wired = {wire.source for wire in wiring.wires[step.id].values() if wire.is_step}
        graph[step.id] = {need for need in {*step.spec.after, *wired} if need in movable}
    try:
        order = ordered(graph, {id: step.rank for id, step in movable.items()})
    except RequestError as error:
        errors.append(error)
        return ()
    return tuple(movable[id] for id in order if movable[id].role is not Role.ANALYSIS)
