"""From a flow's words to algorithms: each step with its class, its checked parameters and its id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from genkol.algorithm import Algorithm, Params
from genkol.errors import BadFlow, BadParams, GenkolError, RequestError, UnknownAlgorithm, UnknownService, did_you_mean
from genkol.flow.flow import Flow, FlowStep, worded
from genkol.registry import PortUse, Registry, ports_of
from genkol.services import Role

Errors = list[GenkolError]


@dataclass(frozen=True)
class Resolved:
    """A step of the flow with the class that does it.

    Args:
        index: place in the flow.
        id: unique in the flow.
        spec: what the user wrote.
        algorithm: the class.
        params: None when the user's were wrong (which has been reported).
    """

    index: int
    id: str
    spec: FlowStep
    algorithm: type[Algorithm]
    params: Params | None

    @property
    def role(self) -> Role:
        return self.algorithm.service.role

    @property
    def ports(self) -> tuple[PortUse, ...]:
        return ports_of(self.algorithm)

    @property
    def rank(self) -> tuple[int, int]:
        """Canonical order: the service's stage, then the place in the flow."""
        return self.algorithm.service.stage, self.index


def resolve(
    flow: Flow, registry: Registry, gate: Callable[[type[Algorithm]], None], errors: Errors
) -> tuple[Resolved, ...]:
    """Return the steps that could be resolved; what is wrong with the others goes to `errors`."""
    ids = flow.step_ids()
    errors.extend(_id_faults(flow, ids))
    found = []
    for index, (id, spec) in enumerate(zip(ids, flow.steps, strict=True)):
        try:
            algorithm = registry.algorithm(spec.service, spec.algorithm)
            gate(algorithm)
        except (UnknownService, UnknownAlgorithm) as error:
            errors.append(error.located(step=id))
            continue
        except GenkolError as error:
            errors.append(error.located(step=id))
            continue
        found.append(Resolved(index, id, spec, algorithm, _params(registry, algorithm, id, spec, errors)))
    return tuple(found)


def _id_faults(flow: Flow, ids: tuple[str, ...]) -> Iterator[RequestError]:
    for id in dict.fromkeys(ids):
        if ids.count(id) > 1:
            yield BadFlow(f"{ids.count(id)} steps have the id {id!r}. Give each its own.", step=id)
        if id in flow.inputs:
            yield BadFlow(f"{id!r} names both an input and a step. Rename one.", step=id)


def _params(registry: Registry, algorithm: type[Algorithm], id: str, spec: FlowStep, errors: Errors) -> Params | None:
    try:
        return algorithm.Params.model_validate(dict(spec.params))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            errors.append(_param_fault(registry, algorithm, id, dict(fault)))
        return None


def _param_fault(registry: Registry, algorithm: type[Algorithm], id: str, fault: dict[str, object]) -> BadParams:
    loc = fault["loc"]
    name = ".".join(str(part) for part in loc) if isinstance(loc, tuple) else str(loc)
    if fault["type"] == "extra_forbidden":
        text = f"{algorithm.key()} has no parameter {name!r}. {_hint(registry, algorithm, name)}"
    else:
        text = f"{algorithm.key()}: {name} = {fault['input']!r}: {worded(fault)}"
    return BadParams(text, step=id, field=f"params.{name}", value=repr(fault["input"])[:200])


def _hint(registry: Registry, algorithm: type[Algorithm], name: str) -> str:
    """The algorithm of the same service that has such a parameter, or else the nearest name."""
    for other in registry.of(algorithm.service.name):
        if name in other.Params.model_fields:
            return f"{other.key()} has: choose it by `algorithm`."
    return did_you_mean(name, algorithm.Params.model_fields)
