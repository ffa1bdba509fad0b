"""Whether the print of a garment is on the person too: whole, upright and in its colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, U8
from genkol.evaluation.metrics.found import Found, find
from genkol.evaluation.metrics.regions import Mask
from genkol.vision.colour import bytes_of, delta_e, lab_of, linear_of, srgb_of

PRINT_DE = 16.0
"""From this difference to the shaded cloth on, a pixel belongs to a print."""

SHADES = (0.4, 1.8)
"""How dark and how bright folds make the cloth, as shares of its median light; beyond that it is print."""

DETAIL_DE = 10.0
"""From this difference to its surroundings on, a pixel belongs to a print: folds shade a cloth softly."""

PRINT_SIDE = 320
"""Longest side of the garment at which a print is looked for, pixels: whether it has one hangs on no photo's size."""

LEAST_PRINT, MOST_PRINT, LEAST_FILLED = 0.02, 0.3, 0.45
"""Shares of the garment between which a print lies, and how much of its own box it fills: less is a label, buttons or
a hard fold, more is a pattern (stripes, say), whose places look all alike so that none can be found again."""

LEAST_BOUND = 0.58
"""Share of all that is printed on a garment that lies in the box of its largest piece, from which that is a motif with
bounds: over 0.6 of pictures and badges, 0.15 to 0.55 of lines, dots and flowers that are strewn all over."""

MOST_BELIEVED, SURE = 4.0, 0.6
"""From this stretch on an alignment is no print but chance, and from this likeness on a print is sure."""

UPRIGHT = (-12, -6, 0, 6, 12)
"""Leans at which a print is looked for by its pixels, degrees: a round one looks much the same at others."""

LEAST_INLIERS = 8
"""Matched points from which an alignment is believed."""

Affine = NDArray[np.float32]


@dataclass(frozen=True)
class Print:
    """A print found again on the worn garment.

    Args:
        likeness: normalised cross-correlation after alignment, -1 to 1; 0 where it was not found.
        turn: degrees from upright, clockwise positive.
        stretch: longer over shorter scale of the alignment; 1 keeps all shapes.
        mirrored: it is shown as in a mirror.
    """

    likeness: float
    turn: float = 0.0
    stretch: float = 1.0
    mirrored: bool = False


NOT_FOUND = Print(0.0)


def print_region(pixels: U8, garment: Mask) -> Mask | None:
    """Return where a garment's print is, or None when it has none (or a pattern all over).

    Folds move a colour along the line of its shades in linear light, and softly; a print leaves that line, and has
    edges. The largest compact piece that does so is the print, if it holds nearly all that does; the garment's rim does
    not count. Of what is strewn all over no piece can be told from another: the other gates see it. In a photo of
    which nothing was cut out, no print can be told from its ground.

    Args:
        pixels: (h, w, 3) uint8 sRGB, the flat photo.
        garment: (h, w).
    """
    x, y, w, h = cv2.boundingRect(garment.astype(np.uint8))
    if not w or garment.all():
        return None
    scale = min(1.0, PRINT_SIDE / max(w, h))
    size, box = (max(1, round(w * scale)), max(1, round(h * scale))), np.s_[y : y + h, x : x + w]
    small = cv2.resize(pixels[box], size, interpolation=cv2.INTER_AREA)
    motif = _motif(np.asarray(small, np.uint8), _resized(garment[box], size))
    if motif is None:
        return None
    found = np.zeros(garment.shape, np.bool_)
    found[box] = _resized(motif, (w, h)) & garment[box]
    return found


