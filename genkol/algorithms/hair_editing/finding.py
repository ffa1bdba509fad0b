"""Where the hair is, to the strand: the parsing's map, laid along the colours at its edges."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.hair_editing.closer import DOUBTFUL, HOPELESS, MAP_SIDE, CloserLook, doubt_of
from genkol.artifacts import F32, U8, Person
from genkol.errors import Unsuitable
from genkol.vision.box import Box, box_of
from genkol.vision.unmix import local_colour

LEAST_OF_FACE = 0.12  # hair against the skin of the face; a stubble or a strand under a hat is less
LEAST_OF_PERSON = 0.01  # where no face shows
LEAST_PIXELS = 150.0
GROWN, ROOMY = 0.06, 0.2  # share of the head about it that is taken in, and where the parsing wavers
LEAST_ISLAND = 0.04  # share of the largest piece of hair
SURE = 0.85  # coverage of a pixel that shows hair alone


def ramp(x: F32, low: float, high: float) -> F32:
    """Return 0 below low, 1 above high, straight between."""
    return np.asarray(np.clip((x - low) / (high - low), 0, 1), np.float32)


def head_of(person: Person, port: str) -> Box:
    """Return the box around hair and face, with some room.

    Raises:
        Unsuitable: too little hair shows: bald, shorn, or under a hat.
    """
    hair = float(np.count_nonzero(person.hair > 127))
    face, whole = float(np.count_nonzero(person.face_skin > 127)), float(np.count_nonzero(person.matte > 127))
    least = max(LEAST_PIXELS, LEAST_OF_FACE * face if face else LEAST_OF_PERSON * whole)
    if hair < least:
        raise Unsuitable(
            f"Too little hair shows in {port!r}: {hair:.0f} pixels, at least {least:.0f} are needed beside "
            f"{face:.0f} pixels of face. Give a photo in which the hair is not shorn or covered, or a larger one.",
            port=port,
            value=int(hair),
            expected=int(np.ceil(least)),
        )
    box = box_of((person.hair > 60) | (person.face_skin > 60), 1, 1)
    assert box is not None
    return box.grown(ROOMY if doubt_of(box.of(person.hair)) > DOUBTFUL else GROWN, person.hair.shape)


def coverage(picture: U8, person: Person, head: Box, closer: CloserLook) -> F32:
    """Return how much of each pixel is hair.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        person: in it.
        head: where the head is in it.
        closer: asked where the parsing wavers; it sees more in a head that fills its picture.

    Returns:
        (h, w) in [0, 1], exactly 0 on what is not hair.

    Raises:
        Unsuitable: too much is in doubt, or hardly any pixel is hair for sure.
    """
    pixels = np.ascontiguousarray(head.of(picture))
    matte = _fraction(head.of(person.matte))
    coarse, bare = _fraction(head.of(person.hair)), None
    doubt = doubt_of(head.of(person.hair))
    if doubt > HOPELESS:
        raise Unsuitable(
            f"Hair cannot be told from skin here: for each pixel that is likely hair {doubt:.1f} more are in doubt, at "
            f"most {HOPELESS} may be. Give a photo that is lighter or sharper.",
            value=round(doubt, 2),
            expected=HOPELESS,
        )
    if doubt > DOUBTFUL:
        coarse, bare = closer(picture, head, coarse, _fraction(head.of(person.face_skin)), matte)
    fine = _without_islands(_laid_on_strands(pixels, ramp(coarse, 0.2, 0.88)))
    if bare is not None:
        fine *= bare
    firm = _fraction(np.maximum(head.of(person.clothes), head.of(person.body_skin)))
    if np.count_nonzero(fine > SURE) < LEAST_PIXELS / 3:
        raise Unsuitable(
            f"The hair cannot be told from what is about it: {np.count_nonzero(fine > SURE)} pixels are hair for sure, "
            f"at least {LEAST_PIXELS / 3:.0f} are needed. Give a larger or sharper photo.",
            expected=LEAST_PIXELS / 3,
        )
    # The faintest strands keep more of their own colour: a wrong guess there would glow around the head.
    firmly_other = (1 - ramp(matte, 0.065, 0.25)) + ramp(firm, 0.75, 0.94)
    return np.asarray(fine**2 * (3 - 2 * fine) * np.clip(1 - firmly_other, 0, 1), np.float32)


def _fraction(levels: U8) -> F32:
    return levels.astype(np.float32) / np.float32(255)


def _without_islands(weight: F32) -> F32:
    """Drop what is small and apart from the hair: the rim of glasses, a dark button."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((weight > 0.02).astype(np.uint8))
    if count < 3:
        return weight
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    keep = areas > LEAST_ISLAND * areas.max()
    return np.asarray(weight * keep[labels], np.float32)


def _laid_on_strands(pixels: U8, weight: F32) -> F32:
    """Return the weights corrected near the edges by how far each pixel's colour goes from what is next to the hair
    towards the hair itself; where the two look alike, the given weight stays.
    """
    h, w = weight.shape
    area = float((weight > 0.5).sum())
    reach = max(1.5, 0.022 * min(area**0.5, 0.5 * (h * w) ** 0.5))
    scale = min(1.0, 2.5 / reach, MAP_SIDE / max(h, w))
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    part = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(reach * scale)) + 1,) * 2)
    inside = cv2.erode((part > 0.9).astype(np.float32), disc)
    outside = cv2.erode((part < 0.05).astype(np.float32), disc)
    hair, other = (local_colour(small, sure, 2.5 * reach * scale) for sure in (inside, outside))
    axis = hair.mean - other.mean
    length = np.sqrt((axis**2).sum(axis=-1))
    trust = ramp(length - 0.5 * other.spread, 0.12, 0.3) * hair.known * other.known
    near = cv2.dilate((part > 0.3).astype(np.float32), disc) * (1 - cv2.erode((part > 0.97).astype(np.float32), disc))
    maps = np.dstack(
        [
            other.mean,
            axis / np.maximum(length, 1e-3)[..., None] ** 2,
            trust * near,
            other.spread / np.maximum(length, 1e-3),
        ]
    )
    maps = cv2.resize(maps, (w, h), interpolation=cv2.INTER_LINEAR)
    band = maps[..., 6] > 0.01
    m, old = maps[band], weight[band]
    away = ((pixels[band].astype(np.float32) / 255 - m[:, :3]) * m[:, 3:6]).sum(axis=-1)
    low = np.minimum(0.08 + 0.6 * m[:, 7], 0.4)
    share = np.clip((away - low) / (0.9 - low), 0, 1)
    out = weight.copy()
    out[band] = old + m[:, 6] * (share - old) * np.where(share > old, 1, 1 - ramp(old, 0.8, 1))
    return out
