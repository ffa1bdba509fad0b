"""POST /v1/pictures: what goes in and what comes out."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from genkol.pictures import read_image
from genkol.testing import fake_portrait


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_files_named_by_kind_imply_the_flow(client: httpx.AsyncClient, portrait: bytes, makeup: bytes) -> None:
    answer = await client.post("/v1/pictures", files={"portrait": portrait, "makeup": makeup}, data={"seed": "7"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-genkol-seed"] == "7"
    picture, before = read_image(answer.content), fake_portrait()
    assert picture.digest == answer.headers["x-genkol-digest"]
    outside = np.ones((160, 128), bool)
    outside[40:120, 32:96] = False  # the fake face
    assert (picture.pixels[outside] == before.pixels[outside]).all()
    assert (picture.pixels[~outside] != before.pixels[~outside]).any()


async def test_a_look_and_a_scene_style_stand_for_references(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post(
        "/v1/pictures",
        files={"portrait": portrait},
        data={"look": "plum", "scene_style": "beach", "params": '{"makeup-transfer": {"intensity": 0.25}}'},
        headers={"accept": "application/json"},
    )
    steps = {step["id"]: step for step in answer.json()["plan"]["steps"]}
    assert steps["makeup-transfer"]["params"] == {"look": "plum", "intensity": 0.25}
    assert steps["scene"]["params"] == {"style": "beach"}
    assert "background" in steps


async def test_algorithms_choose_who_does_it(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post(
        "/v1/pictures",
        files={"portrait": portrait},
        data={"algorithms": '{"hair-editing": "no-op"}'},
        headers={"accept": "application/json"},
    )
    assert [step["algorithm"] for step in answer.json()["plan"]["steps"]] == ["no-op"]


async def test_a_flow_names_its_own_inputs(client: httpx.AsyncClient, portrait: bytes, makeup: bytes) -> None:
    flow = {"inputs": {"her": "portrait", "party": "makeup"}, "steps": [{"service": "makeup-transfer"}], "seed": 5}
    answer = await client.post(
        "/v1/pictures", files={"her": portrait, "party": makeup}, data={"flow": json.dumps(flow)}
    )
    assert (answer.status_code, answer.headers["x-genkol-seed"]) == (200, "5")


async def test_a_seed_beside_a_flow_replaces_the_flows(client: httpx.AsyncClient, portrait: bytes) -> None:
    flow = {"inputs": {"portrait": "portrait"}, "steps": [], "seed": 5}
    answer = await client.post(
        "/v1/pictures", files={"portrait": portrait}, data={"flow": json.dumps(flow), "seed": "6"}
    )
    assert answer.headers["x-genkol-seed"] == "6"


async def test_form_and_json_give_the_identical_file(client: httpx.AsyncClient, portrait: bytes, makeup: bytes) -> None:
    form = await client.post(
        "/v1/pictures", files={"portrait": portrait, "makeup": makeup}, data={"scene_style": "studio", "seed": "3"}
    )
    inputs = {
        "portrait": {"data": b64(portrait)},
        "face": {"kind": "makeup", "data": "data:image/png;base64," + b64(makeup)},
    }
    body = {"inputs": inputs, "scene_style": "studio", "seed": 3}
    as_json = await client.post("/v1/pictures", json=body)
    again = await client.post("/v1/pictures", json=body)
    assert form.status_code == 200
    assert form.content == as_json.content == again.content


@pytest.mark.parametrize(
    ("accept", "media_type", "format"),
    [("image/png", "image/png", "PNG"), ("image/jpeg", "image/jpeg", "JPEG"), ("image/webp", "image/webp", "WEBP")],
)
async def test_accept_chooses_the_format(
    client: httpx.AsyncClient, portrait: bytes, accept: str, media_type: str, format: str
) -> None:
    answer = await client.post(
        "/v1/pictures", files={"portrait": portrait}, data={"look": "rose"}, headers={"accept": accept}
    )
    assert answer.headers["content-type"] == media_type
    with Pillow.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == (format, (128, 160))


async def test_openraster_holds_the_layers(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post(
        "/v1/pictures",
        files={"portrait": portrait},
        data={"look": "rose", "scene_style": "beach"},
        headers={"accept": "image/openraster"},
    )
    assert answer.headers["content-type"] == "image/openraster"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as ora:
        assert ora.read("mimetype") == b"image/openraster"
        assert ora.read("stack.xml").count(b"<layer") == 3  # the portrait and two layers


async def test_json_tells_all(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post(
        "/v1/pictures",
        files={"portrait": portrait},
        data={"look": "rose", "scene_style": "beach", "seed": "11"},
        headers={"accept": "application/json"},
    )
    told = answer.json()
    picture = base64.b64decode(told["picture"]["data"])
    assert read_image(picture).digest == told["picture"]["digest"] == answer.headers["x-genkol-digest"]
    assert (told["picture"]["width"], told["picture"]["height"]) == (128, 160)
    assert [layer["step"] for layer in told["layers"]] == ["makeup-transfer", "background"] == told["plan"]["layers"]
    assert told["layers"][0]["box"] == [32, 40, 96, 120]
    assert "swatch" not in told["layers"][0]
    assert told["report"]["seed"] == 11
    assert {step["id"] for step in told["report"]["steps"]} == {step["id"] for step in told["plan"]["steps"]}
    assert all(len(step["name"]) == 64 for step in told["plan"]["steps"])


async def test_swatches_come_when_wanted(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post(
        "/v1/pictures?swatches=true",
        files={"portrait": portrait},
        data={"look": "rose"},
        headers={"accept": "application/json"},
    )
    swatch = base64.b64decode(answer.json()["layers"][0]["swatch"])
    assert read_image(swatch, keep_alpha=True).size == (64, 80)


async def test_server_timing_names_each_step(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post("/v1/pictures", files={"portrait": portrait}, data={"look": "rose"})
    names = [entry.partition(";dur=")[0] for entry in answer.headers["server-timing"].split(", ")]
    assert names == ["face-alignment", "makeup-transfer", "total"]


async def test_an_asset_stands_for_a_picture(client: httpx.AsyncClient, portrait: bytes, makeup: bytes) -> None:
    digest = (await client.post("/v1/assets", content=makeup)).json()["digest"]
    inputs = {"portrait": {"data": b64(portrait)}, "makeup": {"asset": digest}}
    by_asset = await client.post("/v1/pictures", json={"inputs": inputs})
    by_file = await client.post("/v1/pictures", files={"portrait": portrait, "makeup": makeup})
    assert by_asset.status_code == 200
    assert by_asset.content == by_file.content


async def test_pictures_are_not_kept_by_caches_and_not_sniffed(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post("/v1/pictures", files={"portrait": portrait})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_picture_is_the_portrait_when_nothing_is_asked(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post("/v1/pictures", files={"portrait": portrait})
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(portrait).digest()