def _motif(pixels: U8, garment: Mask) -> Mask | None:
    """Return the one compact piece that nearly all of the print lies in; None where there is no such piece."""
    side = max(3, round(0.012 * max(garment.shape)) | 1)
    inner = cv2.erode(garment.astype(np.uint8), np.ones((2 * side + 1, 2 * side + 1), np.uint8)) > 0
    if not inner.any():
        return None
    printed = (_off_the_shades(pixels, inner) > PRINT_DE) & (_detail(pixels, inner, 2 * side) > DETAIL_DE) & inner
    dense = cv2.blur(printed.astype(np.float32), (3 * side, 3 * side)) > 0.15
    closed = cv2.morphologyEx(dense.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((4 * side + 1, 4 * side + 1), np.uint8))
    _, names, stats, _ = cv2.connectedComponentsWithStats(closed)
    ink = np.bincount(names[printed], minlength=len(stats))
    ink[0] = 0
    x, y, w, h = (int(n) for n in stats[int(ink.argmax()), : cv2.CC_STAT_AREA])
    found: Mask = (names == int(ink.argmax())) & inner
    bound = int(printed[y : y + h, x : x + w].sum()) > LEAST_BOUND * int(printed.sum())
    share, filled = float(found.sum()) / float(garment.sum()), float(found.sum()) / (w * h)
    return found if bound and LEAST_PRINT < share < MOST_PRINT and filled > LEAST_FILLED else None


def _resized(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5)


def _detail(pixels: U8, inner: Mask, sigma: float) -> F32:
    """Return (h, w) CIE76 differences from the garment's colour round about, by a Gaussian of `sigma` pixels."""
    lab, weight = lab_of(pixels), inner.astype(np.float32)
    around = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma)
    around /= np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)[..., None]
    return delta_e(lab, np.asarray(around, np.float32))


def plain_region(pixels: U8, inside: Mask) -> Mask:
    """Return where a region has the colour of its cloth, in light or shade: no print, no pattern, no badge.

    Args:
        pixels: (h, w, 3) uint8 sRGB.
        inside: (h, w).
    """
    if not inside.any():
        return inside
    return np.asarray((_off_the_shades(pixels, inside) <= PRINT_DE) & inside)


def _off_the_shades(pixels: U8, inner: Mask) -> F32:
    """Return (h, w) CIE76 differences from the nearest shade of the cloth's own colour."""
    light = linear_of(pixels)
    cloth = np.median(light[inner], axis=0)
    shade = np.clip(light @ cloth / max(float(cloth @ cloth), 1e-6), *SHADES)[..., None] * cloth
    return delta_e(lab_of(pixels), lab_of(bytes_of(srgb_of(shade))))


def print_fidelity(garment: U8, where: Mask, result: U8, worn: Mask, printed: Mask | None = None) -> Print | None:
    """Find the print of a garment on the person and compare.

    SIFT points of the print (Lowe, IJCV 2004) are matched to those of the worn garment, and an affine alignment is
    fitted by RANSAC; ECC (Evangelidis and Psarakis, PAMI 2008) may refine it. Where points are too few, the print is
    looked for by its pixels over sizes and leans (`found`). Then over the box of the print

        likeness = sum(a b) / sqrt(sum(a^2) sum(b^2))

    of zero-mean CIELAB, all three axes together, of which L* is freed of its slow part: shading is no fault.

    Args:
        garment: (h, w, 3) uint8 sRGB, the flat photo.
        where: (h, w) the garment in it (`garment_region`).
        result: (H, W, 3) uint8 sRGB, the person dressed.
        worn: (H, W) where the new garment lies.
        printed: (h, w) the print in the photo; None looks for it.

    Returns:
        None when the garment has no print; `NOT_FOUND` when it has one and the person has not.
    """
    printed = print_region(garment, where) if printed is None else printed
    if printed is None:
        return None
    x, y, w, h = cv2.boundingRect(printed.astype(np.uint8))
    box = np.s_[y : y + h, x : x + w]
    source, valid = np.ascontiguousarray(garment[box]), where[box]
    first = _matched(source, printed[box], result, worn)
    tries = [] if first is None else [first, _refined(source, result, first)]
    seen = [Print(_likeness(source, valid, result, worn, m), *_shape(m)) for m in tries]
    seen = [found for found in seen if found.stretch < MOST_BELIEVED]
    if max((found.likeness for found in seen), default=0.0) < SURE:
        seen += [Print(found.likeness, found.lean) for found in _looked_for(source, printed[box], result, worn)]
    return max(seen, key=lambda found: found.likeness, default=NOT_FOUND)


