"""Where a layer lies: from its own pixels to those of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, I16, U8, Layer
from genkol.errors import BadImage


def at(x: int, y: int) -> F64:
    """Return the placement of a layer whose top left pixel lies at (x, y) of the picture."""
    return np.array([[1, 0, x], [0, 1, y]], np.float64)


@dataclass(frozen=True)
class Placed:
    """A layer on the picture's own pixels, cut to the picture.

    Args:
        left: the picture's column of its first pixel.
        top: the picture's row of its first pixel.
        paint: (h, w, 3) in 1/64 level; float32 where it was resampled.
        opacity: (h, w) in 1/255; float32 where it was resampled.
    """

    left: int
    top: int
    paint: I16 | F32
    opacity: U8 | F32

    @property
    def right(self) -> int:
        return self.left + int(self.opacity.shape[1])

    @property
    def bottom(self) -> int:
        return self.top + int(self.opacity.shape[0])


def placed(layer: Layer, size: tuple[int, int]) -> Placed | None:
    """Return the layer on the pixels of a picture of that size, or None when it lies wholly outside."""
    if layer.offset is None:
        return _resampled(layer, size)
    x, y = layer.offset
    h, w = layer.opacity.shape
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, size[0]), min(y + h, size[1])
    if left >= right or top >= bottom:
        return None
    part = np.s_[top - y : bottom - y, left - x : right - x]
    return Placed(left, top, layer.paint[part], layer.opacity[part])


def _resampled(layer: Layer, size: tuple[int, int]) -> Placed | None:
    """Return a turned or scaled layer as it falls on the picture's pixels.

    Paint and opacity are both linear, so that resampling them is resampling the change. Bilinear, as a
    cubic draws a bright line along a hard edge; the texture beneath is not resampled and stays sharp.
    """
    turn, scale = layer.placement[:, :2], math.sqrt(abs(np.linalg.det(layer.placement[:, :2])))
    if scale < 1e-6:
        raise BadImage(f"A layer's placement must keep its area, not squeeze it to nothing: {turn.tolist()}.")
    paint, opacity, matrix = layer.paint.astype(np.float32), layer.opacity.astype(np.float32), layer.placement
    if scale < 1:
        paint, opacity, matrix = _shrunk(paint, opacity, matrix, scale)
    box = _bounds(matrix, opacity.shape, size)
    if box is None:
        return None
    left, top, width, height = box
    moved = matrix - np.array([[0, 0, left], [0, 0, top]])
    paint, opacity = (cv2.warpAffine(part, moved, (width, height), flags=cv2.INTER_LINEAR) for part in (paint, opacity))
    return Placed(left, top, paint, opacity)


def _shrunk(paint: F32, opacity: F32, placement: F64, scale: float) -> tuple[F32, F32, F64]:
    """Average a layer down to about its size in the picture; the placement follows, centres at whole numbers."""
    h, w = opacity.shape
    width, height = math.ceil(w * scale), math.ceil(h * scale)
    fx, fy = w / width, h / height
    grown = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]])
    small = [cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA) for part in (paint, opacity)]
    return small[0], small[1], placement @ grown


def _bounds(matrix: F64, shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return (left, top, width, height) of where the layer can reach: one pixel of it around."""
    h, w = shape
    corners = np.array([[x, y, 1] for x in (-1, w) for y in (-1, h)]) @ matrix.T
    low = np.maximum(np.floor(corners.min(axis=0)), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)) + 1, size)
    if (low >= high).any():
        return None
    left, top = (int(v) for v in low)
    right, bottom = (int(v) for v in high)
    return left, top, right - left, bottom - top


def support(layer: Layer, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a layer may change a picture of size (width, height): (height, width) bool."""
    mask = np.zeros((size[1], size[0]), np.bool_)
    patch = placed(layer, size)
    if patch is not None:
        mask[patch.top : patch.bottom, patch.left : patch.right] = touched(patch.paint, patch.opacity)
    return mask


def reach(layer: Layer, size: tuple[int, int]) -> tuple[tuple[int, int, int, int], int]:
    """Return the box (left, top, right, bottom) of `support`, all 0 when it is empty, and how many pixels it has."""
    patch = placed(layer, size)
    if patch is None:
        return (0, 0, 0, 0), 0
    mask = touched(patch.paint, patch.opacity)
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    left, top = patch.left + x, patch.top + y
    return ((left, top, left + width, top + height) if width else (0, 0, 0, 0)), int(mask.sum())


def touched(paint: I16 | F32, opacity: U8 | F32) -> NDArray[np.bool_]:
    """Return where paint or opacity is not 0: (h, w) bool."""
    touched: NDArray[np.bool_] = opacity != 0
    for channel in range(3):
        touched |= paint[..., channel] != 0
    return touched


def threefold(plane: F32) -> F32:
    """Return (h, w, 3) of (h, w): numpy's broadcasting over a last axis of 3 is several times slower."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)
