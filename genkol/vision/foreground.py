"""The subject's own colour at soft edges, and its coverage, freed of the old background."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8

_NINE = np.ones((3, 3), np.uint8)


def separated(pixels: U8, alpha: F32, clean: float = 1.0) -> tuple[F32, F32]:
    """Free the subject's outline of the old background, in coverage and in colour.

    Args:
        pixels: (H, W, 3) sRGB bytes.
        alpha: (H, W) float32 coverage in [0, 1].
        clean: 0 takes the coverage as it is, 1 corrects it by colour where that can be trusted.

    Returns:
        The coverage, (H, W) float32 in [0, 1], exactly 0 and 1 where it was; and the subject's own colour,
        (H, W, 3) float32 in 8-bit levels, equal to `pixels` where the coverage is 1.
    """
    image = pixels.astype(np.float32)
    edge = max(1, round(0.002 * max(alpha.shape)))
    inside = cv2.erode((alpha >= 0.98).astype(np.float32), _NINE, iterations=edge)
    outside = cv2.erode((alpha <= 0).astype(np.float32), _NINE, iterations=edge)
    within, within_variance = spread(image, inside, 0.012)
    without, without_variance = spread(image, outside, 0.03)
    if clean > 0:
        key, trust = _keyed(image, within, without, within_variance + 6 * without_variance)
        alpha = _corrected(alpha, key, trust * clean)
    return alpha, _uncovered(image, alpha, within, without)


def _keyed(image: F32, subject: F32, backdrop: F32, variance: F32) -> tuple[F32, F32]:
    """Coverage by colour and how far to trust it, both (H, W).

    With the subject's colour F known from inside and the background's B from outside, the matting
    equation gives ``((I - B) . (F - B)) / |F - B|^2``; it says little where F and B are alike or uneven.
    """
    toward = subject - backdrop
    apart = np.einsum("hwc,hwc->hw", toward, toward)
    key = np.clip(np.einsum("hwc,hwc->hw", image - backdrop, toward) / np.maximum(apart, 1.0), 0, 1)
    return key.astype(np.float32), _smooth((apart / (apart + variance + 500.0) - 0.35) / 0.45)


def _corrected(alpha: F32, key: F32, trust: F32) -> F32:
    """Move the coverage toward the key where it is soft; the nearer to 0 or 1 it is, the less."""
    room = 4 * alpha * (1 - alpha) * np.minimum(alpha, 1 - alpha)
    step = np.clip((key - alpha) * trust, -room, room)
    return np.asarray(np.clip(alpha + step, 0, 1), np.float32)


def _uncovered(image: F32, alpha: F32, within: F32, without: F32) -> F32:
    """Estimate the subject's colour without the background that shines through.

    Blur fusion (M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021): a guess of both
    colours and the correction that makes the matting equation hold, first from the sure pixels around,
    then from the local means of that result. Where little of the subject is there to see, its colour
    nearby inside is the better guess.
    """
    a = _thrice(alpha)
    b = 1 - a
    share = a * a + b * b
    missing = (image - a * within - b * without) / share  # the least change of both that explains the pixel
    subject, backdrop = within + a * missing, without + b * missing
    radius = max(1, round(0.006 * max(alpha.shape)))
    near, behind = _mean(subject * a, alpha, radius), _mean(backdrop * b, 1 - alpha, radius)
    subject = np.clip(near + a * (image - a * near - b * behind) / share, 0, 255)
    subject += (0.6 * (1 - a * a)) * (within - subject)
    return np.where(a >= 1, image, subject).astype(np.float32)


def spread(image: F32, mask: F32, share: float) -> tuple[F32, F32]:
    """Mean colour (H, W, 3) and variance (H, W) of the masked pixels within a share of the side."""
    h, w = mask.shape
    small = (max(1, w // 4), max(1, h // 4))
    weight = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(image * _thrice(mask), small, interpolation=cv2.INTER_AREA)
    square = cv2.resize(np.einsum("hwc,hwc->hw", image, image) * mask, small, interpolation=cv2.INTER_AREA)
    r = max(1, round(share * max(h, w) / 4))
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
    return np.asarray(cv2.blur(weighted, size) / _thrice(cv2.blur(weight, size) + np.float32(1e-5)), np.float32)


def _thrice(plane: F32) -> F32:
    """(H, W) as (H, W, 3): numpy is several times slower where it repeats a plane for each colour itself."""
    return np.asarray(cv2.merge([plane] * 3), np.float32)


def _smooth(t: F32) -> F32:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
