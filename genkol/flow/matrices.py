"""Two matrices: which output fits which port, and which step must see another's work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from genkol.algorithm import Effects
from genkol.artifacts import PYTHON_TYPE, Image, Kind
from genkol.services import SERVICES, Aspect, Port, Service


def fits(kind: Kind, port: Port) -> bool:
    """Say whether a value of this kind may go into the port: the same kind, or any picture where
    the port takes pictures of every kind.
    """
    if port.kind is Kind.PICTURE:
        return PYTHON_TYPE[kind] is Image
    return kind is port.kind


def compatibility(services: Iterable[Service] | None = None) -> dict[str, dict[str, bool]]:
    """Return the compatibility matrix: kind to ``service.port`` to whether it fits."""
    columns = [(s, port) for s in (services or SERVICES.values()) for port in s.ports]
    return {kind.value: {f"{s.name}.{port.name}": fits(kind, port) for s, port in columns} for kind in Kind}


def hazards(earlier: Effects, later: Effects) -> frozenset[Aspect]:
    """Return the aspects for which the later step must see the earlier one's work: what the earlier
    writes and the later reads or writes.

    That an earlier step reads what a later one writes is no hazard: a step's base is a picture of its
    own, which nobody changes under it.
    """
    return earlier.writes & (later.reads | later.writes)


def dependency(effects: Sequence[Effects]) -> list[list[frozenset[Aspect]]]:
    """Return the dependency matrix of steps in their canonical order: ``[i][j]`` holds the aspects for
    which step j must see step i; empty on and below the diagonal.
    """
    none: frozenset[Aspect] = frozenset()
    return [
        [hazards(one, other) if i < j else none for j, other in enumerate(effects)] for i, one in enumerate(effects)
    ]


def dependency_table(effects: Mapping[str, Effects]) -> dict[str, dict[str, list[str]]]:
    """The dependency matrix with names, JSON-ready; only pairs that have an edge are listed."""
    matrix = dependency(list(effects.values()))
    names = list(effects)
    return {
        names[i]: {names[j]: sorted(aspects) for j, aspects in enumerate(row) if aspects}
        for i, row in enumerate(matrix)
    }
