"""A picture that nobody waits for any longer is not made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from genkol.dispatch import StepEvent
from genkol.engine import Engine
from genkol.http.app import create_app
from genkol.settings import Settings
from genkol.testing import fake_engine

SLOW = {"params": json.dumps({"object-interaction": {"seconds": 20}})}


@pytest.fixture
def slow_engine() -> Iterator[Engine]:
    """An engine of its own: closing it waits for the running steps, so a step that goes on shows."""
    engine = fake_engine()
    yield engine
    engine.dispatcher.close()


async def test_a_picture_that_takes_too_long_is_504(slow_engine: Engine, edge: Settings, portrait: bytes) -> None:
    app = create_app(lambda: slow_engine, settings=edge.model_copy(update={"request_timeout_s": 0.3}))
    started = asyncio.get_running_loop().time()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        answer = await client.post("/v1/pictures", files={"portrait": portrait}, data=SLOW)
    await asyncio.to_thread(slow_engine.dispatcher.close)
    assert (answer.status_code, answer.json()["code"]) == (504, "step-timeout")
    assert "within 0.3 s" in answer.json()["detail"]
    assert asyncio.get_running_loop().time() - started < 10  # the step was cancelled, not waited for


async def test_a_client_who_leaves_cancels_the_steps(slow_engine: Engine, edge: Settings, portrait: bytes) -> None:
    app, sent = create_app(lambda: slow_engine, settings=edge), []
    started = asyncio.Event()
    _tell_when_started(slow_engine, started)
    request = httpx.Request("POST", "http://t/v1/pictures", files={"portrait": portrait}, data=SLOW)
    body = [{"type": "http.request", "body": request.read(), "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await started.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(k.lower().encode(), v.encode()) for k, v in request.headers.items()]
    await asyncio.wait_for(app(_scope(app, headers), receive, send), 5)
    await asyncio.wait_for(asyncio.to_thread(slow_engine.dispatcher.close), 5)
    assert sent[0]["status"] == 499


def _tell_when_started(engine: Engine, started: asyncio.Event) -> None:
    dispatch = engine.dispatcher.dispatch

    async def watched(plan: Any, inputs: Any, wanted: Any, on_event: Any) -> Any:
        def hear(event: StepEvent) -> None:
            if event.state == "progress":
                started.set()

        return await dispatch(plan, inputs, wanted, hear)

    engine.dispatcher.dispatch = watched


def _scope(app: FastAPI, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/pictures",
        "raw_path": b"/v1/pictures",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("t", 80),
        "app": app,
    }


async def test_a_good_picture_is_made_while_another_waits(client: httpx.AsyncClient, portrait: bytes) -> None:
    params = {"params": json.dumps({"object-interaction": {"seconds": 1}})}
    slow = asyncio.create_task(client.post("/v1/pictures", files={"portrait": portrait}, data=params))
    await asyncio.sleep(0.1)
    alive = await asyncio.wait_for(client.get("/healthz"), 0.5)
    assert (alive.status_code, slow.done()) == (200, False)
    assert (await slow).status_code == 200


async def test_a_server_that_stops_the_request_stops_the_steps(
    slow_engine: Engine, edge: Settings, portrait: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "genkol.http")
    app, started = create_app(lambda: slow_engine, settings=edge), asyncio.Event()
    _tell_when_started(slow_engine, started)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        asking = asyncio.create_task(client.post("/v1/pictures", files={"portrait": portrait}, data=SLOW))
        await asyncio.wait_for(started.wait(), 5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    await asyncio.wait_for(asyncio.to_thread(slow_engine.dispatcher.close), 5)
    (line,) = [json.loads(record.message) for record in caplog.records if record.name == "genkol.http"]
    assert line["codes"] == ["cancelled"]


async def test_a_picture_is_stopped_under_its_request_id(slow_engine: Engine, edge: Settings, portrait: bytes) -> None:
    app, started = create_app(lambda: slow_engine, settings=edge), asyncio.Event()
    _tell_when_started(slow_engine, started)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        post = client.post("/v1/pictures", files={"portrait": portrait}, data=SLOW, headers={"X-Request-Id": "a.1"})
        making = asyncio.create_task(post)
        await asyncio.wait_for(started.wait(), 5)
        other = await client.delete("/v1/pictures/a.2")
        assert (other.status_code, other.json()["code"]) == (404, "unknown-request")
        assert (await client.delete("/v1/pictures/a.1")).status_code == 204
        answer = await asyncio.wait_for(making, 5)
        assert (answer.status_code, answer.json()["code"]) == (499, "cancelled")
        assert (await client.delete("/v1/pictures/a.1")).status_code == 404
    await asyncio.wait_for(asyncio.to_thread(slow_engine.dispatcher.close), 5)


async def test_a_client_may_wait_for_less_long_than_the_server(
    slow_engine: Engine, edge: Settings, portrait: bytes
) -> None:
    app = create_app(lambda: slow_engine, settings=edge)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        for said, status in [("1", 504), ("0.9", 422), ("nan", 422)]:
            answer = await client.post(f"/v1/pictures?timeout_s={said}", files={"portrait": portrait}, data=SLOW)
            assert answer.status_code == status, answer.text
    await asyncio.wait_for(asyncio.to_thread(slow_engine.dispatcher.close), 5)
