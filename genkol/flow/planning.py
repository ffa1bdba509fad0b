"""A flow without faults, resolved and wired, becomes a plan: analyses added, layers seen, steps named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from genkol.algorithm import Algorithm, Effects, Params
from genkol.flow.flow import Flow
from genkol.flow.matrices import hazards
from genkol.flow.naming import edition, step_name, step_seed
from genkol.flow.others import others_for
from genkol.flow.plan import CANVAS_PORT, Other, Plan, PlannedStep, Wire
from genkol.flow.resolve import Resolved
from genkol.flow.wiring import Wiring
from genkol.registry import PortUse, Registry, ports_of
from genkol.services import Port, Role, services_with

ANALYSIS_PORT = "picture"

VERIFIED = frozenset({Role.PAINTER, Role.FINISHER})
"""Roles whose results the gates can judge: those that change the picture."""


@dataclass
class Planning:
    """One run of the Flow Generator over a flow that has no faults.

    Args:
        registry: the algorithms there are.
        weights_digest: of the weights that an algorithm lists; part of a step's name.
        gate_digest: of what the gates hold an algorithm's result to; part of a verified step's name.
        may_run: whether an algorithm may be used here (its licence).
        flow: what is wanted.
        wiring: where each port's value comes from.
        digests: name to digest of each input's value; None leaves the steps without names.
    """

    registry: Registry
    weights_digest: Callable[[type[Algorithm]], str]
    gate_digest: Callable[[type[Algorithm]], str]
    may_run: Callable[[type[Algorithm]], bool]
    flow: Flow
    wiring: Wiring
    digests: Mapping[str, str] | None
    planned: dict[str, PlannedStep] = field(default_factory=dict)
    painters: list[tuple[Resolved, Effects]] = field(default_factory=list)
    analyses: dict[tuple[object, ...], str] = field(default_factory=dict)

    def plan(self, order: Sequence[Resolved]) -> Plan:
        finish = None
        for step in order:
            self._add(step)
            finish = step.id if step.role is Role.FINISHER else finish
        self._add_unused_analyses()
        assert self.wiring.portrait is not None
        return Plan(
            inputs=dict(self.flow.inputs),
            steps=tuple(self.planned.values()),
            portrait=self.wiring.portrait,
            layers=tuple(step.id for step, _ in self.painters),
            finish=finish,
            seed=self.flow.seed,
        )

    def _add(self, step: Resolved) -> None:
        templates = self._templates(step)
        sees = self._seen(step, [t for port, t in templates.items() if self._is_canvas(step, port)])
        wires = dict(self.wiring.wires[step.id])
        for port, template in templates.items():
            of = wires[port.of or ""]
            wires[port.name] = Wire(
                self._analysis(template, of, sees if of == self.wiring.portrait else ()), is_step=True
            )
        in_order = {use.port.name: wires[use.port.name] for use in step.ports if use.port.name in wires}
        assert step.params is not None
        self._put(
            step.id, step.algorithm, step.params, in_order, sees, step.spec.strength, step.spec.seed, derived=False
        )
        if step.role in VERIFIED and (self.flow.verify if step.spec.verify is None else step.spec.verify):
            self.planned[step.id] = self._verified(step, self.planned[step.id])
        if step.role is Role.PAINTER:
            self.painters.append((step, step.algorithm.effects))

    def _is_canvas(self, step: Resolved, port: Port) -> bool:
        return self.wiring.wires[step.id].get(port.of or "") == self.wiring.portrait

    def _templates(self, step: Resolved) -> dict[Port, Resolved | type[Algorithm]]:
        """The analyses that a step needs, by port: as the flow says how, or the service's default."""
        return {
            use.port: self._template(step, use)
            for use in step.ports
            if use.port.of is not None and use.port.of in self.wiring.wires[step.id]
        }

    def _template(self, step: Resolved, use: PortUse) -> Resolved | type[Algorithm]:
        chosen = self.wiring.chosen.get((step.id, use.port.name))
        if chosen is not None:
            return chosen
        service = next(s for s in services_with(Role.ANALYSIS) if s.output is use.port.kind)
        of = self.wiring.wires[step.id][use.port.of or ""]
        return self.wiring.templates.get((service.name, of)) or self.registry.algorithm(service.name)

    def _seen(self, step: Resolved, analyses: Sequence[Resolved | type[Algorithm]]) -> tuple[str, ...]:
        if CANVAS_PORT not in self.wiring.wires[step.id] and step.role is not Role.FINISHER:
            return ()
        if step.role is Role.FINISHER:
            return tuple(painter.id for painter, _ in self.painters)
        own = step.algorithm.effects
        reads = own.reads.union(*(_class(a).effects.reads for a in analyses))
        return self._visible(Effects(reads, own.writes), step.spec.after)

    def _visible(self, effects: Effects, after: Sequence[str] = ()) -> tuple[str, ...]:
        """Earlier painters whose work a step with these effects must see, with all that they saw."""
        seen: set[str] = set()
        for painter, wrote in self.painters:
            if painter.id in after or hazards(wrote, effects):
                seen |= {painter.id, *self.planned[painter.id].sees}
        return tuple(painter.id for painter, _ in self.painters if painter.id in seen)

    def _analysis(self, template: Resolved | type[Algorithm], of: Wire, base: Sequence[str]) -> str:
        """Return the id of the analysis of `of` with those layers of `base` that it reads; add it if new."""
        algorithm = _class(template)
        visible = tuple(id for id in self._visible(algorithm.effects) if id in base)
        params = template.params if isinstance(template, Resolved) else algorithm.Params()
        assert params is not None
        key = (algorithm.key(), repr(params), of, visible)
        if key not in self.analyses:
            self.analyses[key] = id = self._analysis_id(template, of)
            self._put(
                id, algorithm, params, {ANALYSIS_PORT: of}, visible, 1.0, 0, derived=id not in self.flow.step_ids()
            )
        return self.analyses[key]

    def _analysis_id(self, template: Resolved | type[Algorithm], of: Wire) -> str:
        taken = {*self.planned, *self.flow.inputs}
        if isinstance(template, Resolved):
            base = template.id
        else:
            base = template.service.name + ("" if of == self.wiring.portrait else f"-of-{of.source}")
            taken |= set(self.flow.step_ids())
        id, n = base, 2
        while id in taken:
            id, n = f"{base}-{n}", n + 1
        return id

    def _add_unused_analyses(self) -> None:
        for (_, of), template in self.wiring.templates.items():
            if template.id not in self.planned:
                self._analysis(template, of, ())

    def _put(
        self,
        id: str,
        algorithm: type[Algorithm],
        params: Params,
        wires: Mapping[str, Wire],
        sees: tuple[str, ...],
        strength: float,
        seed: int | None,
        *,
        derived: bool,
    ) -> None:
        canonical = params.canonical()
        used = self._seed(algorithm, id, seed)
        self.planned[id] = PlannedStep(
            id=id,
            service=algorithm.service.name,
            algorithm=algorithm.name,
            version=algorithm.version,
            params=canonical,
            seed=used,
            strength=strength,
            wires=dict(wires),
            canvas=self._canvas(wires),
            sees=sees,
            name=self._name(algorithm, canonical, used, wires, sees),
            derived=derived,
            resources=algorithm.needs(params),
            said=tuple(sorted(params.model_fields_set)),
            edition=edition(algorithm.version, self.weights_digest(algorithm)),
        )

    def _verified(self, step: Resolved, planned: PlannedStep) -> PlannedStep:
        """Return the step as one that the gates judge, with those who may try instead."""
        found = others_for(step, frozenset(planned.wires), self.registry, self.may_run)
        by = [(algorithm, self._other(algorithm, params, planned, step.spec.seed)) for algorithm, params in found]

        def named(algorithm: type[Algorithm], one: PlannedStep, verified: Sequence[str] | None = None) -> str:
            return self._name(algorithm, one.params, one.seed, one.wires, one.sees, verified)

        judged = replace(planned, verify=True, others=tuple(other for _, other in by))
        names = [
            f"{named(algorithm, one)} {self.gate_digest(algorithm)}"
            for (algorithm, _), one in zip(by, judged.choices[1:], strict=True)
        ]
        return replace(judged, name=named(step.algorithm, planned, names))

    def _other(self, algorithm: type[Algorithm], params: Params, planned: PlannedStep, seed: int | None) -> Other:
        return Other(
            algorithm=algorithm.name,
            version=algorithm.version,
            params=params.canonical(),
            seed=self._seed(algorithm, planned.id, seed),
            ports=tuple(use.port.name for use in ports_of(algorithm) if use.port.name in planned.wires),
            resources=algorithm.needs(params),
            said=tuple(sorted(params.model_fields_set)),
            edition=edition(algorithm.version, self.weights_digest(algorithm)),
        )

    def _seed(self, algorithm: type[Algorithm], id: str, seed: int | None) -> int:
        if not algorithm.seeded:
            return 0
        return step_seed(self.flow.seed, id) if seed is None else seed

    def _name(
        self,
        algorithm: type[Algorithm],
        params: Mapping[str, object],
        seed: int,
        wires: Mapping[str, Wire],
        sees: Sequence[str],
        verified: Sequence[str] | None = None,
    ) -> str:
        if self.digests is None:
            return ""
        digests = self.digests
        return step_name(
            algorithm=algorithm.key(),
            version=algorithm.version,
            weights=self.weights_digest(algorithm),
            params=params,
            seed=seed,
            inputs={p: self.planned[w.source].name if w.is_step else digests[w.source] for p, w in wires.items()},
            layers=[(self.planned[id].name, self.planned[id].strength) for id in sees],
            canvas=self._canvas(wires),
            verified=verified,
            gate="" if verified is None else self.gate_digest(algorithm),
        )

    def _canvas(self, wires: Mapping[str, Wire]) -> str | None:
        return next((p for p in (CANVAS_PORT, ANALYSIS_PORT) if wires.get(p) == self.wiring.portrait), None)


def _class(template: Resolved | type[Algorithm]) -> type[Algorithm]:
    return template.algorithm if isinstance(template, Resolved) else template
