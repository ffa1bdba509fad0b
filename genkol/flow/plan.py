"""The plan: a flow made executable, each step with its algorithm, wires, base and name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from genkol.algorithm import Resources
from genkol.artifacts import Kind
from genkol.errors import BadFlow, FlowErrors, GenkolError, did_you_mean
from genkol.flow.placement import LOCAL, Chosen, Placement, Places, chosen, tainted
from genkol.flow.schedule import critical_path, levels
from genkol.services import SERVICES, Role, Service

CANVAS_PORT = "portrait"
"""The port into which a painter gets the portrait with the layers that it must see."""


@dataclass(frozen=True)
class Wire:
    """Where a port's value comes from: an input of the flow, or a step's output."""

    source: str
    is_step: bool

    def __str__(self) -> str:
        return f"{'step' if self.is_step else 'input'}:{self.source}"


@dataclass(frozen=True)
class Other:
    """Another algorithm that can do a planned step, should the gates refuse what the first one makes.

    Args:
        algorithm, version, params, seed, said, edition: of the step that it would be.
        ports: those of the step's that it takes, in its order.
        resources: what one run needs.
        sites: where it runs; see `PlannedStep.sites`.
    """

    algorithm: str
    version: str
    params: Mapping[str, Any]
    seed: int
    ports: tuple[str, ...]
    resources: Resources
    sites: tuple[str, ...] = (LOCAL,)
    said: tuple[str, ...] = ()
    edition: str = ""


@dataclass(frozen=True)
class PlannedStep:
    """One step, ready to run.

    Args:
        id: unique in the plan.
        service, algorithm, version: what runs.
        params: canonical, defaults too.
        seed: for the run.
        strength: at which its layer is laid.
        wires: port to source, in the order of the algorithm's `run`.
        canvas: the port whose picture is the portrait with `sees` laid over it, or None.
        sees: the layers that lie on the portrait this step gets, bottom first.
        name: digest of all that decides the result (see `genkol.flow.naming`).
        derived: whether the Flow Generator added it.
        resources: what one run needs.
        sites: the first of them runs it; the others when that one is lost, in this order.
        verify: whether the gates judge its result.
        others: who may try when they refuse it, in this order.
        said: names of the parameters that the flow itself gives; the others are the algorithm's defaults.
        edition: of the algorithm that was planned with (see `genkol.flow.naming.edition`).
        private: whether it sees a private input, or what was made of one.
    """

    id: str
    service: str
    algorithm: str
    version: str
    params: Mapping[str, Any]
    seed: int
    strength: float
    wires: Mapping[str, Wire]
    canvas: str | None
    sees: tuple[str, ...]
    name: str
    derived: bool
    resources: Resources
    sites: tuple[str, ...] = (LOCAL,)
    verify: bool = False
    others: tuple[Other, ...] = ()
    said: tuple[str, ...] = ()
    edition: str = ""
    private: bool = False

    @property
    def choices(self) -> tuple[PlannedStep, ...]:
        """The step itself, and then as each of the others would do it."""
        return (self, *(self._by(other) for other in self.others))

    def _by(self, other: Other) -> PlannedStep:
        return replace(
            self,
            algorithm=other.algorithm,
            version=other.version,
            params=other.params,
            seed=other.seed,
            wires={port: self.wires[port] for port in other.ports},
            resources=other.resources,
            sites=other.sites,
            others=(),
            said=other.said,
            edition=other.edition,
        )

    @property
    def site(self) -> str:
        """Where it runs."""
        return self.sites[0]

    def at(self, site: str) -> PlannedStep:
        """The step, run at this site."""
        return replace(self, sites=(site,))

    @property
    def key(self) -> str:
        return f"{self.service}/{self.algorithm}"

    @property
    def role(self) -> Role:
        return self.catalogued.role

    @property
    def catalogued(self) -> Service:
        return SERVICES[self.service]

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the steps whose values this one takes, each once."""
        wired = [wire.source for wire in self.wires.values() if wire.is_step]
        return tuple(dict.fromkeys([*wired, *self.sees]))


