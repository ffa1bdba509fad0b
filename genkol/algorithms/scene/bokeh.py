"""A city at night behind a fast lens: every light a disc."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from genkol.algorithms.scene.film import filmic, grid
from genkol.algorithms.scene.palette import linear_colour, shifted
from genkol.artifacts import F32

_EDGE = 0.045  # softness of a disc's rim, in radii


def bokeh(
    rng: np.random.Generator, width: int, height: int, colours: Sequence[str], horizon: float, amount: float
) -> F32:
    """Return (h, w, 3) linear light, tone-mapped.

    Args:
        rng: where the lights are, how bright and how far.
        width: of the picture; the canvas is smaller.
        height: of the picture.
        colours: of the lights.
        horizon: the street's vanishing line, 0 top to 1 bottom; its lights are mirrored faintly below.
        amount: how many lights.
    """
    x, y = grid(width, height, 1024)
    canvas = _dusk(x, y, horizon - 0.5, shifted(colours[-1], -0.2, 0.0, 0.5))
    lights = _lights(rng, width / height, horizon - 0.5, colours, amount)
    for place, radius, power, colour in lights:
        _add_disc(canvas, place, radius, colour * power, width / height)
    _wet_street(canvas, round(horizon * len(canvas)))
    glow = cv2.GaussianBlur(cv2.resize(canvas, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA), (0, 0), 9)
    canvas += 0.22 * cv2.resize(glow, canvas.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return filmic(canvas)


def _dusk(x: F32, y: F32, horizon: float, tint: str) -> F32:
    """The unlit city: a little sky light above, warm haze at the horizon, a darker street."""
    haze = np.exp(-(((y - horizon) / 0.22) ** 2))[..., None]
    sky = np.exp(-np.maximum(horizon - y, 0) / 0.6)[..., None]
    street = 1 / (1 + np.exp((horizon - y) / 0.03))[..., None]
    cool = linear_colour("#10151f") * 0.9 + linear_colour(tint) * 0.05
    warm = linear_colour("#3a2a22")
    base = cool * (1.1 - 0.35 * sky) + warm * haze * 0.55
    return np.asarray(base * (1 - 0.25 * street), np.float32)


def _lights(
    rng: np.random.Generator, aspect: float, horizon: float, colours: Sequence[str], amount: float
) -> list[tuple[tuple[float, float], float, float, F32]]:
    """Place, radius (heights), power and colour of every light: windows and lamps in rows, traffic near the horizon."""
    found = []
    palette = [linear_colour(c) for c in colours]
    odds = np.array([0.42, 0.28, 0.16, 0.14][: len(palette)])
    odds /= odds.sum()
    for _ in range(int(24 + 110 * amount)):  # far lights: near one size, gathered about the horizon
        px = rng.uniform(-0.56, 0.56) * aspect
        py = horizon - abs(rng.gamma(1.6, 0.11)) + 0.02
        found.append(((px, py), rng.uniform(0.022, 0.040), 0.10 + rng.pareto(2.2) * 0.22))
    for _ in range(int(5 + 16 * amount)):  # nearer ones: larger and fainter
        px, py = rng.uniform(-0.55, 0.55) * aspect, rng.uniform(-0.52, horizon + 0.1)
        found.append(((px, py), rng.uniform(0.055, 0.095), 0.05 + rng.pareto(3.0) * 0.08))
    lights = []
    for place, radius, power in found:
        colour = palette[int(rng.choice(len(palette), p=odds))] * rng.uniform(0.85, 1.15, 3).astype(np.float32)
        lights.append((place, float(radius), float(min(power, 1.6)), colour.astype(np.float32)))
    return lights


def _wet_street(canvas: F32, row: int) -> None:
    """Add the lights' reflection below a row: mirrored, drawn out downward, fading toward the camera."""
    h, w = canvas.shape[:2]
    below = h - row
    if below < 8 or row < 8:
        return
    mirrored = canvas[max(0, row - below) : row][::-1]
    small = cv2.resize(mirrored, (w // 4, max(2, len(mirrored) // 4)), interpolation=cv2.INTER_AREA)
    smeared = cv2.GaussianBlur(small, (0, 0), 0.006 * h, sigmaY=0.03 * h, borderType=cv2.BORDER_REFLECT)
    smeared = cv2.resize(smeared, (w, len(mirrored)), interpolation=cv2.INTER_LINEAR)
    fade = np.linspace(0.55, 0.12, len(mirrored), dtype=np.float32) * np.clip(
        np.arange(len(mirrored)) / (0.02 * h), 0, 1
    )
    canvas[row : row + len(mirrored)] += smeared * fade.astype(np.float32)[:, None, None]


def _add_disc(canvas: F32, place: tuple[float, float], radius: float, light: F32, aspect: float) -> None:
    """Add one light: a disc with a slightly brighter rim, cut by the lens barrel toward the corners (cat's eye)."""
    h, w = canvas.shape[:2]
    cx, cy, r = (place[0] + aspect / 2) * h, (place[1] + 0.5) * h, radius * h
    left, right = max(0, int(cx - r - 2)), min(w, int(cx + r + 3))
    top, bottom = max(0, int(cy - r - 2)), min(h, int(cy + r + 3))
    if left >= right or top >= bottom:
        return
    y, x = np.ogrid[top:bottom, left:right]
    inner = np.hypot(x + 0.5 - cx, y + 0.5 - cy) / r
    field = min(1.0, float(np.hypot(place[0], place[1])) / 0.75)
    shift = 0.62 * field**2
    norm = max(float(np.hypot(place[0], place[1])), 1e-6)
    ox, oy = cx - place[0] / norm * shift * r, cy - place[1] / norm * shift * r
    barrel = np.hypot(x + 0.5 - ox, y + 0.5 - oy) / (r * 1.08)
    soft = max(_EDGE, 1.0 / r)
    cover = np.clip((1 - inner) / soft, 0, 1) * np.clip((1.0 - barrel) / soft + 0.5, 0, 1)
    rim = 0.82 + 0.30 * np.clip(inner, 0, 1) ** 6
    canvas[top:bottom, left:right] += (cover * rim).astype(np.float32)[..., None] * light
