"""The application as a whole: it travels, and its document is complete."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from genkol.http.app import create_app
from genkol.testing import fake_engine


async def test_it_can_be_pickled_and_sent_elsewhere(portrait: bytes) -> None:
    cloudpickle = pytest.importorskip("ray.cloudpickle", reason="ray brings the pickler")
    app = cloudpickle.loads(cloudpickle.dumps(create_app(fake_engine)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.post("/v1/pictures", files={"portrait": portrait})).status_code == 200


async def test_the_engine_is_asked_for_at_each_request(portrait: bytes) -> None:
    asked = []

    def get() -> Any:
        asked.append(1)
        return fake_engine()

    app = create_app(get)
    assert asked == []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        for _ in range(2):
            await client.get("/healthz")
    assert len(asked) == 2


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


def test_every_reference_of_the_document_leads_somewhere(app: FastAPI) -> None:
    document = app.openapi()
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_every_operation_documents_its_errors_as_problems(app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            errors = {status: a for status, a in operation["responses"].items() if status.startswith(("4", "5"))}
            assert "500" in errors, (path, method)
            for answer in errors.values():
                assert list(answer["content"]) == ["application/problem+json"], (path, method)