@dataclass(frozen=True)
class Plan:
    """An executable flow.

    Args:
        inputs: name to kind.
        steps: in an order in which each comes after all that it needs.
        portrait: where the portrait comes from.
        layers: ids of the painters in the order in which their layers are laid, bottom first.
        finish: id of the step that makes the last picture, or None when the composition is the picture.
        seed: the flow's.
    """

    inputs: Mapping[str, Kind]
    steps: tuple[PlannedStep, ...]
    portrait: Wire
    layers: tuple[str, ...]
    finish: str | None
    seed: int

    def step(self, id: str) -> PlannedStep:
        return next(step for step in self.steps if step.id == id)

    def __iter__(self) -> Iterator[PlannedStep]:
        return iter(self.steps)

    @property
    def ends(self) -> tuple[str, ...]:
        """Ids of the steps whose values nobody can do without: those of the picture, and those that no other needs."""
        used = {need for step in self.steps for need in step.needs}
        picture = {*self.layers, self.finish, self.portrait.source if self.portrait.is_step else None}
        return tuple(step.id for step in self.steps if step.id in picture or step.id not in used)

    @property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Steps that may run at the same time, level after level."""
        return levels({step.id: step.needs for step in self.steps})

    @property
    def seconds(self) -> float:
        """Estimated time when independent steps run at once, by the algorithms' measured times."""
        times = {step.id: step.resources.seconds for step in self.steps}
        return critical_path({step.id: step.needs for step in self.steps}, times)

    @property
    def price_usd(self) -> float:
        """What paid APIs will cost."""
        return sum(step.resources.price_usd for step in self.steps)

    def placed(self, wish: Placement, places: Places, is_remote: Callable[[str], bool]) -> Plan:
        """The plan with the sites of each step chosen; see `genkol.flow.placement.chosen`.

        Raises:
            FlowErrors: a private input would leave the local site or is none of the flow's, or the budget does not
                reach.
            Overloaded: an algorithm has no site that works at this moment.
        """
        named = () if isinstance(wish.private, bool) else wish.private
        if unknown := [name for name in named if name not in self.inputs]:
            raise FlowErrors.of(
                BadFlow(f"`private` names {name!r}, which is no input. {did_you_mean(name, self.inputs)}", field=name)
                for name in unknown
            )
        sources = {step.id: [*(wire.source for wire in step.wires.values()), *step.sees] for step in self.steps}
        private = tainted(wish.private, tuple(self.inputs), sources)
        at = chosen(self.steps, wish, places, private, is_remote)
        return replace(self, steps=tuple(_placed(step, at, wish, places, private, is_remote) for step in self.steps))

    def without_private_names(self) -> Plan:
        """The plan for whoever keeps results outside this machine: a step without a name is not looked up nor kept."""
        return replace(self, steps=tuple(replace(step, name="") if step.private else step for step in self.steps))

    def to_json(self) -> dict[str, Any]:
        """The plan for people and programs."""
        return {
            "inputs": {name: kind.value for name, kind in self.inputs.items()},
            "portrait": str(self.portrait),
            "steps": [_step_json(step) for step in self.steps],
            "levels": [list(level) for level in self.levels],
            "layers": list(self.layers),
            "finish": self.finish,
            "seed": self.seed,
            "estimate": {
                "seconds": round(self.seconds, 3),
                "work_seconds": round(sum(step.resources.seconds for step in self.steps), 3),
                "price_usd": self.price_usd,
            },
        }


def _placed(
    step: PlannedStep,
    at: Mapping[str, Chosen],
    wish: Placement,
    places: Places,
    private: set[str],
    is_remote: Callable[[str], bool],
) -> PlannedStep:
    """The step at its sites; others that could not do it there are left out."""
    others = []
    for other, choice in zip(step.others, step.choices[1:], strict=True):
        try:
            found = chosen([choice], wish, places, private, is_remote)[step.id]
        except GenkolError:
            continue
        others.append(replace(other, sites=found.sites, resources=found.resources))
    return replace(
        step,
        sites=at[step.id].sites,
        resources=at[step.id].resources,
        others=tuple(others),
        private=step.id in private,
    )


def _step_json(step: PlannedStep) -> dict[str, Any]:
    return {
        "id": step.id,
        "service": step.service,
        "algorithm": step.algorithm,
        "version": step.version,
        "site": step.site,
        "fallback_sites": list(step.sites[1:]),
        "params": dict(step.params),
        "seed": step.seed,
        "strength": step.strength,
        "inputs": {port: str(wire) for port, wire in step.wires.items()},
        "sees": list(step.sees),
        "needs": list(step.needs),
        "derived": step.derived,
        "verify": step.verify,
        "others": [f"{step.service}/{other.algorithm}" for other in step.others],
        "name": step.name,
    }
