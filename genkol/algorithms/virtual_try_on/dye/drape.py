"""Where on the cloth a pixel lies: around the torso, along the sleeves, over the folds."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.algorithms.virtual_try_on.dye.frame import SHOULDERS, Frame
from genkol.algorithms.virtual_try_on.dye.pieces import drawn, sleeve_lines
from genkol.artifacts import F32, F64
from genkol.vision.smooth import smoothed

ARM = (0.21, 0.15)
"""Half the width of a sleeve at shoulder and wrist, in shoulder widths."""
RELIEF = 0.045
"""How far a fold that is lit twice as much shifts the cloth, in shoulder widths."""


@dataclass(frozen=True, eq=False)
class Drape:
    """The cloth's own coordinates.

    Args:
        u: (h, w) to the picture's right, in shoulder widths along the cloth; 0 down the middle.
        v: (h, w) down, the same unit; 0 between the shoulders.
        before: (h, w) in [0, 1], what lies before the chest: forearms in their sleeves.
    """

    u: F32
    v: F32
    before: F32


def draped(frame: Frame, weight: F32, relief: F32, arms: bool = True) -> Drape:
    """Return the coordinates of a crop's cloth.

    Args:
        frame: the body.
        weight: (h, w) coverage of the cloth.
        relief: (h, w) logarithm of the light on it, which shows its folds.
        arms: whether the sleeves have their own; a picture printed on the chest goes on over an arm.
    """
    right, below = frame.along(weight.shape)
    ratio = frame.torso / frame.width
    sleeves = []
    before = np.zeros(weight.shape, np.float32)
    lines = sleeve_lines(weight > 0.5, frame) if len(frame.points) else []
    if arms:
        sleeves = [_sleeve(weight.shape, frame, line, side) for side, line in enumerate(lines)]
    else:
        before = drawn(weight.shape, frame, [line[1:] for line in lines if len(line) > 2], ARM[1])
    torso = weight > 0.5
    for mask, _, _ in sleeves:
        torso &= mask < 0.5
    half = _halves(torso, right, below)
    u: F32 = half * np.arcsin(np.clip(right / half, -0.985, 0.985))
    v: F32 = below * np.float32(ratio)
    for mask, across, along in sleeves:
        u, v = np.where(mask > 0.5, across, u), np.where(mask > 0.5, along, v)
    shift = RELIEF * _folds(relief, weight, frame.width)
    return Drape(np.asarray(u + 0.6 * shift, np.float32), np.asarray(v + shift, np.float32), before)


def _folds(relief: F32, weight: F32, width: float) -> F32:
    """Return (h, w) the light's own ups and downs of the size of folds."""
    stack = np.dstack([relief * weight, weight])
    fine, broad = smoothed(stack, max(1.0, 0.008 * width)), smoothed(stack, 0.09 * width)
    ups = fine[..., 0] / np.maximum(fine[..., 1], 0.05) - broad[..., 0] / np.maximum(broad[..., 1], 0.05)
    return np.asarray(np.clip(ups, -1, 1), np.float32)


def _halves(torso: NDArray[np.bool_], right: F32, below: F32) -> F32:
    """Return (h, w) half the torso's width at each height, in shoulder widths."""
    edges = np.linspace(-0.2, 2.4, 27)
    which = np.digitize(below[::4, ::4][torso[::4, ::4]], edges)
    away = np.abs(right[::4, ::4][torso[::4, ::4]])
    found = [np.percentile(away[which == k], 97) if (which == k).sum() > 20 else np.nan for k in range(1, len(edges))]
    values = np.array(found)
    known = np.isfinite(values)
    if not known.any():
        return np.full(right.shape, 0.55, np.float32)
    middles = (edges[1:] + edges[:-1]) / 2
    values = np.clip(np.interp(middles, middles[known], values[known]), 0.42, 0.9)
    values = np.convolve(np.pad(values, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return np.asarray(np.interp(below.ravel(), middles, 1.06 * values).reshape(below.shape), np.float32)


def _sleeve(shape: tuple[int, ...], frame: Frame, line: list[F64], side: int) -> tuple[F32, F32, F32]:
    """Return where an arm is, (h, w) in [0, 1], and the coordinates across and along it."""
    h, w = shape[0] // 2 + 1, shape[1] // 2 + 1
    y, x = np.mgrid[:h, :w].astype(np.float32) * 2
    upper = _bone(x, y, line[0], line[1])
    lower = _bone(x, y, line[1], line[2]) if len(line) > 2 else (upper[0] + 1e4 * frame.width, upper[1], upper[2])
    length = float(np.linalg.norm(line[1] - line[0])) / frame.width
    unit = np.float32(frame.width)
    bent = 1 / (1 + np.exp(np.clip((lower[0] - upper[0]) / (0.04 * unit), -30, 30)))  # past the elbow
    away = np.minimum(lower[0], upper[0]) / unit
    across = (upper[1] + bent * (lower[1] - upper[1])) / unit
    along = upper[2] / unit + bent * (lower[2] / unit + length - upper[2] / unit)
    thick = np.clip(ARM[0] + (ARM[1] - ARM[0]) * along / max(2 * length, 1e-3), ARM[1], ARM[0])
    right, below = frame.along((h, w), 2)
    outward = right * (1 if frame.points[SHOULDERS][side] @ frame.across > frame.neck @ frame.across else -1)
    hole = outward - (0.44 + 0.06 * np.clip(below / 0.3, 0, 1) - 1.6 * np.clip(below - 0.35, 0, 1))
    inside = np.minimum((thick - away) * 12, hole * 12) + 0.5
    across = thick * np.arcsin(np.clip(across / (1.02 * thick), -0.985, 0.985))
    mask = cv2.resize(np.clip(inside, 0, 1).astype(np.float32), shape[1::-1], interpolation=cv2.INTER_LINEAR)
    planes = [cv2.resize(p.astype(np.float32), shape[1::-1], interpolation=cv2.INTER_LINEAR) for p in (across, along)]
    return mask, planes[0], planes[1]


def _bone(x: F32, y: F32, start: F64, end: F64) -> tuple[F32, F32, F32]:
    """Return the distance from a bone, the signed one across it and the way along it, pixels."""
    length = max(float(np.linalg.norm(end - start)), 1e-3)
    dx, dy = ((end - start) / length).tolist()
    along = (x - start[0]) * dx + (y - start[1]) * dy
    across = (x - start[0]) * dy - (y - start[1]) * dx
    beyond = np.maximum(np.maximum(-along, along - length), 0)
    return np.hypot(across, beyond), across, along
