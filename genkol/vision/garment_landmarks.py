"""The landmarks of a flat garment, read from its silhouette: collar, shoulders, armpits, cuffs, hem."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64
from genkol.errors import Unsuitable
from genkol.vision.colour import lab_of
from genkol.vision.garment_cutout import Cutout

Mask = NDArray[np.bool_]
KINDS = ("t-shirt", "long-sleeve", "hoodie", "shirt", "dress")
ROWS = 48
"""Rows at which the sides of the torso are read."""
ALONG = 24
"""Places along a sleeve at which its edges are read."""
STANDING = 0.08
"""Height of a collar above the shoulder seams, against half of the torso's width, from which it stands."""
LEVEL = 0.8
"""Width near the top, against the widest, from which a garment that gets no narrower below is a skirt."""
DRESS, LONG = 3.9, 1.6
"""Lengths of the whole and of a sleeve, against half of the torso, from which they are a dress and a long sleeve."""
NEAREST = 0.19
"""Least distance of a collar's corner from its middle, against half of the torso's width; a hanger's hook is nearer."""
HOOD_DEPTH = 0.33
"""How deep the sides of a closed hood cross below its base, against the base's width."""


@dataclass(frozen=True, eq=False)
class Sleeve:
    """One sleeve, from the armhole to the cuff. Both edges: (ALONG, 2) float64, pixels of the cut-out."""

    upper: F64
    lower: F64

    @property
    def length(self) -> float:
        middle = (self.upper + self.lower) / 2
        return float(np.linalg.norm(np.diff(middle, axis=0), axis=1).sum())


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
    contour = _contour(mask)
    top, bottom = float(contour[:, 1].min()), float(contour[:, 1].max())
    axis = _axis(mask, top, bottom)
    _refuse_lower_wear(mask, axis, top, bottom)
    armpits, joins = _armpits(mask, contour, axis, top, bottom)
    half = float(armpits[1, 0] - armpits[0, 0]) / 2
    tips = np.array([_on_top(mask, axis + (x - axis) * 0.96) for x in armpits[:, 0]])
    bases, corners, hood = _neck(mask, axis, half, tips)
    rows = np.linspace(armpits[:, 1].mean(), _hem(mask, axis), ROWS)
    sides = _sides(mask, rows, axis, armpits, joins)
    sleeves = tuple(_sleeve(contour, tips[i], armpits[i], joins[i], half) for i in (0, 1))
    marks = GarmentLandmarks(
        kind or "",
        tips,
        bases,
        (_slope(mask, tips[0], bases[0]), _slope(mask, tips[1], bases[1])),
        corners,
        armpits,
        rows,
        sides,
        _opening(cutout, corners, bases, half, hood),
        None if sleeves[0] is None or sleeves[1] is None else (sleeves[0], sleeves[1]),
        hood,
    )
    return replace(marks, kind=kind or _kind(marks))


def _contour(mask: Mask) -> F64:
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(found, key=cv2.contourArea)[:, 0], np.float64)


def _run(row: Mask, x: float) -> tuple[int, int] | None:
    """Return the first and last pixel of the run that holds x, or of the one nearest to it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.view(np.int8), [0]])))
    if not len(edges):
        return None
    starts, ends = edges[::2], edges[1::2] - 1
    gap = np.maximum(np.maximum(starts - x, x - ends), 0)
    nearest = int(gap.argmin())
    return int(starts[nearest]), int(ends[nearest])


def _axis(mask: Mask, top: float, bottom: float) -> float:
    """Return x of the torso's middle: the median of the middle runs, low down where there are no sleeves."""
    xs = np.flatnonzero(mask.any(axis=0))
    axis = float(xs[0] + xs[-1]) / 2
    for low, high in ((0.55, 0.9), (0.6, 0.93)):
        middles = []
        for y in np.linspace(top + low * (bottom - top), top + high * (bottom - top), 24).astype(int):
            run = _run(mask[y], axis)
            if run is not None:
                middles.append((run[0] + run[1]) / 2)
        axis = float(np.median(middles))
    return axis


def _refuse_lower_wear(mask: Mask, axis: float, top: float, bottom: float) -> None:
    """Refuse trousers, which are two equal legs below, and skirts, which are wide from their first rows on."""
    widest = float(mask.sum(axis=1).max())
    legs = 0
    for share in (0.65, 0.75, 0.85):
        row = mask[int(top + share * (bottom - top))]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.view(np.int8), [0]])))
        widths = np.sort(np.diff(edges)[::2])
        legs += len(widths) == 2 and widths[0] > 0.6 * widths[1] and widths[0] > 0.2 * widest
    if legs >= 2:
        raise _lower_wear("trousers")
    high, middle = (float(mask[int(top + share * (bottom - top))].sum()) for share in (0.15, 0.5))
    if high > LEVEL * widest and middle > 0.95 * high:
        raise _lower_wear("a skirt or trousers")


