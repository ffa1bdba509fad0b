"""Where the worn cloth lies, to the pixel: the parser's soft map, decided by colour where it wavers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8, Person
from genkol.vision.smooth import smoothed

SURE = 0.94
"""Share of a part from which a pixel's colour is taken as that part's own."""
REACH = 0.012
"""Standard deviation within which a part's colour is looked for, over the longest side."""
HOLE = 0.03
"""Size of a hole in the map that is filled where it looks like the cloth around it, over the longest side."""
MARK = 0.014
"""Width of a stroke of a print, which the parser takes for something else, over the longest side."""
SPECK = 0.01
"""Least size of a piece of cloth, over the largest one."""
NOISE = 0.0004
"""Variance (sRGB in [0, 1]) that sensor and JPEG put into an even colour."""


def worn_cloth(pixels: U8, person: Person) -> F32:
    """Return (h, w) in [0, 1], the coverage of the cloth in a crop, exactly 0 where there is none.

    The person's maps are cut alike. In the firm part the map stands. Where it wavers, and along its edge, a pixel is
    cloth by as much as its colour lies towards that of the cloth around and away from that of the part it would be
    instead (the matting equation); where these two are hardly apart, by the odds of the two colours and of the map.
    """
    h, w = person.clothes.shape
    share = person.clothes.astype(np.float32) / 255
    maps = _local_maps(pixels, person, (max(1, w // 4), max(1, h // 4)))
    firm = cv2.erode((share >= SURE).astype(np.uint8), np.ones((5, 5), np.uint8))
    near = cv2.boxFilter(share, -1, (5, 5))
    open_ = (near > 0.01) & (firm == 0)
    weight = firm.astype(np.float32)
    maps = cv2.resize(maps, (w, h), interpolation=cv2.INTER_LINEAR)[open_]
    decided, alike = _decided(pixels[open_].astype(np.float32) / 255, share[open_], near[open_], maps)
    weight[open_] = decided
    around = smoothed(weight, HOLE * max(h, w))[open_]
    filled = np.maximum(decided, _ramp(alike, 0.1, 0.35) * _ramp(around, 0.5, 0.7))
    weight[open_] = np.minimum(filled, np.clip(person.matte[open_].astype(np.float32) / 85, 0, 1))
    closed = cv2.morphologyEx(weight, cv2.MORPH_CLOSE, _square(MARK * max(h, w)))
    weight = np.maximum(weight, closed * _ramp(share, 0.4, 0.6)).astype(np.float32)
    weight[weight < 0.02] = 0
    weight[weight > 0.98] = 1
    return _without_specks(weight, person.face_skin)


Reals = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class _Local:
    """The colour of a part around each pixel: (h, w, 3) mean, (h, w) variance, (h, w) how much of it is near."""

    mean: F32
    variance: F32
    known: F32


def _local_maps(pixels: U8, person: Person, size: tuple[int, int]) -> F32:
    """Return, reduced: the colours of cloth and opponent, their variances, how well each is known, as (h, w, 10)."""
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    skin = np.maximum(person.face_skin, person.body_skin)
    planes = (person.clothes, skin, person.hair, person.accessories, 255 - person.matte)
    reach = max(1.5, REACH * max(pixels.shape[:2]) / 4)
    shares, locals_ = [], []
    for plane in planes:
        shares.append(cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255)
        sure = cv2.erode((plane >= 255 * SURE).astype(np.uint8), np.ones((5, 5), np.uint8))
        locals_.append(_local(small, cv2.resize(sure.astype(np.float32), size, interpolation=cv2.INTER_AREA), reach))
    cloth, other = locals_[0], _opponent(locals_[1:], shares[1:])
    apart = ((cloth.mean - other.mean) ** 2).sum(-1)
    trust = _ramp(apart / (apart + 3 * cloth.variance + 3 * other.variance + 12 * NOISE), 0.4, 0.75)
    parts = (cloth.mean, other.mean, cloth.variance, other.variance, cloth.known, other.known)
    return np.asarray(np.dstack([*parts, trust]), np.float32)


def _local(small: F32, sure: F32, sigma: float) -> _Local:
    stack = np.dstack([small * sure[..., None], (small**2).sum(-1) * sure, sure])
    total = smoothed(stack, sigma) + 0.03 * smoothed(stack, 4 * sigma) + 0.001 * smoothed(stack, 12 * sigma)
    weight = np.maximum(total[..., 4:], 1e-7)
    mean = total[..., :3] / weight
    variance = np.maximum(total[..., 3] / weight[..., 0] - (mean**2).sum(-1), 0)
    return _Local(mean, variance, np.clip(2000 * total[..., 4], 0, 1))


def _opponent(others: list[_Local], shares: list[F32]) -> _Local:
    """Return the colour of what a pixel would be if it were not cloth, by the shares of the other parts about it."""
    weights = [(smoothed(s, 1.5) + 0.003) * o.known for o, s in zip(others, shares, strict=True)]
    total = np.maximum(np.sum(weights, axis=0), 1e-6)
    mean = np.sum([w[..., None] * o.mean for w, o in zip(weights, others, strict=True)], axis=0) / total[..., None]
    variance = np.sum([w * o.variance for w, o in zip(weights, others, strict=True)], axis=0) / total
    return _Local(mean, variance, np.clip(total / 0.02, 0, 1))


def _decided(image: F32, share: F32, near: F32, maps: F32) -> tuple[F32, F32]:
    """Return the coverage of some pixels, all (n, ...), and how much they look like the cloth around.

    By the key of colour where it can be trusted, else by the odds.
    """
    cloth, other = maps[:, :3], maps[:, 3:6]
    var_cloth, var_other = maps[:, 6] / 3 + NOISE, maps[:, 7] / 3 + NOISE
    toward = cloth - other
    key = _linear(((image - other) * toward).sum(-1) / np.maximum((toward**2).sum(-1), 1e-4), 0.08, 0.88)
    odds = np.clip(_surprise(image, other, var_other) - _surprise(image, cloth, var_cloth), -8, 8)
    known = maps[:, 8] * maps[:, 9]
    alike = np.exp(-((image - cloth) ** 2).sum(-1) / (12 * var_cloth)) * np.clip(0.004 / var_cloth, 0, 1)
    logit = np.log((share + 0.01) / (1.01 - share)) + known * np.where(odds > 0, odds * alike, 0.5 * odds)
    plain = _ramp(1 / (1 + np.exp(-logit)), 0.15, 0.85)
    trust = maps[:, 10] * known * np.maximum(alike, _ramp(near, 0.1, 0.3))
    weight = (plain + trust * (key - plain)) * _ramp(near, 0.01, 0.04)
    return np.asarray(weight, np.float32), np.asarray(alike * (odds > 0), np.float32)


def _surprise(image: F32, mean: F32, variance: Reals) -> F32:
    """Return minus the logarithm of an isotropic Gaussian's density."""
    return np.asarray(0.5 * ((image - mean) ** 2).sum(-1) / variance + 1.5 * np.log(variance), np.float32)


def _without_specks(weight: F32, face: U8) -> F32:
    """Return the weight without small pieces apart from the rest, as lips are, and without the face."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((weight > 0).astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float32)
    areas[0] = 0
    kept = areas >= SPECK * areas.max(initial=1)
    return np.where(kept[labels] & (face < 96), weight, 0).astype(np.float32)


def _square(side: float) -> U8:
    odd = 2 * round(side / 2) + 1
    return np.ones((odd, odd), np.uint8)


def _linear(x: Reals, low: float, high: float) -> F32:
    return np.asarray(np.clip((x - low) / (high - low), 0, 1), np.float32)


def _ramp(x: Reals, low: float, high: float) -> F32:
    t = _linear(x, low, high)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
