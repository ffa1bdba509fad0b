"""A flat garment bent onto a body: grids over its torso and sleeves, and where each of their knots comes to lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from genkol.algorithms.virtual_try_on.arm import Arm
from genkol.algorithms.virtual_try_on.body import Body
from genkol.algorithms.virtual_try_on.grid import Grid
from genkol.artifacts import F64
from genkol.vision.garment_landmarks import GarmentLandmarks

COLUMNS, LINES = 49, 81
BEYOND = 1.04
"""How far a grid reaches past the edges of its piece, so that the cloth's own soft edge is drawn."""
MOST_WRAP, LEAST_WRAP = 1.45, 0.85
"""Scale across in the middle of the torso against that on its average: cloth that turns away at the sides of the
body is foreshortened there, and the print in the middle keeps its proportions."""
MOST_LONG = 1.7
"""Scale down the body against that across it: a garment that lies wide is still let down to the hips."""
HEM = {"t-shirt": 0.17, "shirt": 0.19, "long-sleeve": 0.15, "hoodie": 0.13}
"""How far below the hip joints a garment ends, as a share of the torso."""
EASE = {"t-shirt": 1.05, "shirt": 1.06, "long-sleeve": 1.05, "hoodie": 1.1, "dress": 1.04}
"""Width of the cloth against that of the torso."""
FLARE = 0.6
"""What is left of a skirt's width when it hangs: power of its width lying flat."""
HOOD_RISE, HOOD_SPREAD = 0.5, 1.06
"""Height and width of a hood that lies behind the neck, against half of the collar's width."""
HOOD_FALL = 0.34
"""How far it reaches down behind the collar, against the shoulders' distance."""
SLEEVE_EASE = {"hoodie": (1.2, 1.45)}
"""Least and most width of a sleeve against that of the arm."""


@dataclass(frozen=True, eq=False)
class Fit:
    """How a garment sits on a body: its scale down the body, and where its first and last line come to lie."""

    scale: float
    top: float
    hem: float
    marks: GarmentLandmarks
    body: Body

    def height(self, y: F64) -> F64:
        return self.top + self.scale * (y - float(self.marks.tips[:, 1].mean()))


def fit(marks: GarmentLandmarks, body: Body, old_hem: float | None) -> Fit:
    """Choose the size: the hem where such a garment ends, the width as near to the body's as the print allows."""
    first = float(marks.tips[:, 1].mean())
    top = float(body.tips[:, 1].mean())
    torso = body.hips - body.shoulders
    length = marks.hem - first
    width = float(np.interp(body.shoulders + 0.4 * torso, body.rows, body.half)) * EASE[marks.kind]
    even = width / marks.half_width
    if marks.kind == "dress":
        scale = float(np.clip((body.hips + 0.75 * (body.knees - body.hips) - top) / length, even, 1.4 * even))
    else:
        hem = body.hips + HEM[marks.kind] * torso
        if old_hem is not None and old_hem < hem + 0.25 * torso:
            hem = max(hem, old_hem + 0.035 * torso)
        if old_hem is None:
            hem += 0.04 * torso
        scale = float(np.clip((hem - top) / length, 0.9 * even, MOST_LONG * even))
    return Fit(scale, top, top + scale * length, marks, body)


