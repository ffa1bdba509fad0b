"""The finished picture: composed, encoded, and reported layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genkol.artifacts import Image, Layer
from genkol.compose import compose, reach
from genkol.flow.plan import Plan
from genkol.openraster import painted, write_ora
from genkol.pictures import format_named, write_image


@dataclass(frozen=True)
class Wanted:
    """What shall come back.

    Args:
        format: png, jpeg or webp.
        layers: the stack as OpenRaster too.
        swatches: each layer as a PNG with transparency too.
    """

    format: str = "png"
    layers: bool = False
    swatches: bool = False


@dataclass(frozen=True)
class LayerReport:
    """One layer of the picture.

    Args:
        step: the id of the step that painted it.
        title: for people.
        strength: at which it was laid.
        box: left, top, right, bottom of what it may change, pixels of the portrait; all 0 when it changes nothing.
        changed: how many pixels of the portrait it may change.
        digest: of its content.
        swatch: PNG of the box: the layer alone, with transparency; empty unless asked for.
    """

    step: str
    title: str
    strength: float
    box: tuple[int, int, int, int]
    changed: int
    digest: str
    swatch: bytes = b""


@dataclass(frozen=True)
class Finished:
    """A picture, ready to leave.

    Args:
        picture: the encoded file.
        media_type: of it.
        width, height: pixels.
        digest: of the pixels before encoding.
        frame: (width, height) of the portrait, in whose pixels the layers and the OpenRaster file are; the picture of
            a finisher may be larger.
        layers: bottom first.
        ora: the OpenRaster file, empty unless asked for.
        versions: step and version, for steps that another version did than was planned: it was swapped meanwhile.
    """

    picture: bytes
    media_type: str
    width: int
    height: int
    digest: str
    frame: tuple[int, int]
    layers: tuple[LayerReport, ...]
    ora: bytes = b""
    versions: tuple[tuple[str, str], ...] = ()


def finish(plan: Plan, portrait: Image, layers: Sequence[Layer], last: Image | None, wanted: Wanted) -> Finished:
    """Compose the layers on the portrait, encode the picture and report on it.

    Args:
        plan: says whose layers these are and how strong.
        portrait: what they lie on.
        layers: bottom first, one for each of `plan.layers`.
        last: the picture of a finisher, which then is the result.
        wanted: what shall come back.
    """
    strengths = [plan.step(id).strength for id in plan.layers]
    picture = last or compose(portrait, layers, strengths)
    titles = [layer.title or id for id, layer in zip(plan.layers, layers, strict=True)]
    chosen = format_named(wanted.format)
    return Finished(
        picture=write_image(picture, chosen),
        media_type=chosen.mime,
        width=picture.width,
        height=picture.height,
        digest=picture.digest,
        frame=portrait.size,
        layers=tuple(
            _report(id, title, strength, layer, portrait, wanted)
            for id, title, strength, layer in zip(plan.layers, titles, strengths, layers, strict=True)
        ),
        ora=write_ora(portrait, layers, titles=titles, strengths=strengths) if wanted.layers else b"",
    )


def _report(id: str, title: str, strength: float, layer: Layer, portrait: Image, wanted: Wanted) -> LayerReport:
    box, changed = reach(layer, portrait.size)
    swatch = _swatch(portrait, layer, box) if wanted.swatches and changed else b""
    return LayerReport(id, title, strength, box, changed, layer.digest, swatch)


def _swatch(portrait: Image, layer: Layer, box: tuple[int, int, int, int]) -> bytes:
    alone, (x, y) = painted(portrait, layer)
    left, top, right, bottom = box
    place = np.s_[y - top : y - top + alone.height, x - left : x - left + alone.width]
    pixels = np.full((bottom - top, right - left, 3), 255, np.uint8)
    alpha = np.zeros(pixels.shape[:2], np.uint8)
    pixels[place], alpha[place] = alone.pixels, alone.alpha
    return write_image(Image(pixels, alpha))
