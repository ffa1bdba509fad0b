"""The HTTP application over an Engine."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware

from genkol.engine import Engine
from genkol.http import assets, catalogue, flows, health, pictures, problems
from genkol.http.middleware import BodyLimit, RequestLog
from genkol.http.openapi import Api
from genkol.settings import Settings
from genkol.settings import settings as settings_of_process
from genkol.telemetry import SILENT, Telemetry


def create_app(
    get_engine: Callable[[], Engine],
    *,
    settings: Settings | None = None,
    echo_request_id: bool = True,
    telemetry: Telemetry = SILENT,
) -> FastAPI:
    """Return the application.

    It holds no engine, lock or connection, so that it can be pickled and sent to where it runs.

    Args:
        get_engine: called for each request; cheap.
        settings: of the HTTP edge (size of requests, timeout, asset folder); the process's by default. How
            large a picture may be always comes from the process's.
        echo_request_id: False behind a proxy that answers with X-Request-Id itself, as Ray Serve's does.
        telemetry: is told of requests; the Engine's dispatcher tells of its own (`genkol.telemetry.Watched`).
    """
    settings = settings or settings_of_process()
    app = Api(
        title="GenKOL",
        version=version("genkol"),
        summary="Campaign pictures of a virtual KOL, composed by modular AI services.",
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(RequestLog, echo_id=echo_request_id, telemetry=telemetry),
            Middleware(BodyLimit, max_bytes=settings.max_request_bytes),
        ],
    )
    app.state.get_engine = get_engine
    app.state.settings = settings
    problems.install(app)
    for part in (pictures, flows, catalogue, assets, health):
        # Not include_router: what that makes holds a lock, and the application must pickle.
        app.router.routes.extend(part.router.routes)
    return app
