"""From kinds to wires: where each port of each step gets its value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from genkol.artifacts import Kind
from genkol.errors import AmbiguousInput, GenkolError, MissingInput, RequestError, UnfitInput, did_you_mean
from genkol.flow.flow import Flow
from genkol.flow.matrices import fits
from genkol.flow.plan import Wire
from genkol.flow.resolve import Errors, Resolved
from genkol.registry import PortUse
from genkol.services import Port, Role, services_with


@dataclass(frozen=True)
class Wiring:
    """How a flow hangs together.

    Args:
        portrait: where the portrait comes from, None when the flow has none (which has been reported).
        wires: step id to port to source; analysis ports are left to the generator.
        templates: (analysis service, source) to the step of the flow that says how to do it.
        chosen: (step id, analysis port) to the id of the analysis step that the user named.
    """

    portrait: Wire | None
    wires: Mapping[str, Mapping[str, Wire]]
    templates: Mapping[tuple[str, Wire], Resolved]
    chosen: Mapping[tuple[str, str], Resolved]


class Wirer:
    """Wires the resolved steps of one flow."""

    def __init__(self, flow: Flow, steps: Sequence[Resolved], errors: Errors) -> None:
        self._flow, self._steps, self._errors = flow, steps, errors
        self._by_id = {step.id: step for step in steps}
        self._all_ids = set(flow.step_ids())
        self._sources: dict[Wire, Kind] = {Wire(n, is_step=False): kind for n, kind in flow.inputs.items()}
        for step in steps:
            if step.role is Role.SOURCE:
                self._sources[Wire(step.id, is_step=True)] = step.algorithm.service.output

    def wiring(self) -> Wiring:
        """Return the wiring; all faults go to the list of errors."""
        portrait = self._portrait()
        wires: dict[str, dict[str, Wire]] = {}
        for step in self._steps:
            self._refuse_unknown_ports(step)
            wires[step.id] = {use.port.name: w for use in step.ports if (w := self._wire(step, use, portrait))}
            self._check_use(step, wires[step.id])
        return Wiring(portrait, wires, self._templates(wires), self._chosen(wires))

    def _portrait(self) -> Wire | None:
        named = {s.spec.inputs["portrait"]: s.id for s in self._steps if "portrait" in s.spec.inputs}
        if len(named) > 1:
            listed = ", ".join(f"{step}: {source}" for source, step in named.items())
            self._errors.append(
                AmbiguousInput(f"One flow makes one picture, but its steps name several portraits ({listed}).")
            )
            return None
        port = Port("portrait", Kind.PORTRAIT)
        if named:
            source, step = next(iter(named.items()))
            return self._named(step, port, source)
        found = self._choose(port)
        if isinstance(found, RequestError):
            self._errors.append(found)
            return None
        if found is None:
            self._errors.append(
                MissingInput(
                    "The flow has no portrait. Give an input of kind 'portrait', or add a step of service 'identity'.",
                    field="portrait",
                )
            )
        return found

    def _wire(self, step: Resolved, use: PortUse, portrait: Wire | None) -> Wire | None:
        port, given = use.port, step.spec.inputs.get(use.port.name)
        if port.of is not None:
            return None
        if port.kind is Kind.PORTRAIT:
            return portrait
        if given is not None:
            return self._named(step.id, port, given)
        if step.role is Role.ANALYSIS:
            return portrait
        found = self._choose(port)
        if isinstance(found, RequestError):
            self._errors.append(found.located(step=step.id))
            return None
        if found is None and use.required:
            self._errors.append(self._missing(step, port))
        return found

    def _choose(self, port: Port) -> Wire | RequestError | None:
        fitting = [wire for wire, kind in self._sources.items() if fits(kind, port)]
        if len(fitting) <= 1:
            return fitting[0] if fitting else None
        same_name = [wire for wire in fitting if wire.source == port.name]
        if same_name:
            return same_name[0]
        listed = ", ".join(wire.source for wire in fitting)
        return AmbiguousInput(
            f"The port {port.name!r} ({port.kind}) could take any of: {listed}. "
            f'Say which: "inputs": {{"{port.name}": "{fitting[0].source}"}}.',
            field=f"inputs.{port.name}",
            candidates=[wire.source for wire in fitting],
        )

    def _named(self, step: str, port: Port, source: str) -> Wire | None:
        field = f"inputs.{port.name}"
        wire = Wire(source, is_step=source not in self._flow.inputs)
        if wire.is_step and source not in self._all_ids:
            hint = did_you_mean(source, {*self._flow.inputs, *self._all_ids})
            self._errors.append(MissingInput(f"No input or step is named {source!r}. {hint}", step=step, field=field))
            return None
        if wire.is_step and source not in self._by_id:
            return None  # a step that could not be resolved has been reported
        kind = self._sources.get(wire) or self._by_id[source].algorithm.service.output
        if not fits(kind, port):
            self._errors.append(
                UnfitInput(
                    f"The port {port.name!r} takes {_kinds(port)}, but {source!r} is of kind {kind}.",
                    step=step,
                    field=field,
                )
            )
            return None
        return wire

    def _refuse_unknown_ports(self, step: Resolved) -> None:
        taken = {use.port.name for use in step.ports}
        for name in step.spec.inputs:
            if name in taken:
                continue
            known = step.algorithm.service.port(name) is not None
            why = (
                f"{step.algorithm.key()} does not take the port {name!r}; it takes: {', '.join(sorted(taken))}."
                if known
                else f"{step.algorithm.service.name} has no port {name!r}. {did_you_mean(name, taken)}"
            )
            self._errors.append(UnfitInput(why, step=step.id, field=f"inputs.{name}"))

    def _check_use(self, step: Resolved, wires: Mapping[str, Wire]) -> None:
        if step.params is None:
            return
        fault = step.algorithm.check(step.params, frozenset(wires))
        if fault:
            self._errors.append(MissingInput(f"{step.algorithm.key()}: {fault}", step=step.id))

    def _missing(self, step: Resolved, port: Port) -> MissingInput:
        makers = [s.name for s in services_with(Role.SOURCE) if fits(s.output, port)]
        ways = [f"Give an input of kind {port.kind.value!r}", *(f"add a step of service {m!r}" for m in makers)]
        return MissingInput(
            f"{step.algorithm.key()} needs {port.name!r} ({port.kind}), and nothing in the flow is of that kind. "
            f"{', or '.join(ways)}.",
            step=step.id,
            field=f"inputs.{port.name}",
        )

    def _templates(self, wires: Mapping[str, Mapping[str, Wire]]) -> dict[tuple[str, Wire], Resolved]:
        found: dict[tuple[str, Wire], Resolved] = {}
        for step in self._steps:
            wire = wires[step.id].get("picture")
            if step.role is not Role.ANALYSIS or wire is None:
                continue
            key = step.algorithm.service.name, wire
            if key in found:
                self._errors.append(
                    AmbiguousInput(
                        f"Two steps do {key[0]} of {wire.source!r}: {found[key].id} and {step.id}. Keep one.",
                        step=step.id,
                    )
                )
            found[key] = step
        return found

    def _chosen(self, wires: Mapping[str, Mapping[str, Wire]]) -> dict[tuple[str, str], Resolved]:
        return {(step.id, use.port.name): chosen for step, use, chosen in self._choices(wires)}

    def _choices(self, wires: Mapping[str, Mapping[str, Wire]]) -> Iterator[tuple[Resolved, PortUse, Resolved]]:
        for step in self._steps:
            for use in step.ports:
                given = step.spec.inputs.get(use.port.name)
                if use.port.of is None or given is None:
                    continue
                wire = self._named(step.id, use.port, given)
                if wire is None:
                    continue
                chosen = self._by_id.get(given)
                of = wires[step.id].get(use.port.of)
                if chosen is None or wires[given].get("picture") != of:
                    self._errors.append(_wrong_picture(step, use.port, given))
                else:
                    yield step, use, chosen


def _wrong_picture(step: Resolved, port: Port, given: str) -> GenkolError:
    return UnfitInput(
        f"The port {port.name!r} is the analysis of {port.of!r}, but {given!r} analyses another picture.",
        step=step.id,
        field=f"inputs.{port.name}",
    )


def _kinds(port: Port) -> str:
    return "any picture" if port.kind is Kind.PICTURE else f"a {port.kind}"
