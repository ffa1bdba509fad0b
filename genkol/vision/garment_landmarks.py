"""The landmarks of a flat garment, read from its silhouette: collar, shoulders, armpits, cuffs, hem."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from genkol.artifacts import F64
from genkol.vision.garment_collar import STANDING, neck_of, opening_of
from genkol.vision.garment_cutout import Cutout
from genkol.vision.garment_outline import Mask, axis_of, contour_of, on_top, refuse_others, run_near
from genkol.vision.garment_sleeves import Sleeve, sleeve_of

ROWS = 48
"""Rows at which the sides of the torso are read."""
DRESS, LONG = 3.9, 1.25
"""Lengths of the whole and of a sleeve, against half of the torso, from which they are a dress and a long sleeve."""
LOPSIDED = 1.35
"""Distance of one armpit from the middle against that of the other from which it is not believed."""
MOST_SLEEVE = 3.6
"""Length of a sleeve, against half of the torso, from which it is no sleeve but half of a wide skirt."""


@dataclass(frozen=True, eq=False)
class GarmentLandmarks:
    """Where the parts of a garment lie, pixels of the cut-out; left is the picture's left.

    Args:
        kind: one of `KINDS`.
        tips: (2, 2) the upper ends of the armholes, left and right.
        bases: (2, 2) where the shoulder seams meet the neck.
        slopes: two (5, 2) lines along the shoulders, from tip to base.
        corners: (2, 2) the upper ends of the neck opening: the bases, or the tops of a standing collar.
        armpits: (2, 2).
        rows: (ROWS,) heights from the armpits to the hem.
        sides: (ROWS, 2) the torso's left and right edge there.
        opening: (n, 2) the front edge of the neck opening, left to right.
        sleeves: left and right, or none.
        hood: whether a hood rises above the neck.
    """

    kind: str
    tips: F64
    bases: F64
    slopes: tuple[F64, F64]
    corners: F64
    armpits: F64
    rows: F64
    sides: F64
    opening: F64
    sleeves: tuple[Sleeve, Sleeve] | None
    hood: bool

    @property
    def hem(self) -> float:
        return float(self.rows[-1])

    @property
    def half_width(self) -> float:
        """Half of the torso's width at the armpits."""
        return float(self.armpits[1, 0] - self.armpits[0, 0]) / 2


def landmarks_of(cutout: Cutout, kind: str | None = None) -> GarmentLandmarks:
    """Read the landmarks of an upright garment for the upper body, seen from the front.

    Args:
        cutout: the garment.
        kind: one of `KINDS` if known.

    Raises:
        Unsuitable: the silhouette is that of trousers or a skirt, or of nothing with sleeves.
    """
    mask = cutout.mask
    contour = contour_of(mask)
    top, bottom = float(contour[:, 1].min()), float(contour[:, 1].max())
    axis = axis_of(mask, top, bottom)
    refuse_others(mask, axis, top, bottom)
    armpits, joins = _armpits(mask, contour, axis, top, bottom)
    half, tips, sleeves = _upper_part(mask, contour, axis, armpits, joins)
    if any(sleeve is not None and sleeve.length > MOST_SLEEVE * half for sleeve in sleeves):
        armpits, joins = _without_sleeves(mask, axis, top, bottom - top)
        half, tips, sleeves = _upper_part(mask, contour, axis, armpits, joins)
    bases, corners, hood = neck_of(mask, axis, half, tips)
    rows = np.linspace(armpits[:, 1].mean(), hem_of(mask, axis), ROWS)
    sides = sides_of(mask, rows, axis, armpits, joins)
    marks = GarmentLandmarks(
        kind or "",
        tips,
        bases,
        (_slope(mask, tips[0], bases[0]), _slope(mask, tips[1], bases[1])),
        corners,
        armpits,
        rows,
        sides,
        opening_of(cutout, corners, bases, half, hood),
        None if sleeves[0] is None or sleeves[1] is None else (sleeves[0], sleeves[1]),
        hood,
    )
    return replace(marks, kind=kind or _kind(marks))


def _upper_part(
    mask: Mask, contour: F64, axis: float, armpits: F64, joins: F64
) -> tuple[float, F64, tuple[Sleeve | None, Sleeve | None]]:
    """Return half of the torso's width, the tips of the shoulders and the sleeves."""
    half = float(armpits[1, 0] - armpits[0, 0]) / 2
    tips = np.array([on_top(mask, axis + (x - axis) * 0.96) for x in armpits[:, 0]])
    left, right = (sleeve_of(contour, tips[i], armpits[i], joins[i], half) for i in (0, 1))
    return half, tips, (left or right, right or left)  # one that lies folded is drawn from the other


