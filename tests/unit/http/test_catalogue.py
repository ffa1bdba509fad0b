"""What there is, and that the server is alive."""

from __future__ import annotations

import re
from importlib.metadata import version

import httpx
import pytest

from genkol.services import SERVICES
from genkol.testing import FAKES


async def test_services_with_ports_and_algorithms(client: httpx.AsyncClient) -> None:
    services = {s["name"]: s for s in (await client.get("/v1/services")).json()["services"]}
    assert set(services) == set(SERVICES)
    makeup = services["makeup-transfer"]
    assert (makeup["role"], makeup["stage"], makeup["output"], makeup["algorithms"]) == (
        "painter",
        40,
        "layer",
        ["tint"],
    )
    port = SERVICES["makeup-transfer"].port("makeup")
    assert port is not None
    assert {"name": "makeup", "kind": "makeup", "of": None, "description": port.description} in makeup["ports"]
    assert services["object-interaction"]["algorithms"] == ["slow", "failing"]  # the default first


async def test_algorithms_with_params_effects_and_resources(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/algorithms")).json()["algorithms"]
    assert {(a["service"], a["name"]) for a in listed} == {(a.service.name, a.name) for a in FAKES}
    tint = next(a for a in listed if a["name"] == "tint")
    assert tint["params"]["properties"]["intensity"]["maximum"] == 1
    assert tint["effects"] == {"reads": ["face"], "writes": ["face"]}
    assert tint["resources"]["memory_mib"] == 1


async def test_one_algorithm(client: httpx.AsyncClient) -> None:
    tint = await client.get("/v1/algorithms/makeup-transfer/tint")
    assert (tint.status_code, tint.json()["name"], tint.json()["default"]) == (200, "tint", True)
    unknown = await client.get("/v1/algorithms/makeup-transfer/tnit")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-algorithm")
    assert "Did you mean 'tint'?" in unknown.json()["detail"]
    service = await client.get("/v1/algorithms/makeup/tint")
    assert (service.status_code, service.json()["code"]) == (404, "unknown-service")


async def test_both_matrices(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/compatibility")).json()
    assert told["compatibility"]["makeup"]["makeup-transfer.makeup"] is True
    assert told["compatibility"]["garment"]["makeup-transfer.makeup"] is False
    assert told["dependency"]["virtual-try-on/tailor"]["background/backdrop"] == ["silhouette"]


async def test_health(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert answer.json() == {"status": "ok", "version": version("genkol"), "algorithms": len(FAKES)}


async def test_docs_load_the_document_of_this_server(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "'/openapi.json'" in page.text


async def test_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert "https:" not in page.text
    assert "https:" not in page.headers["content-security-policy"]
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(files) == 2
    for file in files:
        answer = await client.get(file)
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
        assert len(answer.content) > 100_000


@pytest.mark.parametrize("file", ["other.js", "..%2f..%2fpyproject.toml", "redoc.standalone.js"])
async def test_docs_give_no_other_file(client: httpx.AsyncClient, file: str) -> None:
    assert (await client.get(f"/docs/{file}")).status_code == 404
