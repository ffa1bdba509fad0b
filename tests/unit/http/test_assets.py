"""The life of an asset over HTTP."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import numpy as np
import pytest

from genkol.artifacts import Image
from genkol.pictures import read_image, write_image
from genkol.settings import Settings
from genkol.testing import fake_portrait


@pytest.fixture
def cut_out() -> bytes:
    alpha = np.zeros((160, 128), np.uint8)
    alpha[40:120] = 255
    return write_image(Image(fake_portrait().pixels, alpha))


async def test_upload_fetch_delete(client: httpx.AsyncClient, portrait: bytes, edge: Settings) -> None:
    made = await client.post("/v1/assets", files={"file": ("../../evil.html", portrait, "text/html")})
    told = made.json()
    assert (made.status_code, told["media_type"], told["width"], told["height"]) == (201, "image/png", 128, 160)
    assert made.headers["location"] == f"/v1/assets/{told['digest']}"
    assert {f.name for f in edge.assets_dir.iterdir()} == {".lock", f"{told['digest']}.png"}

    got = await client.get(made.headers["location"])
    assert (got.status_code, got.headers["content-type"]) == (200, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert hashlib.sha256(got.content).hexdigest() == told["digest"]
    assert len(got.content) == told["size_bytes"]

    assert (await client.delete(made.headers["location"])).status_code == 204
    gone = await client.get(made.headers["location"])
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown-asset")
    assert (await client.delete(made.headers["location"])).status_code == 404


async def test_raw_bytes_and_a_form_give_the_same_asset(client: httpx.AsyncClient, portrait: bytes) -> None:
    raw = await client.post("/v1/assets", content=portrait, headers={"content-type": "image/png"})
    form = await client.post("/v1/assets", files={"file": portrait})
    assert raw.json() == form.json()


async def test_only_new_encoded_pixels_are_kept(client: httpx.AsyncClient, portrait: bytes, edge: Settings) -> None:
    hidden = portrait + b"<script>tail</script>"
    digest = (await client.post("/v1/assets", content=hidden)).json()["digest"]
    for file in Path(edge.assets_dir).iterdir():
        assert b"script" not in file.read_bytes()
    assert digest == hashlib.sha256(write_image(read_image(portrait))).hexdigest()


@pytest.mark.parametrize(("query", "kept"), [("", True), ("?kind=garment", True), ("?kind=portrait", False)])
async def test_transparency_is_kept_where_it_means_something(
    client: httpx.AsyncClient, cut_out: bytes, query: str, kept: bool
) -> None:
    made = await client.post(f"/v1/assets{query}", content=cut_out)
    got = await client.get(made.headers["location"])
    assert (read_image(got.content, keep_alpha=True).alpha is not None) == kept


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"", 422, "bad-image"), (b"<svg/>", 415, "unsupported-image"), (b"\xff\xd8\xff", 422, "bad-image")],
)
async def test_what_is_no_picture_is_refused(client: httpx.AsyncClient, content: bytes, status: int, code: str) -> None:
    answer = await client.post("/v1/assets", content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("kind", ["prompt", "face", "hat"])
async def test_a_kind_that_is_no_picture_is_refused(client: httpx.AsyncClient, portrait: bytes, kind: str) -> None:
    answer = await client.post(f"/v1/assets?kind={kind}", content=portrait)
    assert answer.status_code == 422


async def test_an_upload_is_one_file(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post("/v1/assets", files={"file": portrait, "other": portrait})
    assert (answer.status_code, "not 2 parts" in answer.json()["detail"]) == (422, True)


async def test_a_picture_larger_than_the_folder_is_too_large(client: httpx.AsyncClient) -> None:
    large = write_image(fake_portrait(800, 800), "jpeg")
    answer = await client.post("/v1/assets", content=large)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("digest", ["..%2f..%2fetc%2fpasswd", "A" * 64, "x", "0" * 64])
async def test_a_name_that_is_no_digest_is_404(client: httpx.AsyncClient, digest: str) -> None:
    assert (await client.get(f"/v1/assets/{digest}")).status_code == 404
    assert (await client.delete(f"/v1/assets/{digest}")).status_code == 404
