"""Telling subject from background by their local colours, where these differ."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8
from genkol.vision.smooth import smoothed

NOISE = 0.03
"""Distance (sRGB in [0, 1]) which sensor noise and JPEG blocks put between equal colours."""


@dataclass(frozen=True)
class LocalColour:
    """What a ground looks like around each pixel of a reduced picture.

    Args:
        mean: (h, w, 3), sRGB in [0, 1].
        spread: (h, w) standard deviation, all channels together.
        known: (h, w) in [0, 1]: how much of the ground is near.
    """

    mean: F32
    spread: F32
    known: F32


def local_colour(small: F32, sure: F32, sigma: float) -> LocalColour:
    """Return the local colour of a ground from the pixels that surely belong to it.

    Args:
        small: (h, w, 3) float32, sRGB in [0, 1].
        sure: (h, w) in [0, 1].
        sigma: reach, pixels; where there is nothing within it, three times as far counts.
    """
    stack = np.dstack([small * sure[..., None], (small**2).sum(axis=-1) * sure, sure])
    near, far = smoothed(stack, sigma), smoothed(stack, 3 * sigma)
    total = near + 0.02 * far
    weight = np.maximum(total[..., 4:], 1e-6)
    mean = total[..., :3] / weight
    variance = total[..., 3] / weight[..., 0] - (mean**2).sum(axis=-1)
    known = np.clip(20 * total[..., 4], 0, 1)
    return LocalColour(np.asarray(mean, np.float32), np.sqrt(np.maximum(variance, 0)), known)


def unmixed(pixels: U8, alpha: F32, fine: F32, hair: F32, band: NDArray[np.bool_]) -> F32:
    """Return the alpha corrected in the band by how far each pixel is from the background's local colour.

    A pixel that looks like the background next to it is background, one that is as far from it as the
    subject is, is subject. Where the two look alike, or the background is busy, the given alpha stays.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        alpha: (h, w) in [0, 1], coarse.
        fine: (H, W) in [0, 1], the same refined.
        hair: (h, w) in [0, 1]: where to; the outline of skin and cloth is firm, and its gloss deceives.
        band: (H, W), where to look.
    """
    h, w = alpha.shape
    small = cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    behind = local_colour(small, _eroded(alpha < 0.03, 2), 0.012 * max(h, w))
    front = local_colour(small, _eroded(alpha > 0.97, 3), 0.012 * max(h, w))
    axis = front.mean - behind.mean
    length = np.sqrt((axis**2).sum(axis=-1))
    low = NOISE + 1.5 * behind.spread
    high = np.maximum(length - 0.7 * front.spread, low + 0.25 * length)
    trust = np.clip((length - 3 * low) / 0.2, 0, 1) * behind.known * front.known * hair
    depth = cv2.GaussianBlur(alpha, (0, 0), 0.006 * max(h, w))
    high = low + (high - low) * np.clip(2 - 1.6 * depth, 0.4, 1)  # further in, only what is plainly background goes
    near = cv2.GaussianBlur(cv2.dilate(alpha, np.ones((5, 5), np.uint8)), (0, 0), 1.5)
    maps = cv2.resize(np.dstack([behind.mean, low, high, trust, near]), band.shape[::-1])[band]
    distance = np.linalg.norm(pixels[band].astype(np.float32) / 255 - maps[:, :3], axis=-1)
    share = np.clip((distance - maps[:, 3]) / np.maximum(maps[:, 4] - maps[:, 3], 1e-3), 0, 1)
    wanted = np.minimum(share, np.clip(1.5 * maps[:, 6], 0, 1))
    out = fine.copy()
    out[band] += maps[:, 5] * (wanted - out[band])
    return out


def _eroded(mask: NDArray[np.bool_], reach: int) -> F32:
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel, borderValue=1), np.float32)
