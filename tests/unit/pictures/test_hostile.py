"""Every file of the hostile set gets what its manifest says, in time and within memory."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkol.artifacts import Image
from genkol.errors import GenkolError
from genkol.pictures import JPEG, PNG, WEBP, read_image, write_image

DATA = Path(__file__).parents[3] / "../shared/data"
MANIFEST = DATA / "hostile/manifest.json"
FILES: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.exists() else []
PRIVATE = (b"GPS", b"Exif", b"xmp", b"XMP", b"<script", b"<?php", b"iTXt", b"tEXt", b"zTXt", b"eXIf", b"PK\x03\x04")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="the photographs of ../shared/data are not here"),
]


def read(name: str, **options: Any) -> Image:
    return read_image((DATA / name).read_bytes(), **options)


def distance(one: Image, other: Image) -> float:
    return float(np.abs(one.pixels.astype(int) - other.pixels).mean())


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_it_gets_what_the_manifest_says(entry: dict[str, Any]):
    data = (DATA / "hostile" / entry["file"]).read_bytes()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    image, status, field, text = None, 200, "portrait", ""
    try:
        image = read_image(data, field="portrait")
    except GenkolError as error:
        status, field, text = error.status, error.context["field"], str(error)
    seconds = time.perf_counter() - start
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    assert status in entry["http"], text
    assert field == "portrait"
    assert (seconds < 2, grown_mib < 500) == (True, True)
    if image is not None:
        for format in (PNG, JPEG, WEBP):
            written = write_image(image, format)
            assert [word for word in PRIVATE if word in written and word in data] == []


def test_inks_have_the_colours_of_the_rgb_file():
    assert distance(read("hostile/cmyk.jpg"), read("hostile/progressive.jpg")) < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_are_one_picture(orientation: int):
    image = read(f"hostile/exif-{orientation}.jpg")
    assert image.size == (320, 250)
    assert distance(image, read("hostile/exif-1.jpg")) < 4


def test_sixteen_bit_grey_is_neither_white_nor_clipped():
    pixels = read("hostile/gray-16bit.png").pixels
    assert 60 < pixels.mean() < 200
    assert (pixels == 255).mean() < 0.05


def test_a_wholly_transparent_picture_hides_nothing():
    assert read("hostile/rgba-all-transparent.png").pixels.min() == 255
    assert read("hostile/rgba-all-transparent.png", keep_alpha=True).pixels.min() == 255


def test_the_same_refusal_every_time():
    for entry in FILES:
        said = set()
        for _ in range(2):
            try:
                said.add(read(f"hostile/{entry['file']}").digest)
            except GenkolError as error:
                said.add(str(error))
        assert len(said) == 1, entry["file"]


def test_a_turned_photograph_is_the_upright_one():
    turned, upright = read("public/person-hard-exif6-01.jpg"), read("public/person-halfbody-f-02.jpg")
    assert turned.size == upright.size
    assert distance(turned, upright) < 4


def test_23_megapixels_are_reduced_in_time():
    start = time.perf_counter()
    image = read("public/person-hard-verylarge-01.jpg", max_side=2048)
    assert time.perf_counter() - start < 2
    assert image.size == (1365, 2048)
