"""Pictures out: exact or close, bare of metadata, the same bytes twice."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from genkol.artifacts import Image
from genkol.errors import NotAcceptable, TooLarge
from genkol.pictures import JPEG, PNG, WEBP, format_named, read_image, write_image
from tests.unit.pictures import made

PICTURE = Image(made.gradient())
FORMATS = [PNG, JPEG, WEBP]


def opened(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data))


def test_png_is_exact():
    assert np.array_equal(read_image(write_image(PICTURE)).pixels, PICTURE.pixels)


@pytest.mark.parametrize("format", [JPEG, WEBP])
def test_lossy_formats_are_close(format):
    back = read_image(write_image(PICTURE, format))
    assert np.abs(back.pixels.astype(int) - PICTURE.pixels).mean() < 1.5


@pytest.mark.parametrize("format", FORMATS)
def test_the_bytes_are_of_that_format_and_the_same_twice(format):
    data = write_image(PICTURE, format)
    assert Pillow.MIME[opened(data).format] == format.mime
    assert data == write_image(Image(PICTURE.pixels.copy()), format.name)


@pytest.mark.parametrize("format", FORMATS)
def test_no_metadata_is_written(format):
    picture = opened(write_image(PICTURE, format))
    picture.load()
    described = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background", "timestamp", "duration"}
    assert set(picture.info) <= described
    assert not picture.getexif()


def test_jpeg_keeps_full_colour_resolution():
    """Red hair on a green wall: each component is sampled at every pixel (4:4:4)."""
    picture = opened(write_image(PICTURE, JPEG))
    assert [component[1:3] for component in picture.layer] == [(1, 1)] * 3


def test_alpha_is_kept_or_lies_over_white():
    alpha = np.zeros(PICTURE.pixels.shape[:2], np.uint8)
    alpha[:, 64:] = 255
    image = Image(PICTURE.pixels, alpha)
    for format in (PNG, WEBP):
        assert np.array_equal(read_image(write_image(image, format), keep_alpha=True).alpha, alpha)
    assert read_image(write_image(image, JPEG)).pixels[:, :60].min() > 245


def test_a_picture_too_long_for_the_format_is_refused():
    with pytest.raises(TooLarge, match="webp holds at most 16383 pixels on a side, not 16384 x 2"):
        write_image(Image(np.zeros((2, 16_384, 3), np.uint8)), WEBP)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("out/demo.png", PNG),
        ("OUT.JPG", JPEG),
        ("a.b/c.jpeg", JPEG),
        (".webp", WEBP),
        ("png", PNG),
        ("jpg", JPEG),
        ("image/webp", WEBP),
        ("image/jpeg; q=0.9", JPEG),
    ],
)
def test_formats_go_by_name_suffix_or_media_type(text, format):
    assert format_named(text) is format


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("image/jpg2", "Did you mean 'image/jpeg'"),
        ("webpp", "Did you mean 'webp'"),
        ("a.gif", "There is: jpeg, png, webp"),
        ("", "There is"),
    ],
)
def test_an_unknown_format_is_not_acceptable(text, hint):
    with pytest.raises(NotAcceptable, match=hint) as caught:
        format_named(text)
    assert caught.value.context["value"] == text
