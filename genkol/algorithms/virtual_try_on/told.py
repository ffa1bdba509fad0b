"""Cloth told by its colour from the hair and skin that the parser mixes with it: between braids, on a shaded hand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.dye.claims import some_of
from genkol.algorithms.virtual_try_on.dye.cut import clothes_box, cut
from genkol.algorithms.virtual_try_on.dye.weight import worn_cloth
from genkol.algorithms.virtual_try_on.front import share
from genkol.artifacts import F32, U8, Person
from genkol.vision.box import Box
from genkol.vision.colour import lab_of
from genkol.vision.smooth import ramp

MIXED = (0.1, 0.3)
"""Share of hair, skin and things up to which a pixel is cloth whatever its colour, and from which it may be theirs."""
WIDE = 0.012
"""Width from which what may be skin or cloth is no mere edge between the two, over the longest side."""
STRANDS = 0.1
"""How far into hair bits of cloth are looked for, over the longest side."""

LEAST_HAIR = 500
"""Pixels of hair away from cloth, and of skin, from which their colours are known."""


def told_apart(pixels: U8, person: Person) -> Person:
    """Return the person with each pixel that clothes share with hair, skin or a thing given to either by its colour.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        person: its parts.
    """
    box = clothes_box(person)
    if box is None:
        return person
    others = {name: share(box.of(getattr(person, name))) for name in ("hair", "face_skin", "body_skin", "accessories")}
    rest = np.sum(list(others.values()), axis=0)
    cloth = share(box.of(person.clothes))
    told = worn_cloth(np.ascontiguousarray(box.of(pixels)), cut(person, box))
    told = np.maximum(told, _of_cloth(pixels, person, box, told))
    given = np.minimum((told - cloth) * ramp(rest, *MIXED), rest)
    given *= np.where((given < 0) & (others["hair"] < 0.5 * rest), _in_doubt(cloth, others["body_skin"]), 1)
    left = 1 - given / np.maximum(rest, MIXED[0])
    parts = {"clothes": cloth + given} | {name: other * left for name, other in others.items()}
    maps = {name: getattr(person, name).copy() for name in parts}
    for name, map_ in parts.items():
        box.of(maps[name])[...] = _levels(map_)
    return replace(person, **maps)


def _of_cloth(pixels: U8, person: Person, box: Box, cloth: F32) -> F32:
    """Return (h, w) in [0, 1]: bits near cloth more vivid than hair and skin are, or in the hair and lighter than it.

    Hair away from cloth tells what this head's hair is like.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        person: its parts.
        box: in it, (h, w).
        cloth: (h, w) in [0, 1], what is cloth for sure.
    """
    reach = 2 * round(STRANDS * max(cloth.shape) / 2) + 1
    near = cv2.dilate((cloth > 0.5).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    hair, skin = person.hair > 215, np.maximum(person.face_skin, person.body_skin) > 215
    box.of(hair)[near] = False
    in_hair = box.of(person.hair) > 60
    where = near & (in_hair | (box.of(person.clothes) > 25)) & (cloth < 1)
    out = np.zeros_like(cloth)
    if min(np.count_nonzero(hair), np.count_nonzero(skin)) < LEAST_HAIR or not where.any():
        return out
    samples = (some_of(pixels, hair, 8000), some_of(pixels, skin, 8000), box.of(pixels)[where])
    strands, flesh, lab = (lab_of(part) for part in samples)
    vivid = float(np.percentile(np.hypot(strands[:, 1], strands[:, 2]), 97))
    light = float(np.percentile(strands[:, 0], 98))
    off_skin = np.hypot(*(lab[:, 1:] - np.median(flesh, axis=0)[1:]).T)
    is_vivid = ramp(np.hypot(lab[:, 1], lab[:, 2]), vivid + 4, vivid + 14) * ramp(off_skin, 18, 28)
    is_light = ramp(lab[:, 0], light + 4, light + 14) * ramp(off_skin, 10, 16) * in_hair[where]
    out[where] = np.maximum(is_vivid, is_light)
    return np.asarray(out * ramp(cv2.blur(out, (5, 5)), 0.15, 0.35), np.float32)  # a glint is no bit of cloth


def _in_doubt(cloth: F32, skin: F32) -> F32:
    """Return (h, w) in [0, 1]: wide places that are as likely cloth as skin; at an edge the parser is finer."""
    both = ((cloth > 0.2) & (cloth < 0.7) & (skin > 0.2)).astype(np.float32)
    reach = 2 * round(WIDE * max(cloth.shape) / 2) + 1
    wide = cv2.morphologyEx(both, cv2.MORPH_OPEN, np.ones((reach, reach), np.uint8))
    return np.asarray(cv2.blur(cv2.dilate(wide, np.ones((5, 5), np.uint8)), (3, 3)), np.float32)


def _levels(part: F32) -> U8:
    return np.asarray(np.rint(255 * np.clip(part, 0, 1)), np.uint8)