def _looked_for(source: U8, printed: Mask, result: U8, worn: Mask) -> list[Found]:
    """Look for a print that has too few points to match: an even logo, a small one, one on a distant person."""
    rows = int(worn.any(axis=1).sum())
    found = (find(source, printed, result, worn, share * rows, UPRIGHT) for share in (0.12, 0.3, 0.75))
    return [one for one in found if one is not None and one.likeness > SURE]


def _grey(pixels: U8) -> U8:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _matched(source: U8, printed: Mask, target: U8, worn: Mask) -> Affine | None:
    """Return the (2, 3) affine alignment from source to target pixels, None when too few points agree."""
    sift = cv2.SIFT.create(3000, contrastThreshold=0.02)
    near = cv2.dilate(printed.astype(np.uint8) * 255, np.ones((9, 9), np.uint8))
    points, features = sift.detectAndCompute(_grey(source), near)
    others, found = sift.detectAndCompute(_grey(target), worn.astype(np.uint8) * 255)
    if features is None or found is None or min(len(points), len(others)) < LEAST_INLIERS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(features, found, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.8 * pair[1].distance]
    if len(good) < LEAST_INLIERS:
        return None
    here = np.array([points[m.queryIdx].pt for m in good], np.float32)
    there = np.array([others[m.trainIdx].pt for m in good], np.float32)
    reach = max(3.0, 0.01 * max(target.shape[:2]))
    matrix, agreed = cv2.estimateAffine2D(here, there, ransacReprojThreshold=reach, maxIters=5000, confidence=0.999)
    if matrix is None or int(agreed.sum()) < LEAST_INLIERS:
        return None
    return np.asarray(matrix, np.float32)


def _refined(source: U8, target: U8, matrix: Affine) -> Affine:
    """Return the alignment that ECC makes of a first one; the first one where it does not converge."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        found = cv2.findTransformECC(_grey(source), _grey(target), matrix.copy(), cv2.MOTION_AFFINE, criteria, None, 5)
    except cv2.error:  # what it raises when it does not converge
        return matrix
    return np.asarray(found[1], np.float32)


def _likeness(source: U8, valid: Mask, target: U8, worn: Mask, matrix: Affine) -> float:
    h, w = valid.shape
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(target, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(worn.astype(np.uint8), matrix, (w, h), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
    both = valid & there
    if both.sum() < 0.25 * valid.sum():
        return 0.0
    blur = max(1.0, 1 / max(float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))), 1e-3) / 2)
    one, other = (_features(part, both) for part in (cv2.GaussianBlur(source, (0, 0), blur), seen))
    norm = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / norm) if norm > 0 else 0.0


def _features(pixels: U8, inside: Mask) -> F64:
    """Return (n, 3) zero-mean CIELAB of the pixels inside, L* without what changes slowly."""
    lab = lab_of(pixels)
    sigma = 0.1 * max(inside.shape)
    weight = np.maximum(cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma), 1e-3)
    lab[..., 0] -= cv2.GaussianBlur(lab[..., 0] * inside, (0, 0), sigma) / weight
    values = lab[inside].astype(np.float64)
    return np.asarray(values - values.mean(axis=0), np.float64)


def _shape(matrix: Affine) -> tuple[float, float, bool]:
    """Return the turn in degrees, the stretch and whether it mirrors, of a (2, 3) affine alignment."""
    u, scales, vt = np.linalg.svd(matrix[:, :2].astype(np.float64))
    turn = u @ vt
    mirrored = bool(np.linalg.det(turn) < 0)
    if mirrored:
        turn = turn @ np.diag([-1.0, 1.0])
    return float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))), float(scales[0] / max(scales[1], 1e-9)), mirrored
