"""A picture that came back from a model smaller than it is, brought to full size; what is the same stays sharp."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.smooth import ramp, smoothed

NOISE, LEAST, SURE = 2.0, 6.0, 18.0
"""Mean change of the neighbourhood in levels: up to the first it is the model's noise and is left out, from the second
it counts in full, and from the third on the content is new, so that no old detail may shine through.
"""


def brought_back(full: U8, sent: U8, back: U8) -> F32:
    """Return the full picture as the model changed it.

    What the model left alone stays to the byte; where it shaded, the fine detail stays; where it painted something
    new, the old detail goes, so that no old print shines through new cloth.

    Args:
        full: (H, W, 3) uint8, sRGB.
        sent: (h, w, 3) uint8, the same reduced, as the model got it.
        back: (h, w, 3) uint8, what it made of it.

    Returns:
        (H, W, 3) float32, 8-bit levels in [0, 255].
    """
    size = full.shape[1::-1]
    moved = smoothed(np.abs(back.astype(np.float32) - sent).mean(axis=2), max(1.0, 0.002 * max(sent.shape[:2])))
    done, new = (_scaled(ramp(moved, *bounds), size)[..., None] for bounds in ((NOISE, LEAST), (LEAST, SURE)))
    old, before, after = (_scaled(picture.astype(np.float32), size) for picture in (full, sent, back))
    changed = after + (1 - new) * (old - before)
    return np.asarray(np.clip(old + done * (changed - old), 0, 255), np.float32)


def _scaled(array: F32, size: tuple[int, int]) -> F32:
    """Bring to (width, height); a map, which lies in [0, 1], without overshooting."""
    if array.shape[1::-1] == size:
        return array
    way = cv2.INTER_LINEAR if array.ndim == 2 else cv2.INTER_CUBIC
    way = cv2.INTER_AREA if size[0] < array.shape[1] else way
    return np.asarray(cv2.resize(array, size, interpolation=way), np.float32)
