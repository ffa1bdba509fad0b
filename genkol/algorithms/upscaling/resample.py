"""Lanczos resampling without halos: no value leaves the range of its neighbours in the smaller picture.

The filter works on sRGB values, not on linear light. An enlargement averages hardly anything, so linear light has
little to gain; but its overshoots are the same on both sides of an edge in light, and therefore far wider on the dark
side to the eye: lashes, hair and print would get dark rims and grow bold.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import F32, U8

_BAND = 256  # rows worked on at once: floats for a band, bytes for the picture
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
_NEAR = np.ones((3, 3), np.uint8)


def enlarged(pixels: U8, size: tuple[int, int]) -> U8:
    """Return the (H, W, 3) picture or (H, W) map at (width, height) `size`: Lanczos with three lobes, as it is."""
    return np.asarray(Pillow.fromarray(pixels).resize(size, Pillow.Resampling.LANCZOS))


def crisp(pixels: U8, size: tuple[int, int], sharpen: float, on_band: Callable[[float], None]) -> U8:
    """Return the picture enlarged by Lanczos without halos.

    Sharpening is an unsharp mask of the lightness (radius 0.7 pixel of the smaller picture); then every value is
    held between the least and the greatest of the 3 x 3 nearest pixels of the smaller picture. What rings or is
    oversharpened thus ends at the tone beside the edge.

    Args:
        pixels: (H, W, 3).
        size: (width, height) that it shall have.
        sharpen: 0 leaves the filter's own sharpness, 1 adds the mask once.
        on_band: hears the fraction done after each band of rows; what it raises ends the work.
    """
    out = enlarged(pixels, size).copy()
    on_band(0.2)
    before = out.copy() if sharpen else out
    least, most = cv2.erode(pixels, _NEAR), cv2.dilate(pixels, _NEAR)
    sigma = 0.7 * size[0] / pixels.shape[1]
    for top in range(0, size[1], _BAND):
        bottom = min(top + _BAND, size[1])
        band = before[top:bottom].astype(np.float32)
        if sharpen:
            band += sharpen * _mask(before, top, bottom, sigma)
        np.rint(band, out=band)
        low, high = (_stretched(bound, size, top, bottom) for bound in (least, most))
        out[top:bottom] = np.clip(band, low, high)
        on_band(0.2 + 0.8 * bottom / size[1])
    return out


def _mask(pixels: U8, top: int, bottom: int, sigma: float) -> F32:
    """Return (rows, W, 1): how far the lightness of these rows lies above its surroundings, 8-bit levels."""
    reach = int(4 * sigma) + 1
    first, last = max(0, top - reach), min(len(pixels), bottom + reach)
    light = pixels[first:last] @ _LUMA
    over: F32 = light - cv2.GaussianBlur(light, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return over[top - first : len(over) - (last - bottom), :, None]


def _stretched(bound: U8, size: tuple[int, int], top: int, bottom: int) -> U8:
    """Return some rows of the (H, W, 3) bound, enlarged bilinearly to (width, height) `size`."""
    height, width = bound.shape[:2]
    box = (0, top * height / size[1], width, bottom * height / size[1])
    return np.asarray(Pillow.fromarray(bound).resize((size[0], bottom - top), Pillow.Resampling.BILINEAR, box))
