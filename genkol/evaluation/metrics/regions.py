"""What changed, where, and to which colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, U8
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


def median_lab(pixels: U8, inside: Mask) -> F32 | None:
    """Return the (3,) median CIELAB of a region, or None where it is too small to say.

    The median of each axis: prints, folds and highlights of less than half of the region do not move it.
    """
    if int(inside.sum()) < LEAST_PIXELS:
        return None
    return np.asarray(np.median(lab_of(pixels[inside]), axis=0), np.float32)


def region_difference(one: U8, one_inside: Mask, other: U8, other_inside: Mask) -> float | None:
    """Return the CIE76 difference (dE) of two regions' median colours, None where either is too small.

    Args:
        one: (H, W, 3) uint8 sRGB.
        one_inside: its region, (H, W).
        other: another, of any size.
        other_inside: its region.
    """
    first, second = median_lab(one, one_inside), median_lab(other, other_inside)
    return None if first is None or second is None else float(np.linalg.norm(first - second))


def local_difference(
    photo: U8, photo_inside: Mask, worn: U8, worn_inside: Mask, placement: F64, reach: float
) -> float | None:
    """Return the CIE76 difference (dE) of worn cloth from its photo, place by place.

    The photo is laid on the person; the mean colours about each place that both show are compared, and of their
    differences the median of each axis counts. So a pattern may be shifted, a part be out of sight, folds and the
    body's shade be darker and lighter than the cloth, and a print be moved: none of that is another colour.

    Args:
        photo: (h, w, 3) uint8 sRGB.
        photo_inside: (h, w) the cloth in it.
        worn: (H, W, 3) uint8 sRGB.
        worn_inside: (H, W) the cloth in it.
        placement: (2, 3) from picture pixels to photo pixels.
        reach: standard deviation of the Gaussian that averages, picture pixels.

    Returns:
        None where they share too few pixels.
    """
    h, w = worn_inside.shape
    sigma = max(0.5, 0.4 * float(np.sqrt(abs(np.linalg.det(placement[:, :2])))))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(_mean_about(lab_of(photo), photo_inside, sigma), placement, (w, h), flags=flags)
    there = cv2.warpAffine(photo_inside.astype(np.float32), placement, (w, h), flags=flags) > 0.99
    both = worn_inside & there
    if int(both.sum()) < LEAST_PIXELS:
        return None
    x, y, w, h = cv2.boundingRect(both.astype(np.uint8))
    part = np.s_[y : y + h, x : x + w]
    one, other = (_mean_about(lab, both[part], reach) for lab in (laid[part], lab_of(worn[part])))
    return float(np.linalg.norm(np.median((other - one)[both[part]], axis=0)))


def _mean_about(lab: F32, inside: Mask, sigma: float) -> F32:
    """Return (h, w, 3) Gaussian means of what is inside."""
    weight = inside.astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
    return np.asarray(cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma) / total[..., None], np.float32)


COLOURS = 12
"""How many colours a patterned fabric is taken to have."""


def colours_of(pixels: U8, inside: Mask) -> F32:
    """Return (n, 3) CIELAB of the colours of a region, at most twelve, by k-means; the region must not be empty.

    Args:
        pixels: (h, w, 3) uint8 sRGB.
        inside: (h, w).
    """
    some = lab_of(pixels[inside])
    some = np.ascontiguousarray(some[:: max(1, len(some) // 20000)])
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.1)
    cv2.setRNGSeed(1)
    _, _, centres = cv2.kmeans(some, min(COLOURS, len(some)), np.empty(0, np.int32), criteria, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres, np.float32)


def fabric_difference(fabric: U8, fabric_inside: Mask, worn: U8, worn_inside: Mask) -> float | None:
    """Return how far worn cloth is from the colours of a patterned fabric: the median dE to the nearest of twelve.

    The median colour would say which part of the pattern happens to be seen. L* counts half: folds shade a fabric, and
    there is no telling its dark from its shaded parts.

    Args:
        fabric: (h, w, 3) uint8 sRGB.
        fabric_inside: its region, (h, w).
        worn: (H, W, 3) uint8 sRGB.
        worn_inside: its region, (H, W).

    Returns:
        None where either region is too small.
    """
    if min(int(fabric_inside.sum()), int(worn_inside.sum())) < LEAST_PIXELS:
        return None
    half = np.array([0.5, 1, 1], np.float32)
    colours = colours_of(fabric, fabric_inside) * half
    seen = lab_of(worn[worn_inside]) * half
    return float(np.median(np.min([np.linalg.norm(seen - colour, axis=1) for colour in colours], axis=0)))


def lightness_correlation(before: U8, after: U8, inside: Mask, patterned: bool = False) -> float | None:
    """Return Pearson's correlation of L* before and after inside a region: 1 when all folds and strands are kept.

    None where the region is too small, or even (L* deviates by less than 1) before or after, so that there is nothing
    to keep.

    Args:
        before: (H, W, 3) uint8 sRGB.
        after: the same, changed.
        inside: (H, W).
        patterned: a pattern was asked for: it is the mean correlation of each of its colours, by their areas, their
            blurred borders left out.
    """
    if int(inside.sum()) < LEAST_PIXELS:
        return None
    one, dyed = lab_of(before[inside])[:, 0].astype(np.float64), lab_of(after[inside])
    parts = by_colour(dyed) if patterned else [np.ones(len(dyed), np.bool_)]
    found = [
        (float(np.corrcoef(one[part], dyed[part, 0])[0, 1]), int(part.sum()))
        for part in parts
        if part.sum() >= LEAST_PIXELS and one[part].std() >= 1 and dyed[part, 0].std() >= 1
    ]
    total = sum(pixels for _, pixels in found)
    return sum(value * pixels for value, pixels in found) / total if total else None


MOST_COLOURS, EXPLAINED = 4, 0.9
"""Most colours of a pattern, and the share of the variance from which on no further one is looked for."""


def by_colour(lab: F32) -> list[NDArray[np.bool_]]:
    """Return (n,) masks of the pixels of each colour of a pattern, 2 to 4, by k-means.

    Pixels less than twice as far from their colour as from another lie on a border and belong to none. L* counts half,
    so that light and shade on one colour are not taken for two.

    Args:
        lab: (n, 3) CIELAB.
    """
    lab = (lab * np.array([0.5, 1, 1], np.float32)).astype(np.float32)
    some = np.ascontiguousarray(lab[:: max(1, len(lab) // 20000)], np.float32)
    total = float(((some - some.mean(axis=0)) ** 2).sum())
    if total <= 0 or len(some) < MOST_COLOURS:
        return [np.ones(len(lab), np.bool_)]
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.1)
    for count in range(2, MOST_COLOURS + 1):
        cv2.setRNGSeed(1)
        left, _, centres = cv2.kmeans(some, count, np.empty(0, np.int32), criteria, 3, cv2.KMEANS_PP_CENTERS)
        if 1 - left / total > EXPLAINED:
            break
    apart = np.stack([np.linalg.norm(lab - centre, axis=1) for centre in centres])
    near = np.sort(apart, axis=0)
    return [(apart[n] == near[0]) & (2 * near[0] < near[1]) for n in range(len(centres))]
