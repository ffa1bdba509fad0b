"""A product that stands: its table, its mirror image, its shade, itself."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.object_interaction.cutout import Cutout
from genkol.algorithms.object_interaction.match import Look, matched
from genkol.algorithms.object_interaction.spot import Spot
from genkol.algorithms.object_interaction.stack import Stack
from genkol.algorithms.object_interaction.surface import SHADE, contact, mirrored, table
from genkol.artifacts import F32, U8, Person

_GLOSS = 0.16  # share of light that a matt table mirrors at a foot


def standing(
    stack: Stack,
    pixels: U8,
    person: Person,
    thing: Cutout,
    spot: Spot,
    look: Look,
    harmonise: float,
    shadow: float,
    *,
    surface: bool,
) -> None:
    """Lay a standing product on the stack.

    Args:
        stack: of the picture's size.
        pixels: (H, W, 3) of the portrait.
        person: in it.
        thing: the product.
        spot: where it stands.
        look: of the portrait.
        harmonise: 0 to 1, how far the product takes that look.
        shadow: 0 to 1.
        surface: whether a table may be drawn.
    """
    levels, alpha = sized(thing, spot.height)
    levels = matched(levels, look, harmonise)
    h, w = alpha.shape
    left, top = round(spot.x - w / 2), round(spot.y) - h
    if spot.table is not None and surface:
        stack.lay(*_placed(table(pixels, person, spot.table)))
        image, cover = mirrored(levels, alpha, _GLOSS)
        stack.lay(image, cover, left, top + h)
    if shadow > 0:
        room = max(4, round(1.1 * w))
        shade = shadow * contact(alpha, look.side, room)
        if spot.table is not None and surface:
            first = max(0, round(spot.table) - (top - room))
            shade[:first] = 0
        stack.lay(SHADE, shade, left - room, top - room)
    stack.lay(levels, alpha, left, top)


def _placed(coat: tuple[F32, F32, int]) -> tuple[F32, F32, int, int]:
    levels, coverage, top = coat
    return levels, coverage, 0, top


def sized(thing: Cutout, height: float) -> tuple[F32, F32]:
    """Return the product's levels (h, w, 3) and coverage (h, w) at a height in pixels."""
    size = (max(2, round(height * thing.aspect)), max(2, round(height)))
    mode = cv2.INTER_AREA if size[1] <= thing.alpha.shape[0] else cv2.INTER_CUBIC
    alpha = np.clip(cv2.resize(thing.alpha, size, interpolation=mode), 0, 1)
    premultiplied = cv2.resize(thing.levels * thing.alpha[..., None], size, interpolation=mode)
    levels = premultiplied / np.maximum(alpha, 1e-3)[..., None]
    return np.asarray(np.clip(levels, 0, 255), np.float32), np.asarray(alpha, np.float32)
