"""Wide blurs that cost little, and soft steps."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32


def smoothed(array: F32, sigma: float) -> F32:
    """Return a Gaussian blur of (h, w) or (h, w, n); a wide one is taken on a reduced copy.

    Args:
        array: float32.
        sigma: pixels.
    """
    factor = max(1, int(sigma / 2.5))
    h, w = array.shape[:2]
    if factor == 1 or min(h, w) < 2 * factor:
        return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32)
    planes = array.reshape(h, w, -1)
    size = (max(1, w // factor), max(1, h // factor))
    groups = (planes[..., k : k + 4] for k in range(0, planes.shape[2], 4))  # OpenCV averages four channels at most
    small = np.dstack([cv2.resize(group, size, interpolation=cv2.INTER_AREA) for group in groups])
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    return np.asarray(cv2.resize(blurred, (w, h), interpolation=cv2.INTER_LINEAR), np.float32).reshape(array.shape)


def ramp(x: NDArray[np.floating[Any]] | float, low: float, high: float) -> F32:
    """Return 0 under low, 1 over high, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
