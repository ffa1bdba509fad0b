"""Whether the server is alive, and its documentation."""

from __future__ import annotations

from importlib import resources
from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from genkol.http import openapi
from genkol.http.dependencies import EngineHere

router = APIRouter(tags=["health"])

_DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
"""What the page may load: its own files, and no others; Swagger UI starts by an inline script."""

_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


@router.get("/healthz", responses={200: openapi.answer("Health", "Alive."), **openapi.problems(503)})
def healthz(engine: EngineHere) -> JSONResponse:
    """Whether the server is alive, its version, and how many algorithms it has."""
    return JSONResponse({"status": "ok", "version": version("genkol"), "algorithms": len(engine.registry)})


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The API for people."""
    root = request.scope.get("root_path", "").rstrip("/")
    page = get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title="GenKOL API",
        swagger_js_url=f"{root}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{root}/docs/swagger-ui.css",
        swagger_favicon_url="data:,",
    )
    page.headers["Content-Security-Policy"] = _DOCS_POLICY
    return page


@router.get("/docs/{file}", include_in_schema=False)
def docs_file(file: str) -> Response:
    """Swagger UI's own files, from the installed package: the page works without the internet."""
    if file not in _FILES:
        raise HTTPException(404)
    data = (resources.files("fastapi_offline") / "static" / file).read_bytes()
    return Response(data, media_type=_FILES[file], headers={"Cache-Control": "max-age=86400"})
