"""How an algorithm makes a layer out of pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, PAINT_UNIT, U8, Layer
from genkol.compose.placing import at, threefold, touched
from genkol.errors import BadImage


def cover(pixels: U8 | F32, opacity: U8 | F32 | float, placement: F64 | None = None, title: str = "") -> Layer:
    """Make a layer that lies over what is beneath, as paint does.

    Args:
        pixels: (h, w, 3) sRGB in 8-bit levels, not premultiplied.
        opacity: (h, w) uint8, or floats in [0, 1], or one number for all; 1 hides what is beneath.
        placement: from the pixels of this layer to those of the picture; `at(0, 0)` by default.
        title: what a designer reads in the layer list.
    """
    veil = _coverage(opacity, pixels.shape[:2], "opacity")
    paint = np.asarray(pixels, np.float32) * threefold(veil.astype(np.float32) / np.float32(255))
    return _layer(paint, veil, placement, title)


def change(
    before: U8 | F32,
    after: U8 | F32,
    weight: U8 | F32 | float | None = None,
    placement: F64 | None = None,
    title: str = "",
) -> Layer:
    """Make a layer of opacity 0: the difference of two pictures, added to whatever lies beneath.

    Over `before` itself, with weight 1, it gives `after` exactly.

    Args:
        before: (h, w, 3) sRGB in 8-bit levels.
        after: the same, changed.
        weight: (h, w) uint8, or floats in [0, 1], or one number; how much of the change is meant.
        placement: from the pixels of this layer to those of the picture; `at(0, 0)` by default.
        title: what a designer reads in the layer list.
    """
    if before.shape != after.shape:
        raise BadImage(f"A change is between pictures of one size, not {before.shape} and {after.shape}.")
    paint = np.subtract(after, before, dtype=np.float32)
    if weight is not None:
        paint *= threefold(_fraction(weight, paint.shape[:2], "weight"))
    return _layer(paint, np.zeros(paint.shape[:2], np.uint8), placement, title)


def affine(paint: F32, opacity: U8 | F32 | float, placement: F64 | None = None, title: str = "") -> Layer:
    """Make a layer of given paint and opacity: ``below * (1 - opacity) + paint``.

    Args:
        paint: (h, w, 3) float32 in 8-bit levels, signed, premultiplied; beyond +-511 it is clipped.
        opacity: (h, w) uint8, or floats in [0, 1], or one number for all.
        placement: from the pixels of this layer to those of the picture; `at(0, 0)` by default.
        title: what a designer reads in the layer list.
    """
    return _layer(np.asarray(paint, np.float32), _coverage(opacity, paint.shape[:2], "opacity"), placement, title)


def _layer(paint: F32, opacity: U8, placement: F64 | None, title: str) -> Layer:
    """Round paint to units and cut the layer to its support; an empty one is a single clear pixel."""
    if paint.ndim != 3 or paint.shape[2] != 3 or paint.shape[:2] != opacity.shape or 0 in paint.shape:
        raise BadImage(f"A layer's paint is (h, w, 3), not {paint.shape} with opacity {opacity.shape}.")
    if not np.isfinite(paint).all():
        raise BadImage("A layer's paint must be finite: it holds NaN or infinity.")
    scaled = np.rint(paint * np.float32(PAINT_UNIT))
    units = np.clip(scaled, -32767, 32767, out=scaled).astype(np.int16)
    x, y, w, h = cv2.boundingRect(touched(units, opacity).view(np.uint8))
    w, h = max(w, 1), max(h, 1)
    matrix = at(0, 0) if placement is None else np.array(placement, np.float64)
    matrix[:, 2] += matrix[:, :2] @ (x, y)
    part = np.s_[y : y + h, x : x + w]
    return Layer(units[part], opacity[part], matrix, title)


def _coverage(value: U8 | F32 | float, shape: tuple[int, ...], name: str) -> U8:
    """Return (h, w) uint8 of bytes, floats in [0, 1] or one number."""
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        return _sized(value, shape, name)
    levels: F32 = np.rint(_fraction(value, shape, name) * np.float32(255))
    return levels.astype(np.uint8)


def _fraction(value: U8 | F32 | float, shape: tuple[int, ...], name: str) -> F32:
    """Return (h, w) float32 in [0, 1] of bytes, floats in [0, 1] or one number."""
    if isinstance(value, np.ndarray):
        share = np.divide(value, 255, dtype=np.float32) if value.dtype == np.uint8 else value.astype(np.float32)
    else:
        share = np.full(shape, value, np.float32)
    low, high = float(share.min(initial=1)), float(share.max(initial=0))
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # NaN fails too
        raise BadImage(f"A layer's {name} lies in [0, 1], not in [{low:g}, {high:g}].")
    clipped: F32 = np.clip(_sized(share, shape, name), 0, 1)
    return clipped


def _sized(array: NDArray[Any], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    if array.shape != tuple(shape):
        raise BadImage(f"A layer's {name} is {tuple(shape)} like its pixels, not {array.shape}.")
    return array
