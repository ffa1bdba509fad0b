"""A picture in the making, told as server-sent events."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from genkol.http import events
from genkol.http.app import create_app
from genkol.settings import Settings
from genkol.testing import fake_engine

ASKED = {"Accept": "text/event-stream"}


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t")


def told(body: str) -> list[tuple[str, Any]]:
    found = []
    for block in body.split("\n\n"):
        if block.startswith("event: "):
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def slow(**params: Any) -> dict[str, str]:
    return {"params": json.dumps({"object-interaction": params})}


async def post(app: FastAPI, portrait: bytes, data: dict[str, str], query: str = "") -> httpx.Response:
    async with client_of(app) as client:
        return await client.post(f"/v1/pictures{query}", files={"portrait": portrait}, data=data, headers=ASKED)


@pytest.fixture
def app(edge: Settings) -> FastAPI:
    engine = fake_engine()
    return create_app(lambda: engine, settings=edge)


async def test_each_step_is_told_and_then_the_picture(app: FastAPI, portrait: bytes) -> None:
    answer = await post(app, portrait, slow(seconds=0.05))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "cache-control" in answer.headers
    *steps, (name, last) = told(answer.text)
    states = [step["state"] for kind, step in steps if kind == "step" and step["step"] == "object-interaction"]
    assert states[0] == "started"
    assert states[-1] == "done"
    assert set(states[1:-1]) == {"progress"}
    assert name == "picture"
    async with client_of(app) as client:
        asked = {"files": {"portrait": portrait}, "data": slow(seconds=0.05)}
        plain = (await client.post("/v1/pictures", **asked)).content  # type: ignore[arg-type]
    assert base64.b64decode(last["picture"]["data"]) == plain


async def test_what_cannot_be_begun_is_no_stream(app: FastAPI, portrait: bytes) -> None:
    answer = await post(app, portrait, slow(seconds="long"))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-params")


async def test_a_failure_on_the_way_ends_the_stream_with_the_problem(
    app: FastAPI, portrait: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = await post(app, portrait, slow(seconds=20), "?timeout_s=1")
    assert [name for name, _ in told(late.text)][-1] == "problem"
    assert told(late.text)[-1][1]["code"] == "step-timeout"

    monkeypatch.setattr("genkol.http.pictures._described", lambda result: 1 / 0)
    broken = await post(app, portrait, slow(seconds=0.01))
    assert told(broken.text)[-1][0] == "problem"
    assert told(broken.text)[-1][1]["code"] == "internal"


async def test_a_stream_is_stopped_by_its_request_id(app: FastAPI, portrait: bytes) -> None:
    async with client_of(app) as client:
        asked = {"files": {"portrait": portrait}, "data": slow(seconds=20), "headers": {**ASKED, "X-Request-Id": "s.1"}}
        making = asyncio.create_task(client.post("/v1/pictures", **asked))  # type: ignore[arg-type]
        while (await client.delete("/v1/pictures/s.1")).status_code != 204:
            await asyncio.sleep(0.02)
        answer = await asyncio.wait_for(making, 5)
    if answer.status_code == 200:
        assert told(answer.text)[-1][0] == "problem"
        assert told(answer.text)[-1][1]["code"] == "cancelled"
    else:  # it was stopped before its first step
        assert (answer.status_code, answer.json()["code"]) == (499, "cancelled")


async def test_a_long_silence_is_broken_by_comments(
    app: FastAPI, portrait: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.0)
    answer = await post(app, portrait, slow(seconds=0.3))
    assert "\n\n: still at it\n\n" in answer.text
    assert told(answer.text)[-1][0] == "picture"
