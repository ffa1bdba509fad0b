"""A picture as a swatch of fabric, tiled, or as a print on the chest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.algorithms.virtual_try_on.dye.drape import Drape
from genkol.artifacts import F32, U8, Image
from genkol.errors import Unsuitable
from genkol.vision.colour import delta_e, lab_of

EVEN = 0.9
"""Share of a picture's border in one colour from which this is the ground of a logo."""
GROUND = (5.0, 16.0)
"""Colour differences (CIE76) from the ground at which ink begins and is full."""
SEAMLESS = 14.0
"""Mean step of colour (CIE76) over a tile's border up to which it is repeated as it is; beyond, it is mirrored."""
WIDTH, TALLEST = 0.52, 0.75
"""Of a print at scale 1, in shoulder widths."""
TILE = 0.45
"""Width of a swatch at scale 1, in shoulder widths."""


@dataclass(frozen=True, eq=False)
class Ink:
    """Colour and coverage. Args: levels: (h, w, 3) sRGB in 8-bit levels; cover: (h, w) in [0, 1]."""

    levels: F32
    cover: F32


def ink_of(picture: Image) -> Ink:
    """Return a logo without its ground, cut to what is left.

    The picture's own alpha is kept; an opaque one of one colour along its border loses that colour everywhere,
    in the counters of letters too, as it would be printed without white beneath.

    Raises:
        Unsuitable: nothing is left.
    """
    levels = picture.pixels.astype(np.float32)
    if picture.alpha is not None and picture.alpha.min() < 250:
        cover = np.asarray(picture.alpha, np.float32) / np.float32(255)
    else:
        cover, levels = _without_ground(picture.pixels, levels)
    rows, columns = np.flatnonzero(cover.max(axis=1) > 0.1), np.flatnonzero(cover.max(axis=0) > 0.1)
    if not len(rows) or float(cover.mean()) < 0.002:
        raise Unsuitable(
            f"The print is empty: ink covers {cover.mean():.2%} of the picture, at least 0.2% is needed. Give a logo "
            "that stands out from its ground, or one with transparency.",
            port="garment",
            value=float(cover.mean()),
        )
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Ink(np.asarray(levels[part], np.float32), cover[part])


def _without_ground(pixels: U8, levels: F32) -> tuple[F32, F32]:
    """Return the coverage of what differs from the border's one colour, and its own colour."""
    ring = np.ones(pixels.shape[:2], bool)
    edge = max(1, round(0.02 * min(ring.shape)))
    ring[edge:-edge, edge:-edge] = False
    ground = np.asarray(np.median(levels[ring], axis=0), np.float32)
    away = delta_e(lab_of(pixels), lab_of(ground[None] / np.float32(255))[0])
    if float((away[ring] < 8).mean()) < EVEN:
        return np.ones(ring.shape, np.float32), levels
    cover = np.clip((away - GROUND[0]) / (GROUND[1] - GROUND[0]), 0, 1).astype(np.float32)
    own = (levels - ground * (1 - cover[..., None])) / np.maximum(cover[..., None], 0.2)
    return cover, np.clip(own, 0, 255).astype(np.float32)


def printed(ink: Ink, drape: Drape, top: tuple[float, float], scale: float, unit: float) -> Ink:
    """Return a print as it lies on the cloth.

    Args:
        ink: the logo.
        drape: the cloth's coordinates, (h, w).
        top: where the middle of its upper edge lies on them.
        scale: 1 is about half of the shoulders' width.
        unit: pixels in a shoulder width.
    """
    h, w = ink.cover.shape
    width = scale * min(WIDTH, TALLEST * w / h)
    ink = _sized(ink, width * unit)
    h, w = ink.cover.shape
    x = ((drape.u - top[0]) / width + 0.5) * w - 0.5
    y = (drape.v - top[1]) / width * w - 0.5
    return _sampled(ink, x, y, cv2.BORDER_CONSTANT)


def tiled(swatch: Image, drape: Drape, scale: float, unit: float) -> Ink:
    """Return a fabric as it lies on the cloth; the arguments are those of `printed`."""
    levels = swatch.pixels.astype(np.float32)
    cover = np.ones(levels.shape[:2], np.float32)
    if swatch.alpha is not None:
        cover = np.asarray(swatch.alpha, np.float32) / np.float32(255)
    width = scale * TILE
    ink = _sized(Ink(levels, cover), width * unit)
    w = ink.cover.shape[1]
    border = cv2.BORDER_WRAP if _seamless(swatch.pixels) else cv2.BORDER_REFLECT
    return _sampled(ink, (drape.u / width + 0.5) * w - 0.5, drape.v / width * w - 0.5, border)


def _seamless(pixels: U8) -> bool:
    lab = lab_of(pixels)
    across, down = delta_e(lab[:, 0], lab[:, -1]), delta_e(lab[0], lab[-1])
    return bool(max(across.mean(), down.mean()) < SEAMLESS)


def _sized(ink: Ink, width: float) -> Ink:
    """Shrink an ink to about the width at which it will be seen, averaging, premultiplied."""
    h, w = ink.cover.shape
    if width >= w:
        return ink
    size = (max(2, round(width)), max(2, round(h * width / w)))
    cover = cv2.resize(ink.cover, size, interpolation=cv2.INTER_AREA)
    levels = cv2.resize(ink.levels * ink.cover[..., None], size, interpolation=cv2.INTER_AREA)
    return Ink(levels / np.maximum(cover, 1e-3)[..., None], cover)


def _sampled(ink: Ink, x: NDArray[np.float32], y: NDArray[np.float32], border: int) -> Ink:
    stack = np.dstack([ink.levels * ink.cover[..., None], ink.cover]).astype(np.float32)
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    found = cv2.remap(stack, x, y, cv2.INTER_LINEAR, borderMode=border)
    cover = np.clip(found[..., 3], 0, 1)
    return Ink(np.clip(found[..., :3] / np.maximum(cover, 1e-3)[..., None], 0, 255), cover)
