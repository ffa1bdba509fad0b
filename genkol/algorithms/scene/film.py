"""From linear light to a picture: vignette, grain and dither, so that no gradient shows bands."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8
from genkol.vision.colour import srgb_of


def grid(width: int, height: int, longest: int) -> tuple[F32, F32]:
    """Return x and y (h, w) of a working canvas whose longest side is at most `longest`.

    Both are in units of the picture's height, 0 in its middle, y down: the picture spans y -0.5 to 0.5.
    """
    scale = min(1.0, longest / max(width, height))
    w, h = max(2, round(width * scale)), max(2, round(height * scale))
    xs = ((np.arange(w, dtype=np.float32) + 0.5) / w - 0.5) * (width / height)
    ys = (np.arange(h, dtype=np.float32) + 0.5) / h - 0.5
    x, y = np.meshgrid(xs, ys)
    return x.astype(np.float32), y.astype(np.float32)


def fractal(rng: np.random.Generator, side: int, slope: float, lowest: int = 1) -> F32:
    """Return (side, side) noise of mean 0 and deviation 1 that tiles.

    Args:
        rng: where the phases come from.
        side: pixels.
        slope: amplitude falls as frequency ** -slope; 1.5 to 2 looks like clouds.
        lowest: cycles per tile of the largest features.
    """
    fy, fx = np.fft.fftfreq(side, 1 / side), np.fft.rfftfreq(side, 1 / side)
    radius = np.hypot(fx[None, :], fy[:, None])
    amplitude = np.where(radius >= lowest, np.maximum(radius, 1.0) ** -slope, 0.0)
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * amplitude
    noise = np.fft.irfft2(spectrum, (side, side))
    return np.asarray((noise - noise.mean()) / noise.std(), np.float32)


def sample(tile: F32, x: NDArray[np.floating], y: NDArray[np.floating]) -> F32:
    """Return a tiling texture at (x, y), in tiles, bilinearly."""
    side = tile.shape[0]
    wrapped = np.pad(tile, ((0, 1), (0, 1)), mode="wrap")
    x, y = np.broadcast_arrays(x, y)
    u = np.mod(x, 1.0).astype(np.float32) * side
    v = np.mod(y, 1.0).astype(np.float32) * side
    return np.asarray(cv2.remap(wrapped, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def filmic(linear: F32) -> F32:
    """Return linear light in [0, 1): equal below 0.5, then a shoulder that never clips."""
    over = np.maximum(linear - 0.5, 0.0)
    return np.asarray(np.where(linear <= 0.5, linear, 0.5 + over / (1 + 2 * over)), np.float32)


def develop(
    linear: F32, width: int, height: int, rng: np.random.Generator, *, vignette: float = 0.0, grain: float = 0.0
) -> U8:
    """Return (height, width, 3) uint8 sRGB of a working canvas.

    Args:
        linear: (h, w, 3) linear light, of any size; what exceeds 1 is clipped.
        width: of the picture.
        height: of the picture.
        rng: for grain and dither.
        vignette: how much of the light is missing in the corners.
        grain: deviation of the film grain in 8-bit levels; triangular dither of one level is always added.
    """
    h, w = linear.shape[:2]
    if vignette > 0:
        y, x = np.ogrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        linear = linear * (1 - vignette * ((x * x + y * y) / 2) ** 1.5)[..., None].astype(np.float32)
    levels = srgb_of(linear) * np.float32(255)
    if (w, h) != (width, height):
        levels = np.asarray(cv2.resize(levels, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    levels += rng.random((height, width, 3), np.float32)
    levels -= rng.random((height, width, 3), np.float32)
    if grain > 0:
        noise = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 0.7)
        levels += (noise * np.float32(grain / 0.4))[..., None]
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
