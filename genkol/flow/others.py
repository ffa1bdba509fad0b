"""Who else can do a step, should the gates refuse what the first algorithm makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import ValidationError

from genkol.algorithm import Algorithm, Params
from genkol.flow.resolve import Resolved
from genkol.registry import Registry, ports_of


def others_for(
    step: Resolved, given: frozenset[str], registry: Registry, may_run: Callable[[type[Algorithm]], bool]
) -> tuple[tuple[type[Algorithm], Params], ...]:
    """Return other algorithms of the step's service that fit into its place of the plan, the cheapest first.

    None where the user named the algorithm. Another one fits when it reads and writes no more aspects (so that the
    order of the plan holds), finds its ports among those that are filled, takes the user's parameters, does as much
    of the service, costs no more, keeps the inputs here where the first one does, and may be used here.

    Args:
        step: what the user wrote, resolved.
        given: ports that the plan fills.
        registry: the algorithms there are.
        may_run: whether an algorithm may be used here.
    """
    if step.spec.algorithm is not None:
        return ()
    candidates = registry.of(step.algorithm.service.name)
    return tuple(_fitting(step, given, (a for a in candidates if a is not step.algorithm and may_run(a))))


def _fitting(
    step: Resolved, given: frozenset[str], candidates: Iterator[type[Algorithm]]
) -> Iterator[tuple[type[Algorithm], Params]]:
    first = step.algorithm
    for other in candidates:
        same_place = other.effects.reads <= first.effects.reads and other.effects.writes <= first.effects.writes
        as_much = other.general or not first.general
        as_private = other.remote is None or first.remote is not None
        filled = all(use.port.name in given for use in ports_of(other) if use.required)
        params = _params(other, step, given) if same_place and as_much and as_private and filled else None
        if params is not None and other.needs(params).price_usd <= first.needs(step.params).price_usd:
            yield other, params


def _params(other: type[Algorithm], step: Resolved, given: frozenset[str]) -> Params | None:
    try:
        params = other.Params.model_validate(dict(step.spec.params))
    except ValidationError:
        return None
    return params if other.check(params, given) is None else None
