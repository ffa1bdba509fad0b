"""Made-up pictures, mattes and poses whose truth is known."""

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Person


def noise(seed: int, height: int, width: int, smooth: float) -> U8:
    """(height, width, 3) random texture that uses most of the range."""
    rough = np.random.default_rng(seed).standard_normal((height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), smooth)
    return np.clip(128 + 45 * soft / soft.std(), 0, 255).astype(np.uint8)


def disc(height: int, width: int, radius: float, soft: float) -> U8:
    """A matte: 255 inside, 0 outside, a linear edge ``soft`` pixels wide."""
    y, x = np.ogrid[:height, :width]
    away = np.hypot(y - height / 2, x - width / 2)
    return np.rint(np.clip((radius - away) / soft + 0.5, 0, 1) * 255).astype(np.uint8)


def person(matte: U8, pose: F32 | None = None) -> Person:
    empty = np.zeros_like(matte)
    return Person(matte, empty, empty, empty, matte, empty, np.zeros((0, 4), np.float32) if pose is None else pose)


def standing_pose(height: int, width: int) -> F32:
    """(33, 4): upright in the middle, the soles at 11/12 of the height."""
    pose = np.zeros((33, 4), np.float32)
    pose[:, 3] = 0.9
    pose[:, 0] = width / 2
    pose[:11, 1] = height * 0.12
    pose[11:23, 1] = height * 0.35
    pose[23:25, 1] = height * 0.54
    pose[25:27, 1] = height * 0.71
    for index, (x, y) in zip(
        range(27, 33),
        ((-0.06, 0.87), (0.06, 0.87), (-0.06, 0.9), (0.06, 0.9), (-0.07, 0.91), (0.07, 0.91)),
        strict=True,
    ):
        pose[index, :2] = width * (0.5 + x), height * y
    return pose
