"""POST /v1/flows/validate: the plan, or everything that is wrong."""

from __future__ import annotations

import httpx

FLOW = {
    "inputs": {"portrait": "portrait", "makeup": "makeup"},
    "steps": [{"service": "scene"}, {"service": "background"}, {"service": "makeup-transfer"}],
}


async def test_a_good_flow_gives_its_plan(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/flows/validate", json=FLOW)
    plan = answer.json()
    assert answer.status_code == 200
    assert plan["layers"] == ["makeup-transfer", "background"]
    assert {step["id"] for step in plan["steps"] if step["derived"]} == {"face-alignment", "person-parsing"}
    assert plan["estimate"]["seconds"] > 0


async def test_a_flow_with_three_mistakes_reports_all_three(client: httpx.AsyncClient) -> None:
    flow = {
        "inputs": {"portrait": "portrait"},
        "steps": [
            {"service": "makeup-transfer", "algorithm": "tnit"},
            {"service": "background"},
            {"service": "object-interaction", "params": {"seconds": -1}},
        ],
    }
    answer = await client.post("/v1/flows/validate", json=flow)
    errors = [(error["code"], error["step"]) for error in answer.json()["errors"]]
    assert answer.status_code == 422
    assert sorted(errors) == [
        ("bad-params", "object-interaction"),
        ("missing-input", "background"),
        ("unknown-algorithm", "makeup-transfer"),
    ]


async def test_an_unknown_service_alone_is_404(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/flows/validate", json={"inputs": {"portrait": "portrait"}, "steps": [{"service": "hats"}]}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-service")


async def test_what_is_no_json_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/flows/validate", content=b"inputs: {}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")


async def test_a_flow_of_many_megabytes_is_refused(client: httpx.AsyncClient) -> None:
    flow = FLOW | {"steps": [{"service": "x" * (1 << 18)}]}
    answer = await client.post("/v1/flows/validate", json=flow)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
