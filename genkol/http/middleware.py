"""What surrounds every request: an id, a line in the log, safe headers, a bound on the body.

Pure ASGI: bodies stream through, and a client who leaves is seen by the handler.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genkol.errors import GenkolError, TooLarge
from genkol.http import problems
from genkol.telemetry import SILENT, Telemetry
from genkol.telemetry.metrics import REQUEST_SECONDS, REQUESTS
from genkol.telemetry.story import CANCELLED, DONE, INTERNAL
from genkol.telemetry.tracing import name_request, trace_id

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger("genkol.http")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Set on every answer that does not set its own."""


class RequestLog:
    """Gives each request an id, answers what nobody caught, and tells of it when it is done: a line in the log,
    metrics, and a span.

    The line holds method, path, status, seconds and sizes as fields; of what people send it holds nothing.

    Args:
        app: what answers.
        echo_id: whether the answer tells the id; False behind a proxy that does, whose id is then taken as it is.
        telemetry: is told.
    """

    def __init__(self, app: ASGIApp, echo_id: bool = True, telemetry: Telemetry = SILENT) -> None:
        self.app, self._echo_id, self._telemetry = app, echo_id, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("x-request-id", "")
        known = REQUEST_ID.fullmatch(said) or (said and not self._echo_id)
        scope["genkol.request_id"] = said if known else uuid.uuid4().hex
        answer = _Answer(scope, send, self._echo_id)
        with self._span(scope) as span:
            try:
                await self.app(scope, receive, answer.send)
            except Exception as error:
                if answer.status == 0:
                    await problems.unexpected(scope)(scope, receive, answer.send)
                log.exception(answer.line(), extra=answer.facts(span) | {"error": type(error).__name__})
                self._count(answer, span, INTERNAL)
            except asyncio.CancelledError:  # the server stops, or hears itself that the client is gone
                log.info(answer.line(), extra=answer.facts(span) | {"codes": [CANCELLED]})
                self._count(answer, span, CANCELLED)
                raise
            else:
                log.info(answer.line(), extra=answer.facts(span) | _error_of(scope))
                self._count(answer, span, _outcome(scope, answer.status))

    def _span(self, scope: Scope) -> AbstractContextManager[Span | None]:
        """A span around the request, if spans are exported and it is no probe."""
        tracing = self._telemetry.tracing
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if tracing is None or not path.startswith("/v1/"):
            return nullcontext()
        return tracing.request(scope["method"], Headers(scope=scope))

    def _count(self, answer: _Answer, span: Span | None, outcome: str) -> None:
        if meter := self._telemetry.meter:
            meter.record(REQUESTS, 1, route=answer.route, outcome=outcome)
            meter.record(REQUEST_SECONDS, answer.seconds, route=answer.route)
        if span:
            name_request(span, answer.method, answer.route, answer.status, outcome, answer.request_id)


class _Answer:
    """An answer on its way out."""

    def __init__(self, scope: Scope, send: Send, echo_id: bool) -> None:
        self._scope, self._send, self._echo_id = scope, send, echo_id
        self._started = time.perf_counter()
        self.method: str = scope["method"]
        self.request_id: str = scope["genkol.request_id"]
        self.status = 0
        self._sent = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            if self._echo_id:
                headers["X-Request-Id"] = self.request_id
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
        await self._send(message)

    @property
    def seconds(self) -> float:
        """Since the request came."""
        return time.perf_counter() - self._started

    @property
    def route(self) -> str:
        """The path with its variables named, as it was declared; "none" where there is no such route."""
        return str(getattr(self._scope.get("route"), "path", "none"))

    @property
    def path(self) -> str:
        """The path, not longer than a line should be."""
        return str(self._scope["path"])[:200]

    def line(self) -> str:
        """The line for people."""
        return f"{self.method} {self.path!r} {self.status} in {self.seconds:.3f} s"

    def facts(self, span: Span | None) -> dict[str, Any]:
        """The fields of the line."""
        facts = {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "seconds": round(self.seconds, 4),
            "bytes_in": Headers(scope=self._scope).get("content-length", "")[:20],
            "bytes_out": self._sent,
        }
        return facts | ({"trace_id": trace_id(span)} if span else {})


def _outcome(scope: Scope, status: int) -> str:
    """How a request ended, one of a few words."""
    error = scope.get("genkol.error")
    if isinstance(error, GenkolError):
        return problems.head(error).code
    return DONE if status < 400 else f"http-{status}"


def _error_of(scope: Scope) -> dict[str, Any]:
    """The codes of an error that was answered; of the server's own failures the text too."""
    error = scope.get("genkol.error")
    if not isinstance(error, GenkolError):
        return {}
    codes = [e.code for e in problems.flattened(error)][: problems.MAX_ERRORS]
    return {"codes": codes} | ({"error": error.message[:2000]} if error.status >= 500 else {})


class BodyLimit:
    """Refuses a body of more bytes than allowed: by its announced length, and while it streams."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > self._max_bytes):
            await problems.problem(self._too_large(), scope)(scope, receive, send)
            return
        await self.app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self._max_bytes:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"The request is larger than {self._max_bytes:,} bytes. Send smaller pictures, or upload them one by one "
            "to POST /v1/assets.",
            expected=self._max_bytes,
        )
