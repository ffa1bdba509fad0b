"""Whether a thing is in a picture: found again by its looks, at any size and lean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, F64, U8
from genkol.evaluation.metrics.regions import Mask

WORK_HEIGHT = 64
"""Height of the thing in pixels at which it is looked for: fine print does not count, the look does."""

SIZES = tuple(1.12**n for n in range(-4, 7))
LEANS = tuple(range(-60, 61, 15))
"""What is tried: sizes as shares of the expected one, and degrees clockwise; the best is refined."""


@dataclass(frozen=True, eq=False)
class Found:
    """Where a thing was found.

    Args:
        likeness: normalised cross-correlation of its pixels, -1 to 1.
        size: its height over the expected one.
        lean: degrees clockwise from upright.
        placement: (2, 3) from the thing's pixels to the picture's.
    """

    likeness: float
    size: float
    lean: float
    placement: F64


def find(thing: U8, where: Mask, picture: U8, inside: Mask, height: float) -> Found | None:
    """Find a thing in a picture by masked normalised cross-correlation over sizes and leans.

    Args:
        thing: (h, w, 3) uint8 sRGB, cut to its bounds.
        where: (h, w) the thing in it.
        picture: (H, W, 3) uint8 sRGB.
        inside: (H, W) where it may lie.
        height: how high it should be, picture pixels.

    Returns:
        The best match, None where there is no room for one.
    """
    x, y, w, h = cv2.boundingRect(inside.astype(np.uint8))
    reach = round(0.3 * height)
    left, top = max(0, x - reach), max(0, y - reach)
    part = picture[top : y + h + reach, left : x + w + reach]
    scale = min(1.0, WORK_HEIGHT / max(height, 1.0))
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    unit = height * scale / thing.shape[0]
    tries = _tries(thing, where, small, unit, ((size, lean) for size in SIZES for lean in LEANS))
    best = max(tries, key=lambda found: found.likeness, default=None)
    if best is None:
        return None
    near = ((best.size * f, best.lean + d) for f in (0.94, 1.0, 1.06) for d in (-7, -3, 0, 3, 7))
    best = max([best, *_tries(thing, where, small, unit, near)], key=lambda found: found.likeness)
    back = np.array([[1 / scale, 0, left], [0, 1 / scale, top]])
    placement = back @ np.vstack([best.placement, [0, 0, 1]])
    return Found(best.likeness, best.size, best.lean, placement)


def _tries(thing: U8, where: Mask, picture: F32, unit: float, tries: Iterable[tuple[float, float]]) -> Iterator[Found]:
    h, w = where.shape
    for size, lean in tries:
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), -lean, unit * size)
        corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]]) @ turn.T
        low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
        turn[:, 2] -= low
        box = tuple(int(n) for n in high - low)
        if box[0] > picture.shape[1] or box[1] > picture.shape[0] or min(box) < 6:
            continue
        blurred = cv2.GaussianBlur(thing, (0, 0), max(0.3, 0.4 / (unit * size)))
        template = cv2.warpAffine(blurred, turn, box, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        mask = cv2.warpAffine(where.astype(np.float32), turn, box)
        match = cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED, mask=cv2.merge([mask] * 3))
        match = np.where(np.isfinite(match), match, -1)
        _, likeness, _, (x, y) = cv2.minMaxLoc(match)
        placement = turn.copy()
        placement[:, 2] += (x, y)
        yield Found(float(likeness), size, lean, placement.astype(np.float64))
