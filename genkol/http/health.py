"""Whether the server is alive, and its documentation."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from genkol.http import openapi
from genkol.http.dependencies import EngineHere

router = APIRouter(tags=["health"])

# Swagger UI comes from a CDN; nothing else may be loaded, and it may talk to this server alone.
_DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; "
    "script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    "img-src 'self' data: https://fastapi.tiangolo.com"
)


@router.get("/healthz", responses={200: openapi.answer("Health", "Alive."), **openapi.problems(503)})
def healthz(engine: EngineHere) -> JSONResponse:
    """Whether the server is alive, its version, and how many algorithms it has."""
    return JSONResponse({"status": "ok", "version": version("genkol"), "algorithms": len(engine.registry)})


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The API for people."""
    root = request.scope.get("root_path", "").rstrip("/")
    page = get_swagger_ui_html(openapi_url=f"{root}/openapi.json", title="GenKOL API")
    page.headers["Content-Security-Policy"] = _DOCS_POLICY
    return page
