"""What a client is told where Serve's proxy has no answer of the Engine's."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.proxy import Answered, middlewares


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """As the proxy ends when the Engine's replica dies, with the id that it gave the request."""
    scope["headers"] = [*scope["headers"], (b"x-request-id", b"r-1")]


async def ask(app: ASGIApp, path: str = "/v1/pictures") -> httpx.Response:
    transport = httpx.ASGITransport(Answered(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as client:
        return await client.post(path)


async def test_no_answer_becomes_a_problem_with_the_time_to_come_back_and_the_request_s_id() -> None:
    answer = await ask(silent)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["code"] == "engine-lost"
    assert "Send the request again" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "r-1"


@pytest.mark.parametrize(
    ("plain", "status", "code", "after"),
    [
        (PlainTextResponse("Full.", 503, {"Retry-After": "7"}), 503, "overloaded", "7"),
        (PlainTextResponse("Full.", 429), 503, "overloaded", "2"),
        (PlainTextResponse("Unavailable.", 503), 503, "overloaded", "2"),
        (PlainTextResponse("Late.", 408), 504, "step-timeout", None),
    ],
)
async def test_plain_words_of_the_proxy_become_a_problem(
    plain: Response, status: int, code: str, after: str | None
) -> None:
    answer = await ask(plain)
    assert (answer.status_code, answer.json()["code"], answer.headers.get("retry-after")) == (status, code, after)


@pytest.mark.parametrize(
    "own",
    [
        JSONResponse({"code": "overloaded"}, 503, {"Retry-After": "9"}, "application/problem+json"),
        PlainTextResponse("some text", 200),
        StreamingResponse(iter([b"a", b"b"]), 200, media_type="text/plain"),
    ],
)
async def test_answers_of_the_engine_pass_untouched(own: Response) -> None:
    answer = await ask(own)
    assert answer.status_code == own.status_code
    assert answer.headers.get("retry-after") == own.headers.get("retry-after")
    assert answer.content == (b"ab" if isinstance(own, StreamingResponse) else own.body)


async def test_the_proxy_s_own_health_is_left_alone() -> None:
    answer = await ask(PlainTextResponse("draining", 503), "/-/healthz")
    assert answer.text == "draining"


def test_serve_takes_what_it_is_given() -> None:
    from ray.serve._private.http_util import validate_http_proxy_callback_return

    assert [middleware.cls for middleware in validate_http_proxy_callback_return(middlewares())] == [Answered]