def torso_grid(sized: Fit) -> Grid:
    """Return the grid over the front, from the shoulders to the hem."""
    marks = sized.marks
    across = np.linspace(-BEYOND, BEYOND, COLUMNS)
    along = np.linspace(0, 1, LINES)
    tip_y, pit_y = float(marks.tips[:, 1].mean()), float(marks.armpits[:, 1].mean())
    source = np.zeros((LINES, COLUMNS, 2))
    margin = 0.015 * marks.half_width
    top_x, top_y = _top_line(marks)
    middle_tip, half_tip = marks.tips[:, 0].mean(), float(np.diff(marks.tips[:, 0])[0]) / 2
    first = np.interp(middle_tip + across * half_tip, top_x, top_y) - margin
    last = marks.hem + 0.02 * (marks.hem - tip_y)
    source[..., 1] = first * (1 - along[:, None]) + last * along[:, None]
    ys = np.concatenate([[tip_y], marks.rows, [last]])
    lefts = np.concatenate([[marks.tips[0, 0]], marks.sides[:, 0], marks.sides[-1:, 0]])
    rights = np.concatenate([[marks.tips[1, 0]], marks.sides[:, 1], marks.sides[-1:, 1]])
    left, right = np.interp(source[..., 1], ys, lefts), np.interp(source[..., 1], ys, rights)
    half = (right - left) / 2
    source[..., 0] = (left + right) / 2 + across * half
    fall = np.clip((pit_y - source[..., 1]) / (pit_y - tip_y), 0, 1)
    fall = fall * fall * (3 - 2 * fall)
    target = np.zeros_like(source)
    target[..., 1] = sized.height(source[..., 1]) + fall * _lift(sized, across)
    goal_middle, goal_half = _goal(sized, target[..., 1])
    wrap = np.clip(sized.scale * half / goal_half, LEAST_WRAP, MOST_WRAP)
    u = np.broadcast_to(across, half.shape)
    curved = wrap * u + (1 - wrap) * u**3
    curved = np.where(np.abs(u) > 1, u, curved)
    level = _collar(sized, across)
    target[..., 0] = goal_middle + goal_half * (curved * (1 - fall**2) + level * fall**2)
    return Grid(source, target, across, along)


def _top_line(marks: GarmentLandmarks) -> tuple[F64, F64]:
    left, right = marks.slopes[0], marks.slopes[1][::-1]
    corners = marks.corners.copy()
    corners[:, 1] = np.minimum(corners[:, 1], marks.bases[:, 1])
    points = np.concatenate([left, corners, right])
    return np.maximum.accumulate(points[:, 0]), points[:, 1]


def _lift(sized: Fit, across: F64) -> F64:
    """Return how far the shoulder line must move up or down to lie on the body's."""
    marks, body = sized.marks, sized.body
    middle, half = marks.tips[:, 0].mean(), float(np.diff(marks.tips[:, 0])[0]) / 2
    us: list[F64] = []
    lifts: list[F64] = []
    for i in (0, 1):
        line = marks.slopes[i]
        us.append((line[:, 0] - middle) / half)
        lifts.append(body.slopes[i][:, 1] - sized.height(line[:, 1]))
    lifts_ = np.concatenate([lifts[0], lifts[1][::-1]])
    return np.asarray(np.interp(across, np.concatenate([us[0], us[1][::-1]]), lifts_), np.float64)


def _collar(sized: Fit, across: F64) -> F64:
    """Return where on the shoulders each column lies, -1 to 1: the collar's bases at the neck's."""
    marks, body = sized.marks, sized.body
    middle, half = marks.tips[:, 0].mean(), float(np.diff(marks.tips[:, 0])[0]) / 2
    goal_middle, goal_half = body.tips[:, 0].mean(), float(np.diff(body.tips[:, 0])[0]) / 2
    ours = (marks.bases[:, 0] - middle) / half
    theirs = (_collar_ends(sized) - goal_middle) / goal_half
    curve = PchipInterpolator([-1, ours[0], ours.mean(), ours[1], 1], [-1, theirs[0], theirs.mean(), theirs[1], 1])
    return np.where(np.abs(across) > 1, across, curve(np.clip(across, -1, 1)))


def _collar_ends(sized: Fit) -> F64:
    """Return x of the collar's two ends: at the neck, but a wide collar stays wide.

    Drawn together to the neck it would pull a print beneath it out of shape.
    """
    marks, body = sized.marks, sized.body
    middle, half = marks.tips[:, 0].mean(), float(np.diff(marks.tips[:, 0])[0]) / 2
    own = body.tips[:, 0].mean() + 0.85 * (marks.bases[:, 0] - middle) / half * float(np.diff(body.tips[:, 0])[0]) / 2
    return np.array([min(body.bases[0, 0], own[0]), max(body.bases[1, 0], own[1])])


