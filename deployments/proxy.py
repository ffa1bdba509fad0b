"""What Serve's HTTP proxy answers by itself, in the form of all other answers.

The proxy loads this where `RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH=deployments.proxy:middlewares` is in its
environment. Without it, a client whose Engine replica dies gets a bare 500.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genkol.errors import EngineLost, GenkolError, Overloaded, StepTimeout
from genkol.http.problems import problem

AGAIN_S = 2.0
"""When to come back where Serve names no time."""


def middlewares() -> list[Middleware]:
    """Around the proxy's routes."""
    return [Middleware(Answered)]


class Answered:
    """Lets no request end without an answer, nor with one in plain words."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/-/"):
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        await self._app(scope, receive, answer.send)
        error = answer.error()
        if error is not None:
            id = Headers(scope=scope).get("x-request-id", "")
            scope["genkol.request_id"] = id
            response = problem(error, scope)
            response.headers["X-Request-Id"] = id
            await response(scope, receive, send)


class _Answer:
    """An answer on its way out; the proxy's own are held back."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._first: Message | None = None
        self._is_own = False

    async def send(self, message: Message) -> None:
        if self._first is None:
            self._first = message
            is_plain = Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
            self._is_own = is_plain and message["status"] in (408, 429, 503)
        if not self._is_own:
            await self._send(message)

    def error(self) -> GenkolError | None:
        """What is to be answered in its place; None when it has gone out."""
        if self._first is None:  # Serve logs the reason and leaves the answer to the HTTP server
            return EngineLost(
                "The Engine replica that worked on this request was lost. Send the request again: steps that were kept "
                "are not done twice, but a paid one may have been carried out.",
                retry_after_s=AGAIN_S,
            )
        if not self._is_own:
            return None
        if self._first["status"] == 408:
            return StepTimeout("The picture was not done in time. Ask for less, or try again.")
        after_s = float(Headers(raw=self._first["headers"]).get("retry-after", AGAIN_S))
        return Overloaded("Too many requests are waiting, or the Engine starts.", retry_after_s=after_s)
