"""OpenRaster files: valid, and what a designer's program shows is the picture."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from genkol.artifacts import Image, Layer
from genkol.compose import change, compose, cover
from genkol.errors import BadParams
from genkol.openraster import write_ora
from tests.unit.drawn import layers, noise, portraits, strengths


def opened(data: bytes) -> tuple[zipfile.ZipFile, list[ElementTree.Element]]:
    """The archive and its layers, the lowest first."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    stack = ElementTree.fromstring(archive.read("stack.xml")).find("stack")
    assert stack is not None
    return archive, list(reversed(stack.findall("layer")))


def pixels_of(archive: zipfile.ZipFile, name: str, mode: str) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(archive.read(name))).convert(mode))


def flattened(data: bytes) -> np.ndarray:
    """What a program shows: ordinary over, in bytes, layer by layer."""
    archive, found = opened(data)
    out = pixels_of(archive, found[0].attrib["src"], "RGB").astype(np.float64)
    for layer in found[1:]:
        if layer.get("visibility") != "visible":
            continue
        rgba = pixels_of(archive, layer.attrib["src"], "RGBA").astype(np.float64)
        x, y = int(layer.attrib["x"]), int(layer.attrib["y"])
        part = out[y : y + rgba.shape[0], x : x + rgba.shape[1]]
        alpha = rgba[: part.shape[0], : part.shape[1], 3:] / 255
        part[...] = np.rint(part * (1 - alpha) + rgba[: part.shape[0], : part.shape[1], :3] * alpha)
    return out


@given(portraits, st.lists(layers(), max_size=4), st.data())
def test_flattening_it_gives_the_composed_picture(portrait: Image, stack: list[Layer], data: st.DataObject):
    shares = [data.draw(strengths) for _ in stack]
    file = write_ora(portrait, stack, strengths=shares)
    wanted = compose(portrait, stack, shares).pixels
    assert np.abs(flattened(file) - wanted).max() <= 1
    assert np.array_equal(pixels_of(opened(file)[0], "mergedimage.png", "RGB"), wanted)


def test_it_is_laid_out_as_the_format_demands():
    portrait = Image(noise(1, 300, 500))
    file = write_ora(portrait, [cover(noise(2, 40, 40), 0.5, title="Lips & <eyes>\x07")])
    archive, found = opened(file)
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert file[38 : 38 + 16] == archive.read("mimetype") == b"image/openraster"
    root = ElementTree.fromstring(archive.read("stack.xml"))
    assert (root.tag, root.attrib["w"], root.attrib["h"]) == ("image", "500", "300")
    assert [layer.attrib["name"] for layer in found] == ["Portrait", "Lips & <eyes>"]
    assert {layer.attrib["src"] for layer in found} <= set(archive.namelist())
    assert max(pixels_of(archive, "Thumbnails/thumbnail.png", "RGB").shape) == 256
    assert archive.testzip() is None


def test_equal_input_gives_equal_bytes():
    portrait, stack = Image(noise(1, 30, 30)), [cover(noise(2, 9, 9), 0.5)]
    assert write_ora(portrait, stack) == write_ora(portrait, stack)


def test_a_cover_keeps_its_own_colour_and_opacity():
    colour = np.full((8, 8, 3), (200, 40, 90), np.uint8)
    archive, found = opened(write_ora(Image(noise(1, 8, 8)), [cover(colour, 0.6)]))
    rgba = pixels_of(archive, found[1].attrib["src"], "RGBA")
    assert np.abs(rgba - np.array([200, 40, 90, 153])).max() <= 1


def test_a_faint_change_is_a_thin_veil():
    """A designer can still switch off what lies beneath it."""
    grey = np.full((8, 8, 3), 128, np.uint8)
    archive, found = opened(write_ora(Image(grey), [change(grey, grey + np.uint8(10))]))
    assert pixels_of(archive, found[1].attrib["src"], "RGBA")[..., 3].max() <= 21  # 255 * 10 / 127, rounded up


def test_a_pure_change_is_shown_exactly():
    before, after = noise(1, 30, 30), noise(2, 30, 30)
    assert np.array_equal(flattened(write_ora(Image(before), [change(before, after)])), after)


def test_a_layer_switched_off_is_there_but_hidden():
    portrait, layer = Image(noise(1, 8, 8)), cover(noise(2, 8, 8), 1.0, title="Place")
    archive, found = opened(write_ora(portrait, [layer], strengths=[0]))
    assert found[1].attrib["visibility"] == "hidden"
    assert np.array_equal(pixels_of(archive, found[1].attrib["src"], "RGB"), noise(2, 8, 8))


def test_titles_can_be_given_and_must_match():
    layer = cover(noise(2, 8, 8), 1.0, title="Place")
    _, found = opened(write_ora(Image(noise(1, 8, 8)), [layer], titles=["Beach"]))
    assert found[1].attrib["name"] == "Beach"
    with pytest.raises(BadParams, match="1 layers need 1 titles, not 2"):
        write_ora(Image(noise(1, 8, 8)), [layer], titles=["a", "b"])
