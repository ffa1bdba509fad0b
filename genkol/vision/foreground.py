"""The subject's own colour at soft edges, and its coverage, freed of the old background."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8


def foreground(pixels: U8, alpha: F32) -> F32:
    """Estimate what the subject looks like without the background that shines through its edges.

    Two passes of blur fusion (M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021): the
    local means of subject and background, then the correction that makes the matting equation hold.

    Args:
        pixels: (H, W, 3) sRGB bytes.
        alpha: (H, W) float32 coverage in [0, 1].

    Returns:
        (H, W, 3) float32 in 8-bit levels; equal to `pixels` where alpha is 1, extended where it is 0.
    """
    image, a = pixels.astype(np.float32), alpha[..., None]
    side = max(pixels.shape[:2])
    subject, backdrop = image, image
    for radius in (max(2, round(0.05 * side)), max(1, round(0.006 * side))):
        near_f = _mean(subject * a, alpha, radius)
        near_b = _mean(backdrop * (1 - a), 1 - alpha, radius)
        subject = np.clip(near_f + a * (image - a * near_f - (1 - a) * near_b), 0, 255)
        backdrop = near_b
    return np.where(a >= 1, image, subject).astype(np.float32)


def keyed(pixels: U8, alpha: F32) -> F32:
    """Correct the coverage in the soft band by colour, where subject and old background differ plainly.

    A matte drawn a little too wide leaves a rim of the old background. With the background's colour B
    known from outside and the subject's F from inside, the matting equation gives the coverage:
    ``((I - B) . (F - B)) / |F - B|^2``. It counts only as far as B is even and F is unlike it; exact 0
    and 1 stay.

    Args:
        pixels: (H, W, 3) sRGB bytes.
        alpha: (H, W) float32 coverage in [0, 1].

    Returns:
        (H, W) float32 coverage in [0, 1].
    """
    side = max(pixels.shape[:2])
    image = pixels.astype(np.float32)
    core = np.ones((3, 3), np.uint8)
    margin = max(1, round(0.002 * side))
    outside = cv2.erode((alpha <= 0.0).astype(np.uint8), core, iterations=margin).astype(np.float32)
    inside = cv2.erode((alpha >= 0.98).astype(np.uint8), core, iterations=margin).astype(np.float32)
    b, b_var = _spread(image, outside, round(0.03 * side))
    f, f_var = _spread(image, inside, round(0.012 * side))
    apart = ((f - b) ** 2).sum(-1)
    key = np.clip(((image - b) * (f - b)).sum(-1) / np.maximum(apart, 1.0), 0, 1)
    trust = apart / (apart + 6.0 * b_var + 1.0 * f_var + 500.0)
    trust = _smooth((trust - 0.35) / 0.45)
    near = cv2.blur(cv2.dilate((alpha < 0.05).astype(np.float32), core, iterations=max(2, round(0.008 * side))), (9, 9))
    soft = (alpha > 0) & (alpha < 1)
    mixed = alpha + (key - alpha) * trust * near * 0.9
    return np.where(soft, np.clip(mixed, 0, 1), alpha).astype(np.float32)


def _spread(image: F32, mask: F32, radius: int) -> tuple[F32, F32]:
    """Mean colour (H, W, 3) and variance (H, W) of the masked pixels about each place, at a quarter of the size."""
    h, w = mask.shape
    small = (max(1, w // 4), max(1, h // 4))
    weight = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(image * mask[..., None], small, interpolation=cv2.INTER_AREA)
    square = cv2.resize((image * image).sum(-1) * mask, small, interpolation=cv2.INTER_AREA)
    r = max(1, radius // 4)
    total = np.zeros(weight.shape, np.float32)
    mean, second = np.zeros(colour.shape, np.float32), np.zeros(weight.shape, np.float32)
    for share, reach in ((1.0, r), (1e-2, 3 * r), (1e-4, 12 * r)):  # the wider ring counts where the nearer is empty
        size = (2 * reach + 1, 2 * reach + 1)
        total += share * cv2.blur(weight, size)
        mean += share * cv2.blur(colour, size)
        second += share * cv2.blur(square, size)
    total = np.maximum(total, 1e-9)
    mean /= total[..., None]
    variance = np.maximum(second / total - (mean**2).sum(-1), 0)
    return (
        np.asarray(cv2.resize(mean, (w, h), interpolation=cv2.INTER_LINEAR), np.float32),
        np.asarray(cv2.resize(variance, (w, h), interpolation=cv2.INTER_LINEAR), np.float32),
    )


def _mean(weighted: F32, weight: F32, radius: int) -> F32:
    """Local mean of premultiplied (H, W, 3) values."""
    size = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.blur(weighted, size) / (cv2.blur(weight, size)[..., None] + 1e-5), np.float32)


def _smooth(t: F32) -> F32:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
