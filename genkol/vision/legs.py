"""The gap between the legs of a standing person, which the matting model closes before a busy background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of
from genkol.vision.foreground import spread
from genkol.vision.shadow import LEAST_FALL, thigh_fall

_SIDE = 768
_LEGS = ((23, 25, 27), (24, 26, 28))  # hip, knee, ankle of the MediaPipe pose
MOST_PATTERN = 10.0
"""Median difference (CIELAB) along the legs from their own middle colour, up to which trousers count as plain."""
LEAST_UNLIKE = 30.0
"""Difference from plain trousers, CIELAB, from which a patch between them is none of them."""


def parted(pixels: U8, matte: U8, pose: F32) -> U8:
    """Return the matte (H, W) open between the legs of one who stands in plain trousers.

    There a patch that is quite unlike the trousers and like the background nearby, be that ever so busy, is
    background. It is looked for below the middle of the thighs, where no hands are.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        matte: (H, W), 255 is subject.
        pose: (33, 4) MediaPipe pose in pixels, or (0, 4).
    """
    h, w = matte.shape
    fall = thigh_fall(pose, w, h)
    if fall is None or fall < LEAST_FALL:
        return matte
    scale = min(1.0, _SIDE / max(h, w))
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    lab = lab_of(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))
    alpha = cv2.resize(matte, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    bones = [_bone(pose[list(leg), :2] * scale) for leg in _LEGS]
    cloth = lab[_drawn(bones[0], size, False) | _drawn(bones[1], size, False)]
    sure = cv2.erode((alpha <= 0.01).astype(np.float32), np.ones((5, 5), np.uint8))
    if not len(cloth) or not sure.any():
        return matte
    own = np.median(cloth, axis=0)
    if float(np.median(np.linalg.norm(cloth - own, axis=1))) > MOST_PATTERN:
        return matte
    wall, variance = spread(lab, sure, 0.04)
    near = (5 + 1.5 * np.sqrt(variance)).astype(np.float32)
    unlike = (np.linalg.norm(lab - own, axis=-1) > LEAST_UNLIKE) & (np.linalg.norm(lab - wall, axis=-1) < near)
    between = _drawn(np.concatenate([bones[0], bones[1][::-1]]), size, True)
    found = ndimage.binary_opening(unlike & between & (alpha > 0.6), np.ones((2, 2)))
    return _cut_unlike(pixels, matte, found, own) if found.any() else matte


def _bone(joints: F32) -> F32:
    """Return (3, 2): the middle of the thigh, the knee, the ankle."""
    return np.stack([(joints[0] + joints[1]) / 2, joints[1], joints[2]])


def _drawn(points: F32, size: tuple[int, int], filled: bool) -> NDArray[np.bool_]:
    """Return (h, w): the polygon, or the line, through the points."""
    out = np.zeros(size[::-1], np.uint8)
    corners = np.rint(points).astype(np.int32).reshape(-1, 1, 2)
    if filled:
        cv2.fillPoly(out, [corners], 1)
    else:
        cv2.polylines(out, [corners], False, 1)
    return out > 0


def _cut_unlike(pixels: U8, matte: U8, found: NDArray[np.bool_], own: F32) -> U8:
    """Return the matte with the found patches empty, up to where the colour becomes that of the trousers."""
    h, w = matte.shape
    out = matte.copy()
    where = cv2.resize(cv2.dilate(found.astype(np.uint8), np.ones((7, 7), np.uint8)), (w, h)) > 0
    x, y, width, height = cv2.boundingRect(where.astype(np.uint8))
    part = np.s_[y : y + height, x : x + width]
    away = np.linalg.norm(lab_of(np.ascontiguousarray(pixels[part])) - own, axis=-1)
    kept = np.clip((0.8 * LEAST_UNLIKE - away) / (0.4 * LEAST_UNLIKE), 0, 1).astype(np.float32)
    kept = cv2.GaussianBlur(kept, (0, 0), 0.7)
    out[part] = np.where(where[part], np.minimum(out[part], np.rint(255 * kept)), out[part]).astype(np.uint8)
    return out
