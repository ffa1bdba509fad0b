"""What there is, JSON-ready, for the API and the command line: services, installed algorithms, the two matrices."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from genkol.algorithm import Algorithm
from genkol.flow.matrices import compatibility as compatibility_matrix
from genkol.flow.matrices import dependency_table
from genkol.registry import Registry, ports_of
from genkol.services import SERVICES, Role, Service
from genkol.weights import weight_named


def services(registry: Registry) -> dict[str, Any]:
    """All services by stage, each with the algorithms that are installed for it, the default first."""
    by_stage = sorted(SERVICES.values(), key=lambda service: service.stage)
    return {"services": [_service(service, registry) for service in by_stage]}


def _service(service: Service, registry: Registry) -> dict[str, Any]:
    return {
        "name": service.name,
        "stage": service.stage,
        "role": service.role.value,
        "output": service.output.value,
        "description": service.description,
        "ports": [
            {"name": port.name, "kind": port.kind.value, "of": port.of, "description": port.description}
            for port in service.ports
        ],
        "algorithms": [algorithm.name for algorithm in registry.of(service.name)],
    }


def algorithms(registry: Registry) -> dict[str, Any]:
    """All installed algorithms by stage, with the JSON Schema of their parameters."""
    return {"algorithms": [_algorithm(algorithm, registry) for algorithm in registry]}


def _algorithm(algorithm: type[Algorithm], registry: Registry) -> dict[str, Any]:
    return {
        "service": algorithm.service.name,
        "name": algorithm.name,
        "version": algorithm.version,
        "description": (inspect.getdoc(algorithm) or "").partition("\n\n")[0].replace("\n", " "),
        "default": registry.of(algorithm.service.name)[0] is algorithm,
        "ports": [
            {"name": use.port.name, "kind": use.port.kind.value, "required": use.required}
            for use in ports_of(algorithm)
        ],
        "effects": {"reads": sorted(algorithm.effects.reads), "writes": sorted(algorithm.effects.writes)},
        "resources": dataclasses.asdict(algorithm.resources),
        "weights": [_weight(name) for name in algorithm.weights],
        "seeded": algorithm.seeded,
        "remote": None if algorithm.remote is None else dataclasses.asdict(algorithm.remote),
        "params": algorithm.Params.model_json_schema(),
    }


def _weight(name: str) -> dict[str, Any]:
    weight = weight_named(name)
    return {"name": name, "size_bytes": weight.size_bytes, "licence": weight.licence, "commercial": weight.commercial}


def compatibility(registry: Registry) -> dict[str, Any]:
    """The compatibility matrix (kind to ``service.port``) and the dependency matrix of the installed painters
    and analyses, in canonical order: ``[a][b]`` holds the aspects for which b must see a's work.
    """
    effects = {a.key(): a.effects for a in registry if a.service.role in (Role.PAINTER, Role.ANALYSIS, Role.FINISHER)}
    return {"compatibility": compatibility_matrix(), "dependency": dependency_table(effects)}
