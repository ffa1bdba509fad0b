"""What changed, where, and to which colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of

Mask = NDArray[np.bool_]

LEAST_PIXELS = 16
"""A region with fewer says nothing."""


def outside_difference(before: U8, after: U8, inside: Mask) -> int:
    """Return the largest difference of any channel outside a region, in 8-bit levels; 0 when there is no outside.

    Args:
        before: (H, W, 3) uint8 sRGB.
        after: the same, changed.
        inside: (H, W) where change is allowed, such as the union of the layers' supports.
    """
    return int(cv2.absdiff(before, after).max(axis=2)[~inside].max(initial=0))


def stray_share(before: U8, after: U8, inside: Mask) -> float:
    """Return the share of all change that lies outside the asked region: sum |d| outside / sum |d|; 0 if none.

    Args:
        before: (H, W, 3) uint8 sRGB.
        after: the same, changed.
        inside: (H, W) what the service was asked to change.
    """
    change = cv2.absdiff(before, after).sum(axis=2, dtype=np.int64)
    total = int(change.sum())
    return int(change[~inside].sum()) / total if total else 0.0


def median_lab(pixels: U8, inside: Mask, middle: Callable[..., Any] = np.median) -> F32 | None:
    """Return the (3,) median CIELAB of a region, or None where it is too small to say.

    The median of each axis: prints, folds and highlights of less than half of the region do not move it.
    """
    if int(inside.sum()) < LEAST_PIXELS:
        return None
    return np.asarray(middle(lab_of(pixels[inside]), axis=0), np.float32)


def region_difference(
    one: U8,
    one_inside: Mask,
    other: U8,
    other_inside: Mask,
    middle: Callable[..., Any] = np.median,
) -> float | None:
    """Return the CIE76 difference (dE) of two regions' middle colours, None where either is too small.

    Args:
        one: (H, W, 3) uint8 sRGB.
        one_inside: its region, (H, W).
        other: another, of any size.
        other_inside: its region.
        middle: `numpy.median` or `numpy.mean`, of each axis of CIELAB.
    """
    first, second = median_lab(one, one_inside, middle), median_lab(other, other_inside, middle)
    return None if first is None or second is None else float(np.linalg.norm(first - second))


def lightness_correlation(before: U8, after: U8, inside: Mask) -> float | None:
    """Return Pearson's correlation of L* before and after inside a region: 1 when all folds and strands are kept.

    Where the region has two colours afterwards (stripes, a print), the mean of each is taken away first. None where the
    region is too small, or even (L* deviates by less than 1) before or after, so that there is nothing to keep.

    Args:
        before: (H, W, 3) uint8 sRGB.
        after: the same, changed.
        inside: (H, W).
    """
    if int(inside.sum()) < LEAST_PIXELS:
        return None
    dyed = lab_of(after[inside])
    one, other = lab_of(before[inside])[:, 0].astype(np.float64), dyed[:, 0].astype(np.float64)
    second = two_colours(dyed)
    for group in (second, ~second):
        if group.any():
            one[group] -= one[group].mean()
            other[group] -= other[group].mean()
    if one.std() < 1 or other.std() < 1:
        return None
    return float(np.corrcoef(one, other)[0, 1])


TWO = 0.85
"""Share of the variance that two means explain, from which a region has two colours; of one colour in folds (a
Gaussian) they explain 0.64, of one evenly spread 0.75."""


def two_colours(lab: F32) -> NDArray[np.bool_]:
    """Return (n,) which of the pixels have the second of two colours; none of them where there are not two.

    Args:
        lab: (n, 3) CIELAB.
    """
    some = np.ascontiguousarray(lab[:: max(1, len(lab) // 20000)], np.float32)
    total = float(((some - some.mean(axis=0)) ** 2).sum())
    if total <= 0 or len(some) < 2:
        return np.zeros(len(lab), np.bool_)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.1)
    cv2.setRNGSeed(1)
    left, _, centres = cv2.kmeans(some, 2, np.empty(0, np.int32), criteria, 3, cv2.KMEANS_PP_CENTERS)
    if 1 - left / total < TWO:
        return np.zeros(len(lab), np.bool_)
    apart = [np.linalg.norm(lab - centre, axis=1) for centre in centres]
    return np.asarray(apart[1] < apart[0])
