"""Laying a held product: behind the fingers, with its shade on the body and theirs on it."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.object_interaction.cutout import Cutout
from genkol.algorithms.object_interaction.grip import Grip, matrix_of
from genkol.algorithms.object_interaction.match import Look, matched
from genkol.algorithms.object_interaction.stack import Stack
from genkol.algorithms.object_interaction.stand import sized
from genkol.algorithms.object_interaction.surface import SHADE
from genkol.artifacts import Person


def held(
    stack: Stack, thing: Cutout, grip: Grip, look: Look, person: Person, tilt: float, harmonise: float, shadow: float
) -> None:
    """Lay a held product on the stack: its shade on the body, itself, and the shade of the fingers on it.

    Args:
        stack: of the picture's size.
        thing: the product.
        grip: how it is held.
        look: of the portrait.
        person: in it.
        tilt: degrees more, clockwise.
        harmonise: 0 to 1, how far the product takes that look.
        shadow: 0 to 1.
    """
    levels, alpha = sized(thing, grip.height)
    small = Cutout(matched(levels, look, harmonise), alpha)
    matrix, size = matrix_of(grip, small, tilt), grip.front.shape[::-1]
    cover = cv2.warpAffine(small.alpha, matrix, size)
    paint = cv2.warpAffine(small.levels, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cover * (1 - grip.front)
    if shadow > 0:
        drop = np.array([[1, 0, -0.35 * grip.reach * (look.side or 0.5)], [0, 1, 0.35 * grip.reach]])
        shade = cv2.GaussianBlur(cv2.warpAffine(cover, drop, size), (0, 0), 0.45 * grip.reach)
        body = person.matte.astype(np.float32) / 255
        stack.lay(SHADE, (0.38 * shadow * shade * body * (1 - grip.front)).astype(np.float32))
    stack.lay(np.asarray(paint, np.float32), np.asarray(cover, np.float32))
    if shadow > 0:
        near = cv2.GaussianBlur(grip.front, (0, 0), 0.3 * grip.reach)
        drop = np.array([[1, 0, 0], [0, 1, 0.25 * grip.reach]])
        near = np.maximum(near, cv2.GaussianBlur(cv2.warpAffine(grip.front, drop, size), (0, 0), 0.3 * grip.reach))
        stack.lay(SHADE, (0.55 * shadow * near * cover).astype(np.float32))