def _goal(sized: Fit, y: F64) -> tuple[F64, F64]:
    """Return the middle and half width that the cloth takes at heights of the picture."""
    marks, body = sized.marks, sized.body
    ease = EASE[marks.kind]
    pit = sized.height(marks.armpits[:, 1].mean())
    half = body.half * ease
    chest = float(np.interp(pit, body.rows, half))
    own = np.interp(body.rows, sized.height(marks.rows), np.diff(marks.sides, axis=1)[:, 0] / 2 * sized.scale)
    flare = np.maximum(half, chest * 0.93 * (own / np.interp(pit, body.rows, own)) ** FLARE)
    half = np.where(body.rows > pit, np.maximum(half, flare), half)
    kernel = np.ones(9) / 9
    half = np.convolve(np.pad(half, 4, "edge"), kernel, "valid")
    tips = body.tips
    below, goal = body.rows > pit, float(np.diff(tips[:, 0])[0]) / 2
    ys = np.concatenate([[tips[:, 1].mean()], [pit], body.rows[below]])
    xs = np.concatenate([[tips[:, 0].mean()], [np.interp(pit, body.rows, body.middle)], body.middle[below]])
    hs = np.concatenate([[goal], [np.interp(pit, body.rows, half)], half[below]])
    return np.interp(y, ys, xs), np.interp(y, ys, hs)


def sleeve_grid(sized: Fit, index: int) -> Grid:
    """Return the grid over one sleeve: at the armhole it moves with the torso, further on with the arm."""
    assert sized.marks.sleeves is not None
    sleeve = sized.marks.sleeves[index]
    arm, side = sized.body.arms[index], (-1, 1)[index]
    count, across = len(sleeve.upper), np.linspace(-1.16, 1.16, 17)
    t = np.linspace(0, 1, count)
    centre, spread = (sleeve.upper + sleeve.lower) / 2, (sleeve.lower - sleeve.upper) / 2
    source = centre[:, None] + across[None, :, None] * spread[:, None]
    tip = sized.body.tips[index]
    start, end = -0.06 * sized.body.span, cuff(sized, index)
    points, direction, radius = arm.at(start + t * (end - start))
    least, most = SLEEVE_EASE.get(sized.marks.kind, (1.12, 1.55))
    own = np.linalg.norm(spread, axis=1) * sized.scale * 0.92
    half = np.clip(own, least * radius, most * radius)
    outward = np.column_stack([-direction[:, 1], direction[:, 0]]) * 1.0
    outward *= -1 if outward[0] @ np.array([side, -0.6]) < 0 else 1  # one side all along, also past the elbow
    grown = _eased(t * (end - start) / (0.9 * sized.body.span))
    cap = max(arm.bulge, least) * radius * (1.0 if least < 1.2 else 1.1)
    outer = np.minimum(half, cap) * (1 - grown) + half * grown
    outer = np.maximum(outer, np.where(t * (end - start) < 0.5 * sized.body.span, arm.bulge, 0) * radius)
    upper, lower = points + outward * outer[:, None], points - outward * half[:, None]
    pit = np.array(_pit(sized, index, float(tip[1] + 0.62 * max(lower[-1, 1] - tip[1], 0.6 * sized.body.span))))
    run = (end - start) * t[:, None]
    soon, late = (_eased(run / (share * sized.body.span)) for share in (0.24, 0.42))
    slope = tip - sized.body.slopes[index][2]
    leave = slope / max(float(np.linalg.norm(slope)), 1e-6) + 0.45 * direction
    leave /= np.linalg.norm(leave, axis=1, keepdims=True)
    upper = (tip + leave * run) * (1 - soon) + upper * soon
    lower = _underside(arm, pit, end, t, half, outward[0], late)
    middle, reach = (upper + lower) / 2, (lower - upper) / 2
    target = middle[:, None] + across[None, :, None] * reach[:, None]
    return Grid(source, target, across, t)


