"""The collar of a flat garment: where it meets the shoulders, and the edge of its opening."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64
from genkol.vision.colour import lab_of
from genkol.vision.garment_cutout import Cutout
from genkol.vision.garment_outline import Mask, profile_of

STANDING = 0.08
"""Height of a collar above the shoulder seams, against half of the torso's width, from which it stands."""
NEAREST = 0.19
"""Least distance of a collar's corner from its middle, against half of the torso's width; a hanger's hook is nearer."""
GAIN = (-6.0, 5.0)
"""Steps of lightness along the collar's edge that count: it is faint all along, a print is bright on a part of it."""
HOOD_DEPTH = 0.33
"""How deep the sides of a closed hood cross below its base, against the base's width."""


def neck_of(mask: Mask, axis: float, half: float, tips: F64) -> tuple[F64, F64, bool]:
    """Return where the shoulders meet the neck, the tops of the neck opening, and whether a hood rises there."""
    profile = profile_of(mask)
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


def opening_of(cutout: Cutout, corners: F64, bases: F64, half: float, hood: bool) -> F64:
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
            value = float(np.clip(gain, *GAIN).mean()) - strict * abs(depth / width - usual)
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
