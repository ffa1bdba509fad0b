"""What colour gives back where the parsing is in doubt: a hood to the cloth, bare hands to the skin."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of
from genkol.vision.smooth import ramp, smoothed

DOUBT = (0.04, 0.12)
"""Share of the clothes in what the parsing calls worn or held, from which it may be of their cloth: a hood."""
ALIKE = (9.0, 16.0)
"""Distance in a and b of what is of the cloth, and of what is not."""
PLAIN = 9.0
"""Median distance in a and b within a cloth from which it has no colour of its own to compare with."""
ABOVE = 0.18
"""Shoulder widths over the shoulders from which cloth is on the head."""
UNLIKE_SKIN = (25.0, 40.0)
"""Distance (CIELAB) from the hand's own colour of what lies between its fingers."""


def with_hood(pixels: U8, person: Person) -> Person:
    """Return the person with accessories given to the clothes where they are in doubt and of a plain cloth's colour.

    Args:
        pixels: (h, w, 3) uint8 sRGB.
        person: cut alike.
    """
    size = (max(1, pixels.shape[1] // 4), max(1, pixels.shape[0] // 4))
    worn, other = (_small(part, size) for part in (person.clothes, person.accessories))
    doubt = ramp(worn, *DOUBT) * ramp(other, 0.1, 0.3)
    sure = worn > 0.9
    if np.count_nonzero(doubt > 0.5) < 40 or np.count_nonzero(sure) < 200:
        return person
    lab = lab_of(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    own = np.median(lab[sure], axis=0)
    away = np.hypot(lab[..., 1] - own[1], lab[..., 2] - own[2])
    if float(np.median(away[sure])) > PLAIN:
        return person
    low, high = np.percentile(lab[sure][:, 0], (5, 98))
    light = ramp(lab[..., 0], low - 12, low) * (1 - ramp(lab[..., 0], high + 2, high + 10))
    alike = smoothed(np.asarray((1 - ramp(away, *ALIKE)) * light, np.float32), 1.0)
    given = cv2.resize(doubt * ramp(alike, 0.4, 0.7), person.clothes.shape[::-1], interpolation=cv2.INTER_LINEAR)
    kept = person.accessories * (1 - given)
    clothes = np.minimum(person.clothes + (person.accessories - kept), 255)
    return replace(person, clothes=np.rint(clothes).astype(np.uint8), accessories=np.rint(kept).astype(np.uint8))


def off_the_head(weight: F32, pixels: U8, person: Person) -> F32:
    """Return the weight without pieces of their own above the shoulders that are not of the cloth below: masks, caps.

    Args:
        weight: (h, w) coverage of the cloth.
        pixels: (h, w, 3) uint8 sRGB.
        person: cut alike.
    """
    if not len(person.pose) or min(person.pose[11:13, 3]) < 0.5:
        return weight
    shoulders = person.pose[11:13, :2].astype(np.float64)
    top = float(shoulders[:, 1].mean()) - ABOVE * float(np.linalg.norm(shoulders[0] - shoulders[1]))
    rows = int(np.clip(top, 0, weight.shape[0]))
    sure = weight > 0.9
    if np.count_nonzero(sure[:rows]) < 20 or np.count_nonzero(sure[rows:]) < 200:
        return weight
    _, labels, stats, _ = cv2.connectedComponentsWithStats((weight[: rows + 1] > 0.5).astype(np.uint8))
    above = np.flatnonzero(stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT] <= rows)
    if not len(above):
        return weight
    below = lab_of(some_of(pixels[rows:], sure[rows:], 20000))
    own, (low, high) = np.median(below, axis=0), np.percentile(below[:, 0], (3, 98))
    out = weight.copy()
    for piece in above:
        where = np.zeros(weight.shape, np.uint8)
        where[: rows + 1] = labels == piece
        colour = np.median(lab_of(pixels[where > 0]), axis=0)
        if np.hypot(*(colour - own)[1:]) > ALIKE[0] or not low - 8 < colour[0] < high + 8:
            out[cv2.dilate(where, np.ones((5, 5), np.uint8)) > 0] = 0
    return out


def some_of(pixels: U8, where: NDArray[np.bool_], most: int) -> U8:
    """Return (n, 3) evenly picked pixels of a place: all, or from ``most`` to twice as many."""
    places = np.flatnonzero(where)
    rows, columns = np.unravel_index(places[:: max(1, len(places) // most)], where.shape)
    return np.asarray(pixels[rows, columns])


def neither_hair_nor_skin(pixels: U8, person: Person, where: NDArray[np.bool_]) -> F32:
    """Return (n,) in [0, 1]: which pixels are more vivid than any hair of this head, and not of the skin's hue.

    Args:
        pixels: (h, w, 3) uint8 sRGB.
        person: cut alike.
        where: (h, w), n pixels.
    """
    flesh_map = np.maximum(person.face_skin, person.body_skin)
    hair, skin = (some_of(pixels, part > 215, 5000) for part in (person.hair, flesh_map))
    if len(hair) < 200 or len(skin) < 200:
        return np.zeros(int(np.count_nonzero(where)), np.float32)
    strands, flesh, lab = (lab_of(part) for part in (hair, skin, pixels[where]))
    most = float(np.percentile(np.hypot(strands[:, 1], strands[:, 2]), 97))
    off_skin = np.hypot(*(lab[:, 1:] - np.median(flesh, axis=0)[1:]).T)
    return np.asarray(ramp(np.hypot(lab[:, 1], lab[:, 2]), most + 4, most + 14) * ramp(off_skin, 18, 28), np.float32)


def bare_hands(pixels: U8, person: Person) -> F32:
    """Return (h, w) in [0, 1]: hands by their landmarks, where there is some skin; pale ones are lost on pale cloth."""
    out: U8 = np.zeros(person.matte.shape, np.uint8)
    for hand in person.hands:
        points = np.rint(np.clip(hand.landmarks[:, :2], -4000, 8000)).astype(np.int32)
        thick = max(1, round(0.2 * float(np.linalg.norm(hand.landmarks[5, :2] - hand.landmarks[17, :2]))))
        cv2.fillConvexPoly(out, cv2.convexHull(points[[0, 1, 2, 5, 9, 13, 17]]), 255)
        for finger in range(1, 21, 4):
            cv2.polylines(out, [points[finger : finger + 4].reshape(-1, 1, 2)], False, 255, thick)
    hands = _fraction(out) * ramp(_fraction(person.body_skin), 0.15, 0.35)
    sure, some = (out > 0) & (person.body_skin > 230), hands > 0
    if np.count_nonzero(sure) > 50:
        skin = np.median(lab_of(pixels[sure]), axis=0)
        hands[some] *= 1 - ramp(np.linalg.norm(lab_of(pixels[some]) - skin, axis=-1), *UNLIKE_SKIN)
    return hands


def _small(part: U8, size: tuple[int, int]) -> F32:
    return _fraction(cv2.resize(part, size, interpolation=cv2.INTER_AREA))


def _fraction(levels: U8) -> F32:
    return levels.astype(np.float32) / np.float32(255)
