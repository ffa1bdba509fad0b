"""Where the worn cloth lies, to the pixel: the parser's soft map, decided by colour where it wavers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.algorithms.virtual_try_on.dye.claims import (
    bare_hands,
    neither_hair_nor_skin,
    off_the_head,
    some_of,
    with_hood,
)
from genkol.algorithms.virtual_try_on.dye.shading import PLAIN, off_hue, own_colour
from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of
from genkol.vision.smooth import smoothed

SURE = 0.88
"""Share of a part from which a pixel's colour is taken as that part's own."""
LIKELY = 0.6
"""Share from which a part keeps the cloth off."""
DOUBTED = 0.02
"""Share of clothes about a pixel up to which it is none for sure."""
REACH = 0.012
"""Standard deviation within which a part's colour is looked for, over the longest side."""
HOLE = 0.03
"""Size of a hole in the map that is filled where it looks like the cloth around it, over the longest side."""
MARK = 0.014
"""Width of a stroke of a print, which the parser takes for something else, over the longest side."""
SPECK = 0.12
"""Size under which a piece of cloth within the face's bounds is none of the clothes, over the largest: lips, a mask."""
NOISE = 0.0004
"""Variance (sRGB in [0, 1]) that sensor and JPEG put into an even colour."""

Reals = NDArray[np.floating[Any]]
_FIVE = np.ones((5, 5), np.uint8)


def worn_cloth(pixels: U8, person: Person) -> F32:
    """Return (h, w) in [0, 1], the coverage of the cloth in a crop, exactly 0 where there is none.

    The person's maps are cut alike. In the firm part the map stands. Where it wavers, and along its edge, a pixel is
    cloth by as much as its colour lies towards that of the cloth around and away from that of the part it would be
    instead (the matting equation); where these two are hardly apart, by the odds of the two colours and of the map.
    Towards the background the matte decides, or the same equation where it can.
    """
    person = with_hood(pixels, person)
    share = _fraction(person.clothes)
    near = cv2.boxFilter(share, -1, (5, 5))
    firm = cv2.erode((share >= SURE).astype(np.uint8), _FIVE)
    open_ = (near > DOUBTED) & (firm == 0)
    if not open_.any():
        return np.asarray(firm, np.float32)
    found = _Sampled.at(open_, pixels, person)
    image = pixels[open_].astype(np.float32) / 255
    matte = _fraction(person.matte[open_])
    inside, alike, unlike, odds = _among_parts(image, share[open_] / np.maximum(matte, 0.05), near[open_], found)
    weight = firm.astype(np.float32)
    weight[open_] = inside
    person_around = smoothed(_fraction(person.matte), HOLE * max(share.shape))[open_]
    around = smoothed(weight, HOLE * max(share.shape))[open_] / np.maximum(person_around, 0.1)
    alone = _alone(person)[open_] * (near[open_] > 0.1) * (odds > -2)
    filled = np.maximum(inside, np.maximum(alone, _ramp(alike, 0.1, 0.35)) * _ramp(around, 0.5, 0.7))
    filled = np.maximum(filled, alone * _ramp(odds, 1, 3) * _ramp(around, 0.15, 0.3))
    unlike = np.maximum(unlike, neither_hair_nor_skin(pixels, person, open_) * _ramp(share[open_], 0.06, 0.2))
    weight[open_] = np.maximum(filled, unlike * _ramp(around, 0.06, 0.18) * (matte > 0.9))
    held = _ramp(share[open_], 0.55, 0.7) * _ramp(around, 0.75, 0.9)  # shaded cloth that looks like skin
    weight[open_] = np.maximum(weight[open_], held) * (1 - _of_other_hue(pixels, person, firm, open_, found.cloth))
    weight[open_] = _carried_out(weight, person.matte)[open_] * _outlined(image, matte, found)
    closed = cv2.morphologyEx(weight, cv2.MORPH_CLOSE, _square(MARK * max(share.shape)))
    weight = np.maximum(weight, closed * _ramp(share, 0.4, 0.6)).astype(np.float32)
    weight *= 1 - bare_hands(pixels, person)
    weight[weight < 0.015] = 0
    weight[weight > 0.985] = 1
    return off_the_head(_off_the_face(weight, person), pixels, person)


