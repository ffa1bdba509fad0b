"""Colours of a scene: reading them, and mixing them in OKLab."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from PIL import ImageColor

from genkol.artifacts import F32
from genkol.errors import did_you_mean
from genkol.vision.colour import linear_of

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")

# Björn Ottosson, "A perceptual color space for image processing" (2020).
_LMS_OF_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB_OF_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def hex_of(text: str) -> str:
    """Return ``#rrggbb`` of a CSS hex (three or six digits) or named colour.

    Raises:
        ValueError: it is neither; the text says what was expected.
    """
    word = text.strip().lower()
    if _HEX.fullmatch(word) or word in ImageColor.colormap:
        red, green, blue = ImageColor.getrgb(word)[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    hint = "" if word.startswith("#") else " " + did_you_mean(word, ImageColor.colormap)
    if len(hint) > 60:  # no close name: the whole list helps nobody
        hint = ""
    raise ValueError(f"{text!r} is no colour. Give CSS hex such as '#d8b4a0' or a CSS name such as 'salmon'.{hint}")


def linear_colour(text: str) -> F32:
    """Return (3,) float32 linear light of ``#rrggbb``."""
    rgb = np.array(ImageColor.getrgb(text)[:3], np.uint8)
    return linear_of(rgb)


def oklab_of(linear: F32) -> F32:
    """Return OKLab of (..., 3) linear light."""
    return np.asarray(np.cbrt(linear @ _LMS_OF_RGB.T) @ _OKLAB_OF_LMS.T, np.float32)


def linear_of_oklab(lab: F32) -> F32:
    """Return linear light, not below 0, of (..., 3) OKLab."""
    lms = (lab @ np.linalg.inv(_OKLAB_OF_LMS).T) ** 3
    return np.maximum(lms @ np.linalg.inv(_LMS_OF_RGB).T, 0.0).astype(np.float32)


def ramp(colours: Sequence[str], stops: Sequence[float], at: F32) -> F32:
    """Return (..., 3) linear light: the colours at their stops, smoothly between, mixed in OKLab.

    Args:
        colours: ``#rrggbb``, one for each stop.
        stops: rising positions.
        at: (...) positions; beyond the ends the end colours hold.
    """
    from scipy.interpolate import PchipInterpolator

    lab = oklab_of(np.stack([linear_colour(c) for c in colours]))
    if len(colours) == 1:
        return linear_of_oklab(np.broadcast_to(lab[0], (*at.shape, 3)))
    table_at = np.linspace(stops[0], stops[-1], 512)
    table = linear_of_oklab(PchipInterpolator(np.asarray(stops), lab)(table_at).astype(np.float32))
    index = (np.clip(at, stops[0], stops[-1]) - stops[0]) * (511 / (stops[-1] - stops[0]))
    low = np.minimum(index.astype(np.int32), 510)
    part = (index - low)[..., None].astype(np.float32)
    return np.asarray(table[low] * (1 - part) + table[low + 1] * part, np.float32)


def shifted(colour: str, lightness: float, hue: float = 0.0, chroma: float = 1.0) -> str:
    """Return ``#rrggbb`` of a colour with its OKLab lightness moved, its hue turned (degrees), its chroma scaled."""
    lab = oklab_of(linear_colour(colour))
    turn = np.deg2rad(hue)
    a, b = lab[1] * chroma, lab[2] * chroma
    moved = np.array(
        [
            np.clip(lab[0] + lightness, 0, 1),
            a * np.cos(turn) - b * np.sin(turn),
            a * np.sin(turn) + b * np.cos(turn),
        ],
        np.float32,
    )
    linear = np.clip(linear_of_oklab(moved), 0, 1)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (int(v) for v in np.rint(srgb * 255))
    return f"#{red:02x}{green:02x}{blue:02x}"