def _underside(arm: Arm, pit: F64, end: float, t: F64, half: F64, outward: F64, late: F64) -> F64:
    """Return (n, 2) the lower edge: from the armpit always forward along the arm, so that rows keep their order."""
    upper_arm = arm.bone[1] - arm.bone[0]
    first = float((pit - arm.bone[0]) @ upper_arm) / max(float(np.linalg.norm(upper_arm)), 1e-6)
    first = float(np.clip(first, 0.0, 0.75 * end))
    points, direction, _ = arm.at(first + t * (end - first))
    inward = np.column_stack([direction[:, 1], -direction[:, 0]])
    inward *= 1 if inward[0] @ outward < 0 else -1
    edge = points + inward * half[:, None]
    edge = np.asarray(edge + (pit - edge[0]) * (1 - late), np.float64)
    for k in range(1, len(edge)):  # in the crook of the elbow the edge would turn back upon itself
        if (edge[k] - edge[k - 1]) @ direction[k] < 0:
            edge[k] = edge[k - 1]
    return edge


def _eased(t: F64) -> F64:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def hood_grid(sized: Fit) -> Grid:
    """Return the grid over a hood: it lies down behind the neck, low and a little wider than the collar."""
    marks, body = sized.marks, sized.body
    across, along = np.linspace(-1, 1, 33), np.linspace(0, 1, 17)
    middle, half = marks.bases[:, 0].mean(), float(np.diff(marks.bases[:, 0])[0]) / 2
    crown = float(marks.bases[:, 1].mean()) - 1.55 * half
    source = np.zeros((17, 33, 2))
    source[..., 0] = middle + 0.9 * half * across
    source[..., 1] = (crown + (marks.bases[:, 1].mean() - crown) * along)[:, None]
    ends = _collar_ends(sized)
    goal, width = ends.mean(), float(np.diff(ends)[0]) / 2
    heights = [np.interp(ends[i], *body.slopes[i][:: (1, -1)[i]].T) for i in (0, 1)]
    base = np.interp(across, [-1, 1], heights) + HOOD_FALL * body.span
    rise = (HOOD_FALL + 0.01) * body.span + HOOD_RISE * width * (1 - np.abs(across) ** 2.6) ** 0.5
    target = np.zeros_like(source)
    target[..., 0] = goal + HOOD_SPREAD * width * across
    target[..., 1] = base - rise * (1 - along)[:, None]
    return Grid(source, target, across, along)


def _pit(sized: Fit, index: int, deepest: float) -> tuple[float, float]:
    """Return the armpit on the side of the torso; never as low as the cuff, where the sleeve would fold."""
    y = float(sized.height(sized.marks.armpits[:, 1].mean()))
    y = min(y, sized.body.shoulders + 0.5 * sized.body.span, deepest)
    middle, half = _goal(sized, np.array([y]))
    return float(middle[0] + (-1, 1)[index] * half[0] * 0.94), y


def cuff(sized: Fit, index: int) -> float:
    """Return how far along the arm the sleeve ends: a long one at the wrist, a short one in proportion; 0 for none."""
    if sized.marks.sleeves is None:
        return 0.0
    arm = sized.body.arms[index]
    own = sized.marks.sleeves[index].length * sized.scale
    if is_long(sized):
        return 1.02 * arm.length
    return min(own * 0.95, 0.52 * arm.length)


def is_long(sized: Fit) -> bool:
    """Say whether the sleeves reach the wrists."""
    if sized.marks.sleeves is None:
        return False
    own = float(np.mean([sleeve.length for sleeve in sized.marks.sleeves])) * sized.scale
    arm = float(np.mean([arm.length for arm in sized.body.arms]))
    return sized.marks.kind in ("hoodie", "long-sleeve") or own > 0.72 * arm