def _of_other_hue(pixels: U8, person: Person, firm: U8, open_: NDArray[np.bool_], cloth: F32) -> F32:
    """Return (n,) in [0, 1]: which open pixels have another hue than a plain cloth has: flowers, hair."""
    lab = lab_of(pixels[open_])
    none = np.zeros(len(lab), np.float32)
    sample = some_of(pixels, firm > 0, 8000)
    if len(sample) < 500:
        return none
    sample_lab = lab_of(sample)
    own = own_colour(sample_lab)
    if float((off_hue(sample_lab, own) < 14).mean()) < PLAIN:
        return none
    near = lab_of(np.clip(cloth[None, :, :3], 0, 1))[0]
    away = np.minimum(off_hue(lab, own), np.hypot(lab[:, 1] - near[:, 1], lab[:, 2] - near[:, 2]))
    other = _ramp(away, 18, 30) * (1 - _ramp(_fraction(person.clothes[open_]), 0.5, 0.7))
    hair = some_of(pixels, person.hair > 255 * SURE, 2000)
    if len(hair) < 200:
        return other
    middle = np.median(lab_of(hair)[:, 1:], axis=0)
    like_hair = np.hypot(lab[:, 1] - middle[0], lab[:, 2] - middle[1]) < 0.6 * away
    return np.asarray(np.maximum(other, like_hair * _ramp(away, 12, 20)), np.float32)


