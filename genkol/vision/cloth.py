"""What an asked colour is on cloth, and how much light a picture gives it."""

from __future__ import annotations

import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of, linear_of

DARKEST, LIGHTEST = 11.0, 90.0
"""L* of black and of white cloth where it is plainly lit: nothing that is worn is darker or lighter."""
LOUD = 66.0
"""Chroma from which a dye gains less and less: cloth does not glow."""
LUMINANCE: F32 = np.array([0.2126, 0.7152, 0.0722], np.float32)


def cloth_lab(colour: tuple[int, int, int]) -> F32:
    """Return (3,) CIELAB of a plainly lit cloth that is dyed in a colour of sRGB bytes.

    L* is kept but near black and white, where it goes over smoothly to what cloth can have.
    """
    lab = lab_of(np.array([colour], np.uint8))[0]
    dark, light = 2 * DARKEST, 100 - 2 * (100 - LIGHTEST)
    if lab[0] < dark:
        lab[0] = DARKEST + DARKEST * (lab[0] / dark) ** 2
    elif lab[0] > light:
        lab[0] = LIGHTEST - (100 - LIGHTEST) * ((100 - lab[0]) / (100 - light)) ** 2
    chroma = float(np.hypot(lab[1], lab[2]))
    if chroma > LOUD:
        lab[1:] *= (LOUD + 0.6 * (chroma - LOUD)) / chroma
    return np.asarray(lab, np.float32)


def exposure_of(pixels: U8) -> float:
    """Return the factor on linear light by which a picture is darker than one that holds a white; 1 for most."""
    bright = float(np.percentile(linear_of(pixels[::6, ::6]) @ LUMINANCE, 99))
    return float(np.clip(bright / 0.6, 0.08, 1))
