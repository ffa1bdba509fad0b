"""The parts of the 468-point face mesh: rings of indices, and which point mirrors which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LIPS_INNER_LOWER = (78, *LIPS_INNER[10:])  # up to the line between the corners

# The eye on the picture's left, outer corner first; the other one is their `mirrored`.
LASHES_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
LASHES_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LID = (130, 247, 30, 29, 27, 28, 56, 190, 243)  # rim of the moving lid
CREASE = (226, 113, 225, 224, 223, 222, 221, 189, 244)  # between the lid and the brow bone
UNDER_EYE = (130, 25, 110, 24, 23, 22, 26, 112, 243)
EYE_BAG = (226, 31, 228, 229, 230, 231, 232, 233, 244)
BROW_UPPER = (70, 63, 105, 66, 107)
BROW_LOWER = (46, 53, 52, 65, 55)
CHEEK = (116, 117, 118, 101, 205, 187, 147, 123)  # the bone and the apple under it
CHEEK_HIGHLIGHT = (116, 117, 118, 119, 111, 143)

BEARD = (123, 50, 203, 2, 423, 280, 352, *OVAL[8:29])  # all below the cheekbones and the nose
NOSE_BRIDGE = (168, 6, 197, 195)

MIDDLE = (*range(3), *range(4, 7), *range(8, 20), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200)


def _mirror() -> NDArray[np.intp]:
    """The points of one side are numbered from 248 in the order of their images on the other."""
    image = np.arange(468)
    one = np.setdiff1d(np.arange(248), MIDDLE)
    image[one] = np.arange(248, 468)
    image[248:] = one
    return image


MIRROR: NDArray[np.intp] = _mirror()
"""For each point its image on the other side of the face; those of the middle line are their own."""


def mirrored(ring: tuple[int, ...]) -> tuple[int, ...]:
    """Return the same ring on the other side of the face, in the same order."""
    return tuple(int(MIRROR[i]) for i in ring)
