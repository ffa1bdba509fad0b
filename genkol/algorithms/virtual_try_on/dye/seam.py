"""Where one garment ends and another of the same colour begins: the strongest line across the hips."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from genkol.algorithms.virtual_try_on.dye.frame import Frame
from genkol.artifacts import F32, U8

SEAM = (0.65, 1.45)
"""Where the upper garment may end, in torsos below the shoulders."""
SEAM_STRENGTH = 1.0
"""How much stronger than the cloth's other steps a hem or belt is on the whole."""
CELL, TURN = 4, 0.6
"""Pixels of the picture in one step along a seam, and what it costs the seam to rise or fall by one."""

Mask = NDArray[np.bool_]


def seam_of(pixels: U8, cloth: Mask, below: F32, frame: Frame, cell: int) -> F32 | None:
    """Return (h, w) in [0, 1]: what lies below the strongest seam across the hips; None without one.

    Args:
        pixels: (h, w, 3) sRGB bytes.
        cloth: (h, w), both garments, less the sleeves.
        below: (h, w) in torsos below the shoulders.
        frame: the body.
        cell: pixels in one step along the seam.
    """
    size = (cloth.shape[1] // cell, cloth.shape[0] // cell)
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    torso = cloth.astype(np.float32)
    torso = cv2.erode((cv2.resize(torso, size, interpolation=cv2.INTER_AREA) > 0.9).astype(np.uint8), np.ones((5, 5)))
    height = cv2.resize(below, size, interpolation=cv2.INTER_LINEAR)
    step = np.abs(cv2.Sobel(np.log(grey + 8), cv2.CV_32F, 0, 1, ksize=3)) * torso
    step = cv2.blur(step, (7, 1))
    around = torso > 0
    band = around & (height > SEAM[0]) & (height < SEAM[1])
    columns = band.any(axis=0)
    if columns.sum() < 0.25 * frame.width / cell:
        return None
    score = step / (float(step[around].mean()) + 1e-3) - 3 * np.abs(height - 1.05)
    line, strength = _best_line(np.where(band, score, -3).astype(np.float32), columns)
    if strength < SEAM_STRENGTH:
        return None
    line = gaussian_filter1d(line, 2.0, mode="nearest")
    centre = (cell - 1) / 2
    fine = np.interp(np.arange(cloth.shape[1]), cell * np.arange(size[0]) + centre, cell * line + centre)
    rows = np.arange(cloth.shape[0], dtype=np.float32)[:, None]
    return np.asarray(np.clip(rows - fine[None, :] + 0.5, 0, 1), np.float32)


def _best_line(score: F32, columns: Mask) -> tuple[F32, float]:
    """Return the row of the best unbroken line, (w,), by dynamic programming, and its mean score on the columns."""
    first, last = (int(v) for v in np.flatnonzero(columns)[[0, -1]])
    total = score[:, first : last + 1].copy()
    for x in range(1, total.shape[1]):
        before = total[:, x - 1]
        total[:, x] += np.maximum(before, np.maximum(np.r_[before[1:], -1e9], np.r_[-1e9, before[:-1]]) - TURN)
    rows = np.empty(total.shape[1], np.int64)
    rows[-1] = int(total[:, -1].argmax())
    for x in range(total.shape[1] - 1, 0, -1):
        near = range(max(0, rows[x] - 1), min(len(total), rows[x] + 2))
        rows[x - 1] = max(near, key=lambda y: total[y, x - 1] - TURN * (y != rows[x]))
    picked = score[rows, np.arange(first, last + 1)]
    strong = np.flatnonzero(gaussian_filter1d(picked, 1.5) > 0.5 * picked.mean())
    if len(strong):  # beyond the hem's own ends it goes on level: what is there are hands and pockets
        rows[: strong[0]], rows[strong[-1] :] = rows[strong[0]], rows[strong[-1]]
    line = np.interp(np.arange(score.shape[1]), np.arange(first, last + 1), rows).astype(np.float32)
    return line, float(picked.mean())
