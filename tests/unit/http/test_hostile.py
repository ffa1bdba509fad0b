"""Hostile files and names over HTTP: what the manifest says, quickly, and nothing of them comes out."""

from __future__ import annotations

import base64
import io
import json
import resource
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from genkol.settings import Settings

DATA = Path(__file__).parents[3] / "../shared/data/hostile"
MANIFEST = DATA / "manifest.json"
FILES: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.exists() else []

# What the files hold that no output may: people, places, cameras, comments, scripts; each long enough not to
# stand in compressed pixels by chance.
PRIVATE = (
    *(b"Jane Example", b"PrivateCam", b"secret comment", b"COOLPIX", b"Nikon", b"WGS-84", b"ns.adobe.com"),
    *(b"Exif\0\0", b"<script", b"<?php", b"iTXt", b"tEXt", b"zTXt", b"eXIf"),
)
# What no answer may say: where and how the server works.
INSIDE = ("Traceback", "site-packages", "/home", "/usr", "/tmp", " object at 0x", ".py")

NAMES = [
    "../../etc/passwd.png",
    "..\\..\\win.ini.png",
    "a" * 300 + ".png",
    "con.png",
    "pic\u202egnp.exe",
    "nul\x00byte.png",
    "<img src=x onerror=alert(1)>.png",
    "'; DROP TABLE jobs;--.png",
    ".htaccess",
    "\u7a7a \u540d \U0001d4b3.png",
    "",
    'quo"te.png',
    "line\r\nX-Evil: 1.png",
]


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the hostile files of ../shared/data are not here")
@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
async def test_each_file_gets_what_the_manifest_says(
    client: httpx.AsyncClient, portrait: bytes, entry: dict[str, Any]
) -> None:
    data = (DATA / entry["file"]).read_bytes()
    file = (entry["file"], data, entry["content_type_to_send"] or "application/octet-stream")
    peak, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    answer = await client.post("/v1/pictures", files={"portrait": file}, data={"look": "rose"})
    seconds = time.perf_counter() - started
    assert answer.status_code in entry["http"], answer.text[:500]
    assert seconds < 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024 < 500
    if answer.status_code == 200:
        assert [word for word in PRIVATE if word in answer.content] == []
    else:
        told = answer.json()
        assert told["errors"][0].get("field") == "portrait" or told["errors"][0]["step"]
        assert [word for word in INSIDE if word in answer.text] == []
    again = await client.post("/v1/pictures", files={"portrait": file}, data={"look": "rose"})
    assert (again.status_code, again.content if again.is_success else b"") == (
        answer.status_code,
        answer.content if answer.is_success else b"",
    )
    good = await client.post("/v1/pictures", files={"portrait": portrait}, data={"look": "rose"})
    assert good.status_code == 200


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the hostile files of ../shared/data are not here")
@pytest.mark.parametrize("accept", ["image/png", "image/jpeg", "image/webp", "image/openraster", "application/json"])
async def test_no_form_of_the_answer_keeps_what_a_photo_told(client: httpx.AsyncClient, accept: str) -> None:
    for name in ("exif-gps-private.jpg", "xmp-private.jpg", "polyglot-jpeg-html-comment.jpg"):
        data = (DATA / name).read_bytes()
        answer = await client.post(
            "/v1/pictures?swatches=true",
            files={"portrait": (name, data)},
            data={"look": "rose"},
            headers={"accept": accept},
        )
        assert answer.status_code == 200
        assert any(word in data for word in PRIVATE)
        for file in _files_in(answer):
            assert [word for word in PRIVATE if word in file] == []


def _files_in(answer: httpx.Response) -> list[bytes]:
    """The answer, and every picture file that it holds."""
    if answer.headers["content-type"] == "image/openraster":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as ora:
            return [answer.content, *(ora.read(name) for name in ora.namelist())]
    if answer.headers["content-type"] == "application/json":
        told = answer.json()
        swatches = [layer["swatch"] for layer in told["layers"]]
        return [answer.content, *(base64.b64decode(data) for data in [told["picture"]["data"], *swatches])]
    return [answer.content]


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the hostile files of ../shared/data are not here")
async def test_two_hostile_files_are_both_named(client: httpx.AsyncClient) -> None:
    files = {"portrait": (DATA / "truncated-60pct.jpg").read_bytes(), "makeup": (DATA / "script.svg").read_bytes()}
    answer = await client.post("/v1/pictures", files=files)
    assert {error["field"] for error in answer.json()["errors"]} == {"portrait", "makeup"}


@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_file_name_is_never_looked_at(
    client: httpx.AsyncClient, portrait: bytes, edge: Settings, name: str
) -> None:
    raw = name.encode()
    for disposition in (b'form-data; name="%s"; filename="' + raw + b'"', b"form-data; name=%s; filename=" + raw):
        if b"\r\n" in raw or (b"\x00" in raw and b'="' in disposition):
            continue  # these break the header itself: see below
        for path, field in (("/v1/pictures", b"portrait"), ("/v1/assets", b"file")):
            head = b"--x\r\nContent-Disposition: " + disposition.replace(b"%s", field) + b"\r\n\r\n"
            body = head + portrait + b"\r\n--x--\r\n"
            answer = await client.post(path, content=body, headers={"content-type": "multipart/form-data; boundary=x"})
            assert answer.status_code in (200, 201), answer.text
            assert b"passwd" not in answer.content
    kept = list(edge.assets_dir.parent.rglob("*")) if edge.assets_dir.exists() else []
    assert all(len(f.stem) == 64 or f.name in (".lock", "assets") for f in kept)


@pytest.mark.parametrize("name", [name for name in NAMES if "\r\n" in name or "\x00" in name or '"' in name])
async def test_a_name_that_breaks_the_form_does_no_harm(client: httpx.AsyncClient, portrait: bytes, name: str) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="portrait"; filename="' + name.encode() + b'"\r\n\r\n'
    answer = await client.post(
        "/v1/pictures",
        content=head + portrait + b"\r\n--x--\r\n",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code in (200, 422)
    assert "x-evil" not in answer.headers


async def test_a_clients_own_way_of_sending_hostile_names(client: httpx.AsyncClient, portrait: bytes) -> None:
    for name in NAMES:
        answer = await client.post("/v1/pictures", files={"portrait": (name, portrait, "text/html")})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), name
