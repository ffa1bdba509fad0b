"""A picture that came back from a model smaller than it is, brought to full size; what is the same stays sharp."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.smooth import ramp, smoothed

LEAST, SURE = 5.0, 18.0
"""Mean change of the neighbourhood in levels: below the one it is noise, above the other the content is new."""


def brought_back(full: U8, sent: U8, back: U8) -> F32:
    """Return the full picture as the model changed it.

    Where the model left the picture alone, its fine detail stays; where it painted something new, the old detail
    goes, so that no old print shines through new cloth.

    Args:
        full: (H, W, 3) uint8, sRGB.
        sent: (h, w, 3) uint8, the same reduced, as the model got it.
        back: (h, w, 3) uint8, what it made of it.

    Returns:
        (H, W, 3) float32, 8-bit levels in [0, 255]; equal to `full` where `back` and `sent` are the same around.
    """
    size = full.shape[1::-1]
    moved = np.abs(back.astype(np.float32) - sent).mean(axis=2)
    new = ramp(smoothed(moved, max(1.0, 0.002 * max(sent.shape[:2]))), LEAST, SURE)
    old = full.astype(np.float32)
    if sent.shape == full.shape:
        return back.astype(np.float32)
    before, after = (_enlarged(picture.astype(np.float32), size) for picture in (sent, back))
    kept = 1 - np.clip(_enlarged(new, size), 0, 1)[..., None]
    return np.asarray(np.clip(after + kept * (old - before), 0, 255), np.float32)


def _enlarged(array: F32, size: tuple[int, int]) -> F32:
    smaller = size[0] < array.shape[1]
    return np.asarray(cv2.resize(array, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), np.float32)
