"""What surrounds every request: an id, a line in the log, safe headers, a bound on the body.

Pure ASGI: bodies stream through, and a client who leaves is seen by the handler.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genkol.errors import GenkolError, TooLarge
from genkol.http import problems

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
    """Gives each request an id, answers what nobody caught, and writes one JSON line when it is done.

    The line holds method, path, status, seconds and sizes; of what people send it holds nothing.

    Args:
        app: what answers.
        echo_id: whether the answer tells the id; False behind a proxy that does.
    """

    def __init__(self, app: ASGIApp, echo_id: bool = True) -> None:
        self.app, self._echo_id = app, echo_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("x-request-id", "")
        scope["genkol.request_id"] = said if REQUEST_ID.fullmatch(said) else uuid.uuid4().hex
        answer = _Answer(scope, send, self._echo_id)
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:
            if answer.status == 0:
                await problems.unexpected(scope)(scope, receive, answer.send)
            log.exception(answer.line(error=type(error).__name__))
        except asyncio.CancelledError:  # the server stops, or hears itself that the client is gone
            log.info(answer.line(codes=["cancelled"]))
            raise
        else:
            log.info(answer.line(**_error_of(scope)))


class _Answer:
    """An answer on its way out."""

    def __init__(self, scope: Scope, send: Send, echo_id: bool) -> None:
        self._scope, self._send, self._echo_id = scope, send, echo_id
        self._started = time.perf_counter()
        self.status = 0
        self._sent = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            if self._echo_id:
                headers["X-Request-Id"] = self._scope["genkol.request_id"]
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
        await self._send(message)

    def line(self, **more: Any) -> str:
        """The log line, JSON."""
        seconds = round(time.perf_counter() - self._started, 4)
        facts = {
            "request_id": self._scope["genkol.request_id"],
            "method": self._scope["method"],
            "path": self._scope["path"][:200],
            "status": self.status,
            "seconds": seconds,
            "bytes_in": Headers(scope=self._scope).get("content-length", "")[:20],
            "bytes_out": self._sent,
        }
        return json.dumps(facts | more)


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
