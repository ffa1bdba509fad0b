"""Light on the new garment: the body's form and broad shading, no trace of the old print."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of
from genkol.vision.smooth import smoothed

BROAD = 0.11
"""Reach of the blur that leaves the body's shading and no print, as a share of the shoulders' distance."""
DARK = 35.0
"""Lightness (CIELAB) of the old clothes under which they tell less and less of the light."""
RANGE = (0.84, 1.06)
"""How far the old shading may darken or lighten."""


def body_light(pixels: U8, worn: F32, span: float, strength: float) -> F32:
    """Return (H, W) factors: the broad light and shade of the worn clothes against their mean."""
    light = lab_of(pixels)[..., 0]
    firm = cv2.erode((worn > 0.7).astype(np.float32), np.ones((5, 5), np.uint8))
    if firm.sum() < 500:
        return np.ones(worn.shape, np.float32)
    near, far = (smoothed(np.dstack([light * firm, firm]), sigma * span) for sigma in (BROAD, 0.45))
    local, wide = (
        (part[..., 0] + 1e-3 * far[..., 0]) / (part[..., 1] + 1e-3 * far[..., 1] + 1e-9) for part in (near, far)
    )
    ratio = (local + 12) / (wide + 12)
    ratio /= np.median(ratio[firm > 0])  # the light as a whole is that of the garment's photo
    told = np.clip(float(np.median(light[firm > 0])) / DARK, 0.3, 1)
    return np.asarray(np.clip(1 + strength * told * (ratio - 1), *RANGE), np.float32)


def roundness(across: F32, depth: float) -> F32:
    """Return factors that darken cloth towards the edges of a limb or the torso, -1 to 1 across."""
    u = np.clip(np.abs(across), 0, 1)
    return np.asarray(1 - depth * u**3.5, np.float32)


def contact(upper: F32, reach: float, drop: float) -> F32:
    """Return (H, W) in [0, 1]: the soft shadow that what lies above casts on what lies beneath."""
    moved = cv2.warpAffine(upper, np.array([[1, 0, 0], [0, 1, drop]], np.float32), upper.shape[::-1])
    return smoothed(moved, reach)
