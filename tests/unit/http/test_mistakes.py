"""All mistakes of one request come in one answer."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import numpy as np
import pytest

from genkol.artifacts import Image
from genkol.pictures import write_image


def listed(answer: httpx.Response) -> list[tuple[str, str | None]]:
    """(code, field) of each error."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return [(error["code"], error.get("field")) for error in answer.json()["errors"]]


async def test_bad_pictures_in_two_fields_and_a_bad_param(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/pictures",
        files={"portrait": b"%PDF-1.7", "makeup": b""},
        data={"params": json.dumps({"makeup-transfer": {"intensity": 2}})},
    )
    assert answer.status_code == 422
    assert listed(answer) == [
        ("unsupported-image", "portrait"),
        ("bad-image", "makeup"),
        ("bad-params", "params.intensity"),
    ]
    assert "a PDF document" in answer.json()["detail"]


async def test_a_form_with_a_mistake_of_every_sort(client: httpx.AsyncClient, portrait: bytes) -> None:
    files = [
        ("portrait", portrait),
        ("portrait", portrait),
        ("seed", b"-1"),
        ("params", b"{"),
        ("hat", portrait),
        ("makeup", b"GIF"),
    ]
    answer = await client.post("/v1/pictures", files=files)
    assert listed(answer) == [
        ("bad-flow", "portrait"),
        ("bad-request", "params"),
        ("bad-request", "seed"),
        ("bad-flow", "hat"),
        ("unsupported-image", "makeup"),
    ]


async def test_a_flow_with_faults_of_form_and_meaning_and_a_bad_picture(client: httpx.AsyncClient) -> None:
    flow = {
        "inputs": {"portrait": "portrait"},
        "steps": [
            {"service": "makeup-transfr"},
            {"service": "makeup-transfer", "params": {"look": "green"}, "strength": 3},
            {"service": "background"},
        ],
    }
    answer = await client.post("/v1/pictures", files={"portrait": b"nothing"}, data={"flow": json.dumps(flow)})
    codes = [code for code, _ in listed(answer)]
    assert codes[:2] == ["bad-flow", "unsupported-image"]  # strength; the picture
    assert {"unknown-service", "bad-params", "missing-input"} <= set(codes)
    assert "Did you mean 'makeup-transfer'?" in answer.json()["detail"]


async def test_json_with_bad_base64_an_unknown_asset_and_an_extra_field(client: httpx.AsyncClient) -> None:
    body = {
        "inputs": {"portrait": {"data": "***"}, "makeup": {"asset": "0" * 64}, "scene": {"data": "x", "text": "y"}},
        "sed": 3,
    }
    answer = await client.post("/v1/pictures", json=body)
    assert listed(answer) == [
        ("bad-request", "inputs.scene"),
        ("bad-request", "sed"),
        ("bad-image", "portrait"),
        ("unknown-asset", "makeup"),
    ]


async def test_no_portrait_is_the_flows_own_error(client: httpx.AsyncClient, makeup: bytes) -> None:
    answer = await client.post("/v1/pictures", files={"makeup": makeup})
    assert listed(answer) == [("missing-input", "portrait")]
    assert answer.json()["code"] == "missing-input"
    assert "The flow has no portrait." in answer.json()["detail"]


async def test_an_empty_form_says_what_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/pictures", content=b"--x--\r\n", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert listed(answer) == [("missing-input", "portrait")]


async def test_wishes_beside_a_flow_are_refused(client: httpx.AsyncClient, portrait: bytes) -> None:
    flow = {"inputs": {"portrait": "portrait"}, "steps": []}
    answer = await client.post(
        "/v1/pictures", files={"portrait": portrait}, data={"flow": json.dumps(flow), "look": "rose"}
    )
    assert listed(answer) == [("bad-flow", "look")]


async def test_an_input_that_the_flow_does_not_know(client: httpx.AsyncClient, portrait: bytes) -> None:
    flow = {"inputs": {"her": "portrait"}, "steps": []}
    answer = await client.post("/v1/pictures", files={"hers": portrait}, data={"flow": json.dumps(flow)})
    assert ("bad-flow", "hers") in listed(answer)
    assert "Did you mean 'her'?" in answer.json()["detail"]


async def test_a_kind_that_differs_from_the_flows(client: httpx.AsyncClient, portrait: bytes) -> None:
    body = {
        "inputs": {"portrait": {"kind": "scene", "data": base64.b64encode(portrait).decode()}},
        "flow": {"inputs": {"portrait": "portrait"}, "steps": []},
    }
    answer = await client.post("/v1/pictures", json=body)
    assert listed(answer) == [("bad-flow", "portrait")]


async def test_one_mistake_is_answered_as_itself(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/pictures", files={"portrait": b"<svg/>"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-image")
    assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"inputs": NaN}', b'{"a": "\\ud800"}', b"[" * 5000, b"\xff\xfe"]
)
async def test_what_is_no_json_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/pictures", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")


@pytest.mark.parametrize(
    "inputs",
    [3, [], {"portrait": 3}, {"portrait": {}}, {"../x": {"text": "a"}}, {"portrait": {"asset": "../../etc/passwd"}}],
)
async def test_inputs_of_the_wrong_form_are_refused(client: httpx.AsyncClient, inputs: Any) -> None:
    answer = await client.post("/v1/pictures", json={"inputs": inputs})
    assert answer.status_code == 422
    assert any((field or "").startswith("inputs") for _, field in listed(answer))


async def test_a_picture_without_a_face_names_the_step(client: httpx.AsyncClient, portrait: bytes) -> None:
    flat = write_image(Image(np.full((80, 80, 3), 200, np.uint8)))
    answer = await client.post("/v1/pictures", files={"portrait": flat}, data={"look": "rose"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["step"]) == (422, "no-face", "face-alignment")


async def test_many_mistakes_are_cut_off(client: httpx.AsyncClient) -> None:
    body = {"inputs": {}, **{f"x{n}": n for n in range(500)}}
    answer = await client.post("/v1/pictures", json=body)
    assert len(answer.json()["errors"]) == 100
    assert len(answer.content) < 50_000


MANY = {f"x{n}": n for n in range(13_000)}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/pictures", {"inputs": MANY}, 413),
        ("/v1/pictures", {"inputs": {}, "flow": {"inputs": MANY | {"y" * 100_000: 1}}}, 413),
        ("/v1/pictures", {"inputs": {}, "flow": {"inputs": MANY}}, 422),
        ("/v1/pictures", {"inputs": {}, "params": MANY}, 422),
        ("/v1/pictures", {"inputs": {}, **MANY}, 422),
        ("/v1/flows/validate", {"inputs": MANY}, 422),
        ("/v1/flows/validate", {"inputs": {}, "steps": list(MANY.values())}, 422),
        ("/v1/flows/validate", {"inputs": {}, "steps": [{"service": "scene", "params": MANY}]}, 422),
        (
            "/v1/flows/validate",
            {"inputs": {"p": "portrait"}, "steps": [{"service": "scene", "after": list(MANY)}]},
            422,
        ),
    ],
)
async def test_mistakes_by_the_thousand_are_answered_soon(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    started = time.perf_counter()
    answer = await client.post(path, json=body)
    assert (answer.status_code, len(answer.content) < 300_000) == (status, True)
    assert time.perf_counter() - started < 4
