"""What there is: services, algorithms and the two matrices."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from genkol import catalogue
from genkol.http import openapi
from genkol.http.dependencies import EngineHere

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get("/services", responses={200: openapi.answer("ServicesAnswer", "All services."), **openapi.problems()})
def list_services(engine: EngineHere) -> JSONResponse:
    """The catalogue of services: ports, role, stage, and the installed algorithms, the default first."""
    return JSONResponse(catalogue.services(engine.registry))


@router.get("/algorithms", responses={200: openapi.answer("AlgorithmsAnswer", "All algorithms."), **openapi.problems()})
def list_algorithms(engine: EngineHere) -> JSONResponse:
    """The installed algorithms with parameters, effects, resources and the licences of their weights."""
    return JSONResponse(catalogue.algorithms(engine.registry))


@router.get(
    "/algorithms/{service}/{name}",
    responses={200: openapi.answer("AlgorithmAnswer", "The algorithm."), **openapi.problems(404)},
)
def show_algorithm(service: str, name: str, engine: EngineHere) -> JSONResponse:
    """One algorithm; its parameters as JSON Schema."""
    found = engine.registry.algorithm(service, name)
    listed = catalogue.algorithms(engine.registry)["algorithms"]
    return JSONResponse(next(a for a in listed if (a["service"], a["name"]) == (found.service.name, found.name)))


@router.get(
    "/compatibility", responses={200: openapi.answer("CompatibilityAnswer", "Both matrices."), **openapi.problems()}
)
def show_compatibility(engine: EngineHere) -> JSONResponse:
    """Which kind fits which port, and which algorithm must see which other's work."""
    return JSONResponse(catalogue.compatibility(engine.registry))
