"""A low sun over water: sky by elevation, forward-scattered glow, streaks of cloud, hills, and their reflection."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.algorithms.scene.film import filmic, fractal, grid, sample
from genkol.algorithms.scene.palette import linear_colour, ramp
from genkol.artifacts import F32

_STOPS = {1: (0.0,), 2: (0.0, 0.6), 3: (0.0, 0.22, 0.7), 4: (0.0, 0.16, 0.40, 0.85)}


def sunset(
    rng: np.random.Generator,
    width: int,
    height: int,
    colours: Sequence[str],
    horizon: float,
    light_x: float,
    amount: float,
) -> F32:
    """Return (h, w, 3) linear light, tone-mapped.

    Args:
        rng: for clouds, hills and waves.
        width: of the picture; the canvas is smaller.
        height: of the picture.
        colours: of the sky from the horizon up to the zenith.
        horizon: where the water begins, 0 top to 1 bottom.
        light_x: the sun, -1 left to 1 right.
        amount: how much cloud.
    """
    x, y = grid(width, height, 1024)
    line = horizon - 0.5
    row = int(np.searchsorted(y[:, 0], line))
    sun = (0.42 * light_x * width / height, 0.055)
    sky = _sky(rng, x[:row], line - y[:row], colours, sun, amount)
    sky = _hills(rng, sky, x[:row], line - y[:row], colours, sun)
    water = _water(rng, sky, x[row:], y[row:] - line, colours)
    return filmic(np.concatenate([sky, water]))


def _sky(
    rng: np.random.Generator, x: F32, up: F32, colours: Sequence[str], sun: tuple[float, float], amount: float
) -> F32:
    """The sky at (x, up), in picture heights from the horizon: gradient, glow, clouds, sun."""
    off = np.hypot((x - sun[0]) * 0.8, up - sun[1])
    base = ramp(colours, _STOPS[len(colours)], up + 0.10 * np.clip(np.abs(x - sun[0]) - 0.1, 0, 1))
    base *= (0.60 + 0.40 * np.exp(-off / 0.55))[..., None]
    warm, pale = linear_colour(colours[0]), np.array([1.0, 0.86, 0.62], np.float32)
    glow = 0.55 * np.exp(-off / 0.16)[..., None] * warm + 0.9 * np.exp(-off / 0.045)[..., None] * pale
    light = base + glow

    # A flat cloud deck seen in perspective: streaks close up toward the horizon.
    far = 1.0 / (up + 0.10)
    deck = fractal(rng, 512, 1.55, lowest=2)
    u, v = x * far * 0.10, far * 0.17
    thick = sample(deck, u, v) + 0.5 * sample(deck, u * 0.31 + 0.5, v * 0.31)
    toward = sample(deck, u + 0.012 * np.tanh((sun[0] - x) / 0.12), v + 0.012)
    cover = _smooth((thick - (1.5 - 2.0 * amount)) / 1.5) * _smooth(up / 0.12) * 0.85
    lit = np.clip(0.55 + 0.35 * (toward * -1.0), 0, 1) * np.exp(-off / 0.75)
    shade = base * np.array([0.62, 0.60, 0.70], np.float32)
    bright = (0.9 * warm + 0.25 * base + 0.15 * glow) * 1.25
    cloud = shade + (bright - shade) * lit[..., None]
    light = light + (cloud - light) * (cover * (0.35 + 0.65 * _smooth(off / 0.15)))[..., None]

    disc = np.clip((0.0235 - np.hypot(x - sun[0], up - sun[1])) / 0.003, 0, 1)
    return np.asarray(light + disc[..., None] * np.array([6.0, 4.6, 2.6], np.float32), np.float32)


def _hills(
    rng: np.random.Generator, sky: F32, x: F32, up: F32, colours: Sequence[str], sun: tuple[float, float]
) -> F32:
    """Lay three ridges on the horizon, the far ones pale with haze."""
    first = int(np.searchsorted(-up[:, 0], -0.25))  # no ridge is higher
    x, up = x[first:], up[first:]
    haze = ramp(colours, _STOPS[len(colours)], np.zeros(1, np.float32))[0]
    dark = np.array([0.020, 0.018, 0.030], np.float32) + 0.03 * linear_colour(colours[-1])
    out = sky[first:]
    for tall, base, clear in ((0.060, 0.020, 0.30), (0.045, 0.008, 0.58), (0.030, -0.004, 0.86)):
        line = fractal(rng, 512, 1.35, lowest=1)[0]
        span = np.interp(x[0] / 2.4 + 0.5 + rng.uniform(0, 0.2), np.linspace(0, 1.4, 512), line)
        ridge = np.minimum(base + tall * np.clip(0.55 + 0.45 * span, 0, None), 0.24)
        near_sun = np.exp(-np.abs(x - sun[0]) / 0.35)[..., None]
        lift = np.clip(up / np.maximum(ridge, 1e-3), 0, 1)[..., None]
        colour = haze * (1 - clear) * (0.45 + 0.45 * near_sun) * (1.15 - 0.35 * lift) + dark * clear
        cover = np.clip((ridge - up) / (1.5 / _pixels_per_height(x)) + 0.5, 0, 1)[..., None]
        out = out + (colour - out) * cover
    return np.concatenate([sky[:first], out.astype(np.float32)])


def _water(rng: np.random.Generator, sky: F32, x: F32, down: F32, colours: Sequence[str]) -> F32:
    """Mirror the sky in waves: each point reflects what its tilted surface faces."""
    rows, columns = down.shape
    if rows == 0:
        return np.zeros((0, columns, 3), np.float32)
    depth = 1.0 / (down + 0.012)
    waves = fractal(rng, 512, 1.0, lowest=4)
    calm = np.clip(down / 0.05, 0.15, 1.0)
    tilt = sample(waves, x * depth * 0.035, depth * 0.11) + 0.6 * sample(waves, x * depth * 0.013, depth * 0.041 + 0.4)
    scale = _pixels_per_height(x)
    lift = down * (1.0 + 0.35 * tilt * calm) + 0.030 * np.abs(tilt) * calm
    mx = np.broadcast_to(np.arange(columns, dtype=np.float32), (rows, columns)) + 0.010 * tilt * scale * calm
    my = (sky.shape[0] - 1 - lift * scale).astype(np.float32)
    smooth = cv2.GaussianBlur(sky, (0, 0), 1.2)
    mirrored = cv2.remap(smooth, mx.astype(np.float32), my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    fresnel = np.clip(0.82 - 0.75 * down, 0.30, 1.0)[..., None]
    deep = np.array([0.010, 0.016, 0.026], np.float32) + 0.06 * linear_colour(colours[-1])
    return np.asarray(mirrored * fresnel + deep * (1 - fresnel), np.float32)


def _pixels_per_height(x: F32) -> float:
    return float(1.0 / (x[0, 1] - x[0, 0]))


def _smooth(t: NDArray[np.floating]) -> F32:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
