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


def defocused(pixels: U8, amount: float, ground: int | None = None) -> U8:
    """Blur as a lens does what lies behind the subject.

    Args:
        pixels: (H, W, 3) bytes.
        amount: 1 blurs by 1.2 % of the longest side (standard deviation).
        ground: the row on which the subject stands, if seen: the ground there is in focus, and less and
            less so toward the horizon.
    """
    h, w = pixels.shape[:2]
    sigma = 0.012 * amount * max(h, w)
    if sigma < 0.3:
        return pixels
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    if ground is not None:
        away = np.clip((ground - np.arange(h, dtype=np.float32)) / (0.22 * h), 0, 1) ** 0.7
        sharp = (1 - away)[:, None, None]
        blurred = np.rint(blurred + sharp * (pixels.astype(np.float32) - blurred))
    return np.asarray(blurred, np.uint8)