def _lower_wear(what: str) -> Unsuitable:
    return Unsuitable(
        f"The garment looks like {what}; this algorithm dresses the upper body: give one of {', '.join(KINDS)}, "
        "upright and seen from the front.",
        port="garment",
        value=what,
        expected=list(KINDS),
    )


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
    half = (found[1, 0] - found[0, 0]) / 2
    armpits = found.copy()
    for i in (0, 1):
        shoulder = _on_top(mask, axis + (found[i, 0] - axis) * 0.96)[1]
        armpits[i, 1] = min(found[i, 1], shoulder + 0.95 * half)
    return armpits, found


def _without_sleeves(mask: Mask, axis: float, top: float, height: float) -> tuple[F64, F64]:
    y = top + 0.28 * height
    run = _run(mask[int(y)], axis)
    assert run is not None
    armpits = np.array([[run[0], y], [run[1], y]], np.float64)
    return armpits, armpits.copy()


def _on_top(mask: Mask, x: float) -> F64:
    """Return the uppermost point of the silhouette above x."""
    column = int(np.clip(round(x), 0, mask.shape[1] - 1))
    return np.array([x, float(mask[:, column].argmax())])


def _profile(mask: Mask) -> F64:
    return np.asarray(np.where(mask.any(axis=0), mask.argmax(axis=0), mask.shape[0]), np.float64)


def _neck(mask: Mask, axis: float, half: float, tips: F64) -> tuple[F64, F64, bool]:
    """Return where the shoulders meet the neck, the tops of the neck opening, and whether a hood rises there."""
    profile = _profile(mask)
    axis = _collar_middle(profile, axis, half)
    crown = float(profile[int(axis - 0.5 * half) : int(axis + 0.5 * half)].min())
    hood = float(tips[:, 1].mean()) - crown > 0.75 * half
    bases, corners = [], []
    for i, side in ((0, -1), (1, 1)):
        near, far = axis + side * NEAREST * half, axis + side * 0.78 * half
        xs = np.arange(int(min(near, far)), int(max(near, far)) + 1)
        if hood:
            base = _concave(xs, profile[xs], tips[i], np.array([axis + side * 0.25 * half, crown]))
            corner = base
        else:
            lift = profile[xs] + 0.15 * np.abs(xs - axis)  # the outer of two equally high corners is none
            corner = np.array([xs[lift.argmin()], profile[xs[lift.argmin()]]], np.float64)
            base = _concave(xs, profile[xs], tips[i], corner)
        bases.append(base)
        corners.append(corner)
    return np.array(bases), np.array(corners), bool(hood)


def _collar_middle(profile: F64, axis: float, half: float) -> float:
    """Return x about which the top of the garment is most like its mirror image; it may lie askew above its hem."""
    reach = np.arange(1, 0.8 * half)
    xs = np.arange(len(profile))

    def unlike(x: float) -> float:
        sides = [np.interp(x + side * reach, xs, profile) for side in (-1, 1)]
        return float(np.abs(sides[0] - sides[1]).mean()) + 0.05 * abs(x - axis)

    return float(min(axis + np.linspace(-0.3, 0.3, 41) * half, key=unlike))


def _slope(mask: Mask, tip: F64, base: F64) -> F64:
    """Return (5, 2) points of the silhouette's top from tip to base."""
    xs = np.linspace(tip[0], base[0], 5)
    return np.array([tip, *(_on_top(mask, x) for x in xs[1:-1]), base])


def _concave(xs: NDArray[np.int64], profile: F64, tip: F64, corner: F64) -> F64:
    """Return the point of the profile that lies deepest below the line from tip to corner, or the corner."""
    low, high = sorted((tip[0], corner[0]))
    inside = (xs > low) & (xs < high)
    if not inside.any():
        return corner
    (x0, y0), (x1, y1) = sorted((tip.tolist(), corner.tolist()))
    line = np.interp(xs[inside], [x0, x1], [y0, y1])
    below = profile[inside] - line
    deepest = int(below.argmax())
    if below[deepest] < 0.06 * abs(corner[0] - tip[0]):
        return corner
    return np.array([xs[inside][deepest], profile[inside][deepest]], np.float64)


def _hem(mask: Mask, axis: float) -> float:
    columns = mask[:, max(0, int(axis) - 8) : int(axis) + 9]
    lowest = mask.shape[0] - 1 - columns[::-1].argmax(axis=0)
    return float(np.median(lowest))


