"""A portrait and its layers as an OpenRaster file, which designers' programs open with all layers.

OpenRaster layers are ordinary "over" in bytes: a colour and an alpha for each pixel. A layer of GenKOL
may do more (a signed change has no colour of its own), so each pixel is written as one of these:

- its own colour, paint / opacity, with its own opacity, where that gives the composed picture within one level;
- elsewhere the most transparent colour that turns what lies beneath into the composed picture, exactly. A
  blush stays a thin veil, and what is beneath can still be switched off or repainted.

Flattening the file by "over", rounded to bytes layer by layer, therefore equals `compose` within one level; the
merged image in the file equals it exactly. Strengths are painted in; a layer of strength 0 is there, hidden.
The format: https://www.openraster.org, baseline 0.0.3.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import F32, PAINT_UNIT, U8, Image, Layer
from genkol.compose import Placed, compose, placed
from genkol.errors import BadParams
from genkol.pictures import PNG, write_image

_MIMETYPE = "image/openraster"
_THUMBNAIL_SIDE = 256


@dataclass(frozen=True)
class _Sheet:
    """One layer of the file; (left, top) is where it lies."""

    title: str
    image: Image
    left: int = 0
    top: int = 0
    visible: bool = True


def write_ora(
    portrait: Image,
    layers: Sequence[Layer],
    titles: Sequence[str] | None = None,
    strengths: Sequence[float] | None = None,
) -> bytes:
    """Return the OpenRaster file of the portrait with one layer for each of `layers`; equal input, equal bytes.

    Args:
        portrait: the lowest layer; its alpha is left out.
        layers: in canonical order, the first one lowest.
        titles: names for the designer, in place of the layers' own.
        strengths: as in `compose`.

    Raises:
        BadParams: the titles or strengths do not match the layers.
    """
    if titles is not None and len(titles) != len(layers):
        raise BadParams(f"{len(layers)} layers need {len(layers)} titles, not {len(titles)}.", field="titles")
    base = Image(portrait.pixels)
    merged = compose(base, layers, strengths)
    names = titles or [layer.title for layer in layers]
    sheets = [_Sheet("Portrait", base), *_sheets(base, layers, names, strengths or [1.0] * len(layers))]
    return _packed(sheets, merged)


def painted(portrait: Image, layer: Layer) -> tuple[Image, tuple[int, int]]:
    """Return one layer alone, with transparency, and where its top left pixel lies: what `write_ora` writes of it
    when nothing else lies on the portrait.
    """
    sheet = _sheets(Image(portrait.pixels), [layer], [layer.title], [1.0])[0]
    return sheet.image, (sheet.left, sheet.top)


def _sheets(base: Image, layers: Sequence[Layer], titles: Sequence[str], strengths: Sequence[float]) -> list[_Sheet]:
    """Paint each layer so that "over" upon the flattened layers beneath gives the composed picture."""
    sheets, flat = [], base.pixels.copy()
    for index, (layer, title, strength) in enumerate(zip(layers, titles, strengths, strict=True)):
        part = placed(layer, base.size)
        if part is None:
            sheets.append(_cropped(title, np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint8), 0, 0, True))
            continue
        shown = strength > 0
        beneath = index + 1
        after = compose(base, layers[:beneath], strengths[:beneath]) if shown else compose(Image(flat), [layer])
        box = np.s_[part.top : part.bottom, part.left : part.right]
        colour, alpha = _painted(flat[box], after.pixels[box], part, strength if shown else 1.0)
        if shown:
            flat[box] = over(flat[box], colour, alpha)
        sheets.append(_cropped(title, colour, alpha, part.left, part.top, shown))
    return sheets


def over(below: U8, colour: U8, alpha: U8) -> U8:
    """Return (h, w, 3) bytes of a colour laid over `below` with alpha (h, w), rounded to nearest."""
    share = (alpha.astype(np.float32) / 255)[..., None]
    mixed = below + (colour.astype(np.float32) - below) * share
    return np.rint(mixed).astype(np.uint8)


def _painted(below: U8, after: U8, part: Placed, strength: float) -> tuple[U8, U8]:
    """Return colour (h, w, 3) and alpha (h, w) that turn `below` into `after`, within one level."""
    opacity = part.opacity.astype(np.float32)
    own = part.paint.astype(np.float32) * (255 / PAINT_UNIT) / np.maximum(opacity, 1e-3)[..., None]
    colour = np.clip(np.rint(own), 0, 255).astype(np.uint8)
    alpha = np.clip(np.rint(opacity * np.float32(strength)), 0, 255).astype(np.uint8)
    error = cv2.absdiff(over(below, colour, alpha), after).max(axis=2)
    wrong = error > (alpha > 0)
    colour[wrong], alpha[wrong] = _veil(below[wrong].astype(np.float32), after[wrong].astype(np.float32))
    colour[alpha == 0] = 255
    return colour, alpha


def _veil(below: F32, after: F32) -> tuple[U8, U8]:
    """Return the least alpha (n,), with its colour (n, 3), that turns `below` into `after`, both (n, 3).

    With b the colour beneath and t the wanted one, c = b + (t - b) / alpha must lie in 0 to 255.
    """
    step = after - below
    room = np.where(step > 0, 255 - below, below)
    need = np.max(np.abs(step) / np.maximum(room, 1), axis=1, initial=0)
    alpha = np.clip(np.ceil(need * 255 - 1e-3), 1, 255)
    colour = np.clip(np.rint(below + step * (255 / alpha)[:, None]), 0, 255)
    return colour.astype(np.uint8), alpha.astype(np.uint8)


def _cropped(title: str, colour: U8, alpha: U8, left: int, top: int, visible: bool) -> _Sheet:
    x, y, w, h = cv2.boundingRect((alpha > 0).view(np.uint8))
    part = np.s_[y : y + max(h, 1), x : x + max(w, 1)]
    return _Sheet(title, Image(colour[part], alpha[part]), left + x, top + y, visible)


def _packed(sheets: Sequence[_Sheet], merged: Image) -> bytes:
    """Zip it all; the mimetype goes first and nothing is compressed twice."""
    thumbnail = Pillow.fromarray(merged.pixels)
    thumbnail.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Pillow.Resampling.LANCZOS)
    members = {
        "mimetype": _MIMETYPE.encode(),
        "stack.xml": _stack_xml(sheets, merged),
        **{_path(i): write_image(sheet.image, PNG) for i, sheet in enumerate(sheets)},
        "mergedimage.png": write_image(merged, PNG),
        "Thumbnails/thumbnail.png": write_image(Image(np.asarray(thumbnail)), PNG),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return file.getvalue()


def _stack_xml(sheets: Sequence[_Sheet], merged: Image) -> bytes:
    root = ElementTree.Element(
        "image", version="0.0.3", w=str(merged.width), h=str(merged.height), xres="72", yres="72"
    )
    stack = ElementTree.SubElement(root, "stack")
    for index, sheet in reversed(list(enumerate(sheets))):  # the first in the file is the topmost
        ElementTree.SubElement(
            stack,
            "layer",
            {
                "name": "".join(c for c in sheet.title if c.isprintable()) or f"Layer {index}",
                "src": _path(index),
                "x": str(sheet.left),
                "y": str(sheet.top),
                "opacity": "1.0",
                "visibility": "visible" if sheet.visible else "hidden",
                "composite-op": "svg:src-over",
            },
        )
    xml: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return xml


def _path(index: int) -> str:
    return f"data/layer{index:03d}.png"
