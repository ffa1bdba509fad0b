"""Request ids, log lines, safe headers and the bound on bodies."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest


async def test_a_request_id_is_echoed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": "job-7.A_b"})
    assert answer.headers["x-request-id"] == "job-7.A_b"


@pytest.mark.parametrize("said", ["", "a b", "x" * 65, "<script>", "a\tb", "ä".encode()])
async def test_a_request_id_that_is_none_is_replaced(client: httpx.AsyncClient, said: str | bytes) -> None:
    answer = await client.get(
        "/healthz", headers=[(b"x-request-id", said if isinstance(said, bytes) else said.encode())]
    )
    assert len(answer.headers["x-request-id"]) == 32


async def test_each_request_gets_its_own_id(client: httpx.AsyncClient) -> None:
    ids = {(await client.get("/healthz")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


async def test_one_line_per_request_whose_fields_hold_nothing_that_was_sent(
    client: httpx.AsyncClient, portrait: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "genkol.http")
    await client.post(
        "/v1/pictures?swatches=secretquery",
        files={"portrait": ("secret.png", portrait)},
        data={"prompt": "secret words"},
        headers={"x-request-id": "r1"},
    )
    (record,) = [record for record in caplog.records if record.name == "genkol.http"]
    usual = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
    line = {name: value for name, value in vars(record).items() if name not in usual}
    assert (line["request_id"], line["method"], line["path"], line["status"]) == ("r1", "POST", "/v1/pictures", 422)
    assert line["codes"] == ["bad-request"]
    assert set(line) == {"request_id", "method", "path", "status", "seconds", "bytes_in", "bytes_out", "codes"}
    assert record.message.startswith("POST '/v1/pictures' 422 in ")
    assert "secret" not in record.message + json.dumps(line)


async def test_an_announced_length_that_is_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await client.post("/v1/pictures", content=body(), headers={"content-length": str(5 << 20)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert "4,194,304 bytes" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/v1/pictures", "multipart/form-data; boundary=x"),
        ("/v1/pictures", "application/json"),
        ("/v1/assets", "multipart/form-data; boundary=x"),
        ("/v1/assets", "image/png"),
        ("/v1/flows/validate", "application/json"),
    ],
)
async def test_a_body_that_grows_too_large_is_refused_while_it_streams(
    client: httpx.AsyncClient, path: str, media_type: str
) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\ncontent-disposition: form-data; name="portrait"\r\n\r\n'
        for _ in range(100):
            sent += 1 << 20
            yield b"a" * (1 << 20)

    answer = await client.post(path, content=body(), headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert sent < 7 << 20


@pytest.mark.parametrize("path", ["/healthz", "/v1/services", "/v1/nothing", "/docs", "/openapi.json"])
async def test_every_answer_has_safe_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "script-src" not in answer.headers["content-security-policy"] or path == "/docs"