def _sides(mask: Mask, rows: F64, axis: float, armpits: F64, joins: F64) -> F64:
    """Return the torso's edges at the rows; while a sleeve lies against it, the straight line between."""
    sides = np.zeros((len(rows), 2))
    for k, y in enumerate(rows):
        run = _run(mask[min(round(float(y)), mask.shape[0] - 1)], axis)
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
    """Return an edge whose last rows go on as those above: a hem that curls outwards when lying flat hangs down."""
    free = len(edge) - len(edge) // 10
    slope = (edge[free - 1] - edge[free // 2]) / max(1, free - 1 - free // 2)
    on = edge[free - 1] + slope * np.arange(1, len(edge) - free + 1)
    out = edge.copy()
    out[free:] = np.minimum(edge[free:] * side, on * side + 1) * side
    return out


def _sleeve(contour: F64, tip: F64, armpit: F64, join: F64, half: float) -> Sleeve | None:
    """Return the sleeve between the tip and the armpit, or None where the outline has none."""
    part = _outer_part(contour, tip, join)
    middle = (tip + armpit) / 2
    if np.linalg.norm(part - middle, axis=1).max() < 0.55 * half:
        return None
    vertices = cv2.approxPolyDP(part.astype(np.float32)[:, None], 0.09 * half, False)[:, 0].astype(np.float64)
    distance = np.linalg.norm(vertices - middle, axis=1)
    length = np.linalg.norm(np.diff(vertices, axis=0), axis=1)
    reach = np.minimum(distance[:-1], distance[1:]) * (length > 0.22 * half)
    cuff = int(reach.argmax())
    first, last = (int(np.linalg.norm(part - vertices[k], axis=1).argmin()) for k in (cuff, cuff + 1))
    inner = part[last:][::-1]
    if np.linalg.norm(join - armpit) > 2:
        inner = np.concatenate([armpit[None], inner])
    return Sleeve(_even(part[: first + 1], ALONG), _even(inner, ALONG))


def _outer_part(contour: F64, tip: F64, join: F64) -> F64:
    """Return the piece of the outline from the tip around the sleeve to the armpit."""
    a = int(np.linalg.norm(contour - tip, axis=1).argmin())
    b = int(np.linalg.norm(contour - join, axis=1).argmin())
    count = len(contour)
    one = contour[np.arange(a, a + (b - a) % count + 1) % count]
    other = contour[np.arange(a, a - (a - b) % count - 1, -1) % count]
    return one if len(one) < len(other) else other


def _even(line: F64, count: int) -> F64:
    """Return points at equal distances along a polyline."""
    if len(line) < 2:
        return np.repeat(line[:1], count, axis=0)
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0, way[-1], count)
    return np.column_stack([np.interp(at, way, line[:, k]) for k in (0, 1)])


def _opening(cutout: Cutout, corners: F64, bases: F64, half: float, hood: bool) -> F64:
    """Return the front edge of the neck opening: the curve of its family along which the cloth turns lighter.

    Below the opening lies the front of the collar in the light; within it the inside of the back, in shade. A hood
    that lies closed has no such edge: there it is the line along which its sides cross.
    """
    left, right = corners
    width = float(right[0] - left[0])
    v = np.linspace(-1, 1, 41)
    if hood:
        return _arc(left, right, HOOD_DEPTH * width, 1.25, v)
    standing = float((bases[:, 1] - corners[:, 1]).mean()) > STANDING * half
    usual, powers, strict = (1.15, (1.3, 1.5), 25.0) if standing else (0.44, (1.7, 2.2, 2.8), 9.0)
    light = cv2.GaussianBlur(lab_of(np.clip(cutout.pixels, 0, 255).astype(np.uint8))[..., 0], (0, 0), 1.5)
    best, score = None, -np.inf
    for power in powers:
        for depth in np.linspace(0.1, 1.4, 53) * width:
            curve = _arc(left, right, depth, power, v)
            gain = _step_across(light, curve[np.abs(v) < 0.8], max(2.0, 0.03 * width))
            value = float(np.clip(gain, -6, 12).mean()) - strict * abs(depth / width - usual)
            if value > score:
                best, score = curve, value
    assert best is not None
    return best


def _arc(left: F64, right: F64, depth: float, power: float, v: F64) -> F64:
    """Return (n, 2): from corner to corner, sagging by the depth; power 2 is an ellipse, 1 a V."""
    t = (v + 1)[:, None] / 2
    line = left * (1 - t) + right * t
    sag = depth * (1 - np.abs(v) ** power) ** (1 / power)
    return np.asarray(line + np.column_stack([np.zeros_like(v), sag]))


def _step_across(light: F32, curve: F64, reach: float) -> F64:
    slope = np.gradient(curve, axis=0)
    normal = np.column_stack([-slope[:, 1], slope[:, 0]])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    normal *= np.sign(normal[:, 1:] + 1e-9)

    def at(points: F64) -> F64:
        x, y = points[:, 0].astype(np.float32), points[:, 1].astype(np.float32)
        return np.asarray(cv2.remap(light, x[None], y[None], cv2.INTER_LINEAR)[0], np.float64)

    return at(curve + reach * normal) - at(curve - reach * normal)


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