def _alone(person: Person) -> F32:
    """Return (h, w) in [0, 1]: how far from all that is surely another part of the person."""
    parts = (person.face_skin, person.body_skin, person.hair, person.accessories)
    small = [cv2.resize(part, (part.shape[1] // 2 + 1, part.shape[0] // 2 + 1)) for part in parts]
    free = (np.maximum.reduce(small) < 255 * LIKELY).astype(np.uint8)
    away = cv2.distanceTransform(free, cv2.DIST_L2, 3) * 2 / max(person.matte.shape)
    return _ramp(cv2.resize(away, person.matte.shape[::-1], interpolation=cv2.INTER_LINEAR), 0.006, 0.016)


def _carried_out(weight: F32, matte: U8) -> F32:
    """Return the weight with that of the solid inside carried on to the outline, whose mixed colours say nothing."""
    solid = (matte > 250).astype(np.float32)
    window = (9, 9)
    near = cv2.boxFilter(weight * solid, -1, window) / np.maximum(cv2.boxFilter(solid, -1, window), 1e-3)
    return np.where(solid > 0, weight, _ramp(near, 0.3, 0.7)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Local:
    """The colour of a part around each pixel: (h, w, 3) mean, (h, w) variance, (h, w) how much of it is near."""

    mean: F32
    variance: F32
    known: F32

    def planes(self) -> F32:
        return np.dstack([self.mean, self.variance / 3 + NOISE, self.known]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Sampled:
    """At n pixels the colours around of cloth, of the likeliest other part and of the background.

    Each is (n, 5): mean, variance of a channel, how much of it is near; hair and skin are (n,), their shares.
    """

    cloth: F32
    other: F32
    behind: F32
    hair: F32
    skin: F32

    @classmethod
    def at(cls, where: NDArray[np.bool_], pixels: U8, person: Person) -> _Sampled:
        h, w = where.shape
        size = (max(1, w // 4), max(1, h // 4))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        skin = np.maximum(person.face_skin, person.body_skin)
        planes = (person.clothes, skin, person.hair, person.accessories, 255 - person.matte)
        reach = max(1.5, REACH * max(h, w) / 4)
        shares = [_fraction(cv2.resize(p, size, interpolation=cv2.INTER_AREA)) for p in planes]
        firm = (cv2.erode(cv2.compare(p, 255 * SURE, cv2.CMP_GE), _FIVE) for p in planes)
        sure = [_fraction(cv2.resize(p, size, interpolation=cv2.INTER_AREA)) for p in firm]
        cloth, *others, behind = (_local(small, part, reach) for part in sure)
        others[1] = _overall(small, sure[2]) or others[1]
        other = _opponent(others, shares[1:4])
        y, x = (np.asarray(axis, np.float32)[:, None] for axis in np.nonzero(where))
        x, y = (x + 0.5) * size[0] / w - 0.5, (y + 0.5) * size[1] / h - 0.5
        found = (_lookup(part.planes(), x, y) for part in (cloth, other, behind))
        shown = (_fraction(part[where]) for part in (person.hair, skin))
        return cls(*found, *shown)


def _lookup(planes: F32, x: F32, y: F32) -> F32:
    """Return (n, k) of (h, w, k) at (n, 1) places, bilinear."""
    if not len(x):
        return np.zeros((0, planes.shape[2]), np.float32)
    rows = -(-len(x) // 4096)  # a map is at most 32767 high
    across, down = (np.resize(axis, (rows, 4096)).astype(np.float32) for axis in (x, y))
    parts = [_pulled(planes[..., k : k + 4], across, down) for k in range(0, planes.shape[2], 4)]
    return np.asarray(np.dstack(parts).reshape(rows * 4096, -1)[: len(x)], np.float32)


def _pulled(planes: F32, x: F32, y: F32) -> F32:
    source = np.ascontiguousarray(planes)
    return np.asarray(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _local(small: F32, sure: F32, sigma: float) -> _Local:
    stack = np.dstack([small * sure[..., None], np.einsum("hwc,hwc->hw", small, small) * sure, sure])
    total = smoothed(stack, sigma) + 0.03 * smoothed(stack, 4 * sigma) + 0.001 * smoothed(stack, 12 * sigma)
    weight = np.maximum(total[..., 4:], 1e-7)
    mean = total[..., :3] / weight
    variance = np.maximum(total[..., 3] / weight[..., 0] - np.einsum("hwc,hwc->hw", mean, mean), 0)
    return _Local(mean, variance, np.clip(2000 * total[..., 4], 0, 1))


def _overall(small: F32, sure: F32) -> _Local | None:
    """Return the colour of hair as a whole, the same everywhere: between loose strands the parser sees it too."""
    colours = small[sure > 0.9]
    if len(colours) < 40:
        return None
    mean = np.median(colours, axis=0)
    spread = np.maximum(1.5 * np.median(np.abs(colours - mean), axis=0), 0.08)  # it shines
    flat = np.ones(small.shape[:2], np.float32)
    return _Local(flat[..., None] * mean.astype(np.float32), flat * np.float32((spread**2).sum()), flat)


def _opponent(others: list[_Local], shares: list[F32]) -> _Local:
    """Return the colour of what a pixel would be if it were not cloth, by the shares of the other parts about it."""
    weights = [(smoothed(s, 1.5) + 0.003) * o.known for o, s in zip(others, shares, strict=True)]
    total = np.maximum(np.sum(weights, axis=0), 1e-6)
    mean = np.sum([w[..., None] * o.mean for w, o in zip(weights, others, strict=True)], axis=0) / total[..., None]
    variance = np.sum([w * o.variance for w, o in zip(weights, others, strict=True)], axis=0) / total
    return _Local(mean, variance, np.clip(total / 0.02, 0, 1))


def _among_parts(image: F32, share: F32, near: F32, found: _Sampled) -> tuple[F32, F32, F32, F32]:
    """Return, (n,) each, how far pixels are cloth rather than another part of the person.

    Then how much they look like the cloth around, how little like hair, and the odds (logarithm) for cloth.
    """
    cloth, other = found.cloth, found.other
    key, trust = _key(image, cloth, other)
    away, off = (_length2(image - part[:, :3]) for part in (cloth, other))
    odds = off / (2 * other[:, 3]) + 1.5 * np.log(other[:, 3] / cloth[:, 3]) - away / (2 * cloth[:, 3])
    odds = np.clip(odds, -8, 8)
    known = cloth[:, 4] * other[:, 4]
    alike = np.exp(-away / (12 * cloth[:, 3])) * np.clip(0.004 / cloth[:, 3], 0, 1) * (odds > 0)
    logit = np.log((share + 0.01) / np.maximum(1.01 - share, 0.01)) + known * np.where(
        odds > 0, odds * alike, 0.5 * odds
    )
    plain = _ramp(1 / (1 + np.exp(-logit)), 0.15, 0.85)
    trust = trust * known * np.maximum(alike, _ramp(near, 0.1, 0.3))
    weight = (plain + trust * (key - plain)) * _ramp(near, DOUBTED, 0.04)
    weight = weight * (1 - _ramp(found.hair - share, 0.0, 0.4))
    unlike = _ramp(off / (3 * other[:, 3]), 5, 9) * (1 - _ramp(found.skin, 0.1, 0.3)) * _ramp(found.hair, 0.02, 0.12)
    weight, alike, unlike, odds = (np.asarray(part, np.float32) for part in (weight, alike, unlike, odds))
    return weight, alike, unlike, odds


def _outlined(image: F32, matte: F32, found: _Sampled) -> F32:
    """Return (n,) the coverage of the person, where the cloth meets the background."""
    key, trust = _key(image, found.cloth, found.behind)
    trust = trust * found.cloth[:, 4] * found.behind[:, 4] * _ramp(1 - matte, 0.003, 0.02)
    return np.asarray((matte + trust * (key - matte)) * _ramp(matte, 0.0, 0.02), np.float32)


def _key(image: F32, cloth: F32, other: F32) -> tuple[F32, F32]:
    """Return the coverage by the matting equation, and how far the two colours are apart for it, both (n,)."""
    toward = cloth[:, :3] - other[:, :3]
    apart = _length2(toward)
    key = np.einsum("nc,nc->n", image - other[:, :3], toward) / np.maximum(apart, 1e-4)
    trust = _ramp(apart / (apart + 9 * cloth[:, 3] + 9 * other[:, 3]), 0.4, 0.75)
    return _linear(key, 0.04, 0.9), trust


def _off_the_face(weight: F32, person: Person) -> F32:
    """Return the weight without the face, small pieces within its bounds (lips) and the shade of the chin."""
    face = person.face_skin
    x, y, w, h = (2 * v for v in _largest((face[::2, ::2] > 127).astype(np.uint8)))
    reach = _square(0.09 * h)
    chin, neck = (cv2.dilate((skin > 127).astype(np.uint8), reach) for skin in (face, person.body_skin))
    weight = weight * (1 - (chin & neck))
    _, labels, stats, centres = cv2.connectedComponentsWithStats((weight > 0).astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float32)
    areas[0] = 0
    across, down = (centres[:, 0] - x) / max(w, 1), (centres[:, 1] - y) / max(h, 1)
    in_face = (np.abs(across - 0.5) < 0.35) & (np.abs(down - 0.5) < 0.5)
    kept = (areas >= SPECK * areas.max(initial=1)) | (~in_face & (areas > 0.003 * areas.max(initial=1)))
    return np.where(kept[labels] & (face < 96), weight, 0).astype(np.float32)


def _length2(vectors: F32) -> F32:
    return np.asarray(np.einsum("nc,nc->n", vectors, vectors), np.float32)


def _fraction(levels: U8) -> F32:
    return levels.astype(np.float32) / np.float32(255)


def _largest(mask: U8) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the largest piece; a hand may be taken for a face."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if len(stats) < 2:
        return 0, 0, 0, 0
    x, y, w, h = stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), :4].tolist()
    return x, y, w, h


def _square(side: float) -> U8:
    odd = 2 * round(side / 2) + 1
    return np.ones((odd, odd), np.uint8)


def _linear(x: Reals, low: float, high: float) -> F32:
    return np.asarray(np.clip((x - low) / (high - low), 0, 1), np.float32)


def _ramp(x: Reals, low: float, high: float) -> F32:
    t = _linear(x, low, high)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
