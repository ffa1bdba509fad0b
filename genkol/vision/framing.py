"""Fitting one picture behind another."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import U8


def covering(
    pixels: U8, width: int, height: int, x: float = 0.5, y: float = 0.5, zoom: float = 1.0, mirror: bool = False
) -> U8:
    """Crop and scale a picture so that it fills a frame without distortion.

    Args:
        pixels: (h, w, 3) bytes.
        width: of the frame, pixels.
        height: of the frame, pixels.
        x: which part stays when it is too wide: 0 the left, 1 the right.
        y: which part stays when it is too tall: 0 the top, 1 the bottom.
        zoom: 1 shows as much as fits, 2 half of that each way.
        mirror: swap left and right.

    Returns:
        (height, width, 3) bytes.
    """
    source = pixels[:, ::-1] if mirror else pixels
    h, w = source.shape[:2]
    scale = max(width / w, height / h) * zoom
    part_w, part_h = min(w, max(1, round(width / scale))), min(h, max(1, round(height / scale)))
    left, top = round((w - part_w) * x), round((h - part_h) * y)
    part = np.ascontiguousarray(source[top : top + part_h, left : left + part_w])
    if (part_w, part_h) == (width, height):
        return part
    how = cv2.INTER_AREA if part_w > width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (width, height), interpolation=how), np.uint8)


def defocused(pixels: U8, amount: float) -> U8:
    """Blur as a lens does what lies behind the subject: at 1 by 1.2 % of the longest side (deviation)."""
    sigma = 0.012 * amount * max(pixels.shape[:2])
    if sigma < 0.3:
        return pixels
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.uint8)