def _armpits(mask: Mask, contour: F64, axis: float, top: float, bottom: float) -> tuple[F64, F64]:
    """Return the armpits and where sleeve and torso part below them (the same, unless the sleeve lies against it).

    An armpit is the deepest point of the silhouette's concavity between the cuff and the hem.
    """
    whole = contour.astype(np.int32)[:, None]
    hull = cv2.convexHull(whole, returnPoints=False)
    hull[::-1].sort(axis=0)
    defects = cv2.convexityDefects(whole, hull)
    height = bottom - top
    joins: list[F64] = []
    for side in (-1, 1):
        best, depth = None, 0.02 * height
        for start, end, far, deep in defects.reshape(-1, 4) if defects is not None else ():
            point, chord = contour[far], contour[[start, end]]
            low = chord[:, 1].max() > top + 0.72 * height
            beside = (point[0] - axis) * side > 0.12 * height and chord[:, 1].min() > top + 0.12 * height
            if low and beside and deep / 256 > depth:
                best, depth = point, deep / 256
        joins.append(best if best is not None else np.array([np.nan, np.nan]))
    found = np.array(joins)
    if np.isnan(found).all():
        return _without_sleeves(mask, axis, top, height)
    for i in (0, 1):
        if np.isnan(found[i, 0]):
            found[i] = (2 * axis - found[1 - i, 0], found[1 - i, 1])
    apart = np.abs(found[:, 0] - axis)
    near = int(apart.argmin())
    if apart[1 - near] > LOPSIDED * apart[near]:  # a folded sleeve hides the other one
        found[1 - near] = (2 * axis - found[near, 0], found[near, 1])
    half = (found[1, 0] - found[0, 0]) / 2
    armpits = found.copy()
    for i in (0, 1):
        shoulder = on_top(mask, axis + (found[i, 0] - axis) * 0.96)[1]
        armpits[i, 1] = min(found[i, 1], shoulder + 0.95 * half)
    return armpits, found


def _without_sleeves(mask: Mask, axis: float, top: float, height: float) -> tuple[F64, F64]:
    y = top + 0.28 * height
    run = run_near(mask[int(y)], axis)
    assert run is not None
    armpits = np.array([[run[0], y], [run[1], y]], np.float64)
    return armpits, armpits.copy()


def _slope(mask: Mask, tip: F64, base: F64) -> F64:
    """Return (5, 2) points of the silhouette's top from tip to base."""
    xs = np.linspace(tip[0], base[0], 5)
    return np.array([tip, *(on_top(mask, x) for x in xs[1:-1]), base])


def hem_of(mask: Mask, axis: float) -> float:
    """Return y of the hem in the middle."""
    columns = mask[:, max(0, int(axis) - 8) : int(axis) + 9]
    lowest = mask.shape[0] - 1 - columns[::-1].argmax(axis=0)
    return float(np.median(lowest))


def sides_of(mask: Mask, rows: F64, axis: float, armpits: F64, joins: F64) -> F64:
    """Return the torso's edges at the rows; while a sleeve lies against it, the straight line between."""
    sides = np.zeros((len(rows), 2))
    for k, y in enumerate(rows):
        run = run_near(mask[min(round(float(y)), mask.shape[0] - 1)], axis)
        for i in (0, 1):
            seen = np.nan if run is None else float(run[i])
            sides[k, i] = seen if y > joins[i, 1] + 1 else np.nan
    for i in (0, 1):
        low = np.flatnonzero(~np.isnan(sides[:, i]))
        if not len(low):
            sides[:, i] = armpits[i, 0]
            continue
        known_y = np.concatenate([[armpits[i, 1] - 1], rows[low]])
        known_x = np.concatenate([[armpits[i, 0]], sides[low, i]])
        sides[:, i] = _without_curl(np.interp(rows, known_y, known_x), (-1, 1)[i])
    return sides


def _without_curl(edge: F64, side: int) -> F64:
    """Return an edge whose last rows go on as those above: a hem that curls out when lying flat, or is rounded in."""
    out = edge.copy()
    for rows, turned in ((len(edge) // 4, 1), (len(edge) // 10, -1)):
        free = len(edge) - rows
        slope = (out[free - 1] - out[free // 2]) / max(1, free - 1 - free // 2)
        on = out[free - 1] + slope * np.arange(1, rows + 1)
        pick = np.maximum if turned > 0 else np.minimum
        out[free:] = pick(out[free:] * side, on * side - turned) * side
    return out


def _kind(marks: GarmentLandmarks) -> str:
    if marks.hood:
        return "hoodie"
    length = (marks.hem - float(marks.bases[:, 1].mean())) / marks.half_width
    sleeve = float(np.mean([s.length for s in marks.sleeves])) / marks.half_width if marks.sleeves else 0.0
    if length > (DRESS if sleeve < LONG else 1.3 * DRESS):
        return "dress"
    if sleeve > LONG:
        return "long-sleeve"
    standing = float((marks.bases[:, 1] - marks.corners[:, 1]).mean()) > STANDING * marks.half_width
    return "shirt" if standing else "t-shirt"
