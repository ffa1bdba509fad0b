"""How a person stands or sits, and the shadow of standing feet on the ground."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32

_ANKLES = [27, 28]  # of the MediaPipe pose
FEET = [*_ANKLES, 29, 30, 31, 32]
"""Ankles, heels and toes among the 33 landmarks of the MediaPipe pose."""
_SHOULDERS, _HIPS, _KNEES = [11, 12], [23, 24], [25, 26]
LEAST_FALL = 0.5
"""Lengths of the torso by which the knees of a standing person lie lower than the hips at least, the mean of both: on
photographs of standing people 0.68 and more, of sitting people 0.03 to 0.39."""
_SEEN = 0.5
_FLAT = 0.28  # how much a circle on the ground is foreshortened


def stands(pose: F32, width: int, height: int) -> bool:
    """Say whether both feet are seen and lie within the picture.

    Args:
        pose: (33, 4) MediaPipe pose in pixels, or (0, 4).
        width: of the picture.
        height: of the picture.
    """
    if len(pose) == 0:
        return False
    feet = pose[FEET]
    within = (feet[:, 0] > 0) & (feet[:, 0] < width - 1) & (feet[:, 1] < 0.995 * (height - 1))
    return bool(within.all() and (feet[:, 3] > _SEEN).all())


def thigh_fall(pose: F32, width: int, height: int) -> float | None:
    """Return by how many lengths of the torso the knees lie lower than the hips; None unless both knees are in view.

    Args:
        pose: (33, 4) MediaPipe pose in pixels, or (0, 4).
        width: of the picture.
        height: of the picture.
    """
    if len(pose) == 0:
        return None
    knees = pose[_KNEES]
    within = (knees[:, 0] > 0) & (knees[:, 0] < width - 1) & (knees[:, 1] < height - 1)
    if not (within.all() and (knees[:, 3] > _SEEN).all()):
        return None
    hips = pose[_HIPS, :2].mean(axis=0)
    torso = float(np.linalg.norm(hips - pose[_SHOULDERS, :2].mean(axis=0)))
    return float(knees[:, 1].mean() - hips[1]) / max(torso, 1.0)


def contact_shadow(alpha: F32, pose: F32, side: float) -> F32 | None:
    """Return how much light the ground keeps, (H, W) float32 in (0, 1], or None when no feet show.

    A tight dark line where the soles touch, taken from the matte's own shape, and a wide soft pool that
    falls away from the light.

    Args:
        alpha: (H, W) float32 coverage of the subject.
        pose: (33, 4) MediaPipe pose in pixels, or (0, 4).
        side: where the light comes from, -1 left to 1 right.
    """
    h, w = alpha.shape
    if not stands(pose, w, h):
        return None
    ankle = float(pose[_ANKLES, 1].min())
    body = max(ankle - float(pose[0, 1]), 0.1 * h)
    foot = 0.085 * body  # about a foot's length
    feet = pose[FEET, :2]
    rows = np.arange(h, dtype=np.float32)[:, None]
    columns = np.arange(w, dtype=np.float32)[None, :]
    low = np.clip((rows - ankle) / (0.35 * foot), 0, 1) * alpha
    reach = (feet[:, 0].min() - 1.2 * foot, feet[:, 0].max() + 1.2 * foot)
    low = low * ((columns > reach[0]) & (columns < reach[1]))
    if low.max() < 0.3:
        return None
    drop = np.array([[1, 0, -0.10 * foot * side], [0, 1, 0.05 * foot]], np.float32)
    tight = cv2.GaussianBlur(cv2.warpAffine(low, drop, (w, h)), (0, 0), 0.16 * foot, sigmaY=0.05 * foot + 0.5)
    drop = np.array([[1, 0, -0.35 * foot * side], [0, 1, 0.02 * foot]], np.float32)
    near = cv2.GaussianBlur(cv2.warpAffine(low, drop, (w, h)), (0, 0), 0.45 * foot, sigmaY=0.13 * foot + 0.5)
    ground = float(np.max(np.nonzero(low.max(1) > 0.5)[0], initial=int(feet[:, 1].max())))
    middle = float(feet[:, 0].mean()) - 0.7 * foot * side
    half = 0.5 * float(np.ptp(feet[:, 0])) + 1.1 * foot
    pool = np.exp(-0.5 * (((columns - middle) / half) ** 2 + ((rows - ground + 0.25 * foot) / (_FLAT * half)) ** 2))
    kept = (1 - 0.75 * np.clip(tight, 0, 1)) * (1 - 0.45 * np.clip(near, 0, 1)) * (1 - 0.30 * pool)
    return np.asarray(kept, np.float32)
