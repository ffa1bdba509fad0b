"""A product in the light of a portrait: its tone, its colour, its side, its sharpness and its grain."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Face
from genkol.vision.colour import lab_of, rgb_of
from genkol.vision.relight import Light, light_of, relit

_CHEEKS = (50, 280)  # of the mesh: the picture's left and right


@dataclass(frozen=True, eq=False)
class Look:
    """How a portrait looks, as far as a thing put into it must follow.

    Args:
        gain: (1, 1, 3) of the light, see `relight.Light`.
        darkest, lightest: CIELAB lightness between which it lies.
        chroma: of its most colourful twentieth, CIELAB.
        side: where the light comes from, -1 left to 1 right.
        grain: standard deviation of its noise, 8-bit levels.
    """

    gain: F32
    darkest: float
    lightest: float
    chroma: float
    side: float
    grain: float


def look_of(pixels: U8, face: Face) -> Look:
    """Return how the portrait (H, W, 3) looks."""
    light = light_of(pixels)
    lab = lab_of(np.ascontiguousarray(pixels[::4, ::4]))
    darkest, most, lightest = (float(v) for v in np.percentile(lab[..., 0], (0.5, 90, 99.5)))
    lightest = min(lightest, most + 30)  # a lamp in a dark room does not light it
    chroma = float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95))
    gain = light.gain.reshape(-1, 3).mean(axis=0).reshape(1, 1, 3)
    return Look(gain, darkest, lightest, chroma, _side(pixels, face), _grain(pixels))


def _side(pixels: U8, face: Face) -> float:
    """Return where the face is lit from, by its cheeks; 0 where it has no mesh or is turned away."""
    if len(face.mesh) != 468 or abs(face.yaw) > 25:
        return 0.0
    radius = max(2, round(0.08 * face.eye_distance))
    tones = []
    for point in _CHEEKS:
        x, y = (round(float(v)) for v in face.mesh[point, :2])
        patch = pixels[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
        if not patch.size:
            return 0.0
        tones.append(float(lab_of(np.ascontiguousarray(patch))[..., 0].mean()))
    return float(np.clip((tones[1] - tones[0]) / 20, -1, 1))


def _grain(pixels: U8) -> float:
    """Return the noise: the median of what a second difference leaves (after Immerkaer, CVIU 1996)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(grey, -1, kernel))[1:-1:2, 1:-1:2]
    return float(np.median(response) / 0.6745 / 6)


def matched(levels: F32, look: Look, amount: float) -> F32:
    """Return (h, w, 3) 8-bit levels of a product as the portrait's camera would have seen it.

    Args:
        levels: of the product, in its own light.
        look: of the portrait.
        amount: 0 leaves the product as it is; 1 is the whole estimate.
    """
    if amount <= 0:
        return levels
    lit = relit(levels, Light(look.gain, 0.0, look.side), amount)
    lab = lab_of(lit / np.float32(255))
    low, high = max(0.0, look.darkest - 2), max(look.darkest + 20, look.lightest + 2)
    squeezed = low + lab[..., 0] * (min(high, 100) - low) / 100
    lab[..., 0] += _at_least(amount, (75 - high) / 25) * (squeezed - lab[..., 0])
    lab[..., 1:] *= 1 - _at_least(amount, (8 - look.chroma) / 4) * (1 - min(1.0, look.chroma / 14))
    across = np.linspace(-1, 1, levels.shape[1], dtype=np.float32)
    lab[..., 0] *= 1 + 0.10 * amount * look.side * across
    out = rgb_of(lab) * 255
    out = cv2.GaussianBlur(out, (0, 0), 0.35 + 0.25 * amount)
    noise = np.random.default_rng(0).normal(0, min(3.0, look.grain), out.shape[:2]).astype(np.float32)
    return np.asarray(np.clip(out + amount * noise[..., None], 0, 255), np.float32)


def _at_least(amount: float, need: float) -> float:
    """Return the amount, raised to 1 as a need goes to 1: in the dark, or in black and white, half is not enough."""
    return amount + (1 - amount) * float(np.clip(need, 0, 1))
