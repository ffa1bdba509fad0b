"""A portrait and its layers make a picture.

Every layer is an affine change of what lies beneath, ``below * (1 - opacity) + paint`` (see `Layer`).
`cover`, `change` and `affine` make layers, `compose` stacks them.

The sum is kept in int32 in grains of 1/4096 level and becomes bytes once, at the end. Each layer's own
terms are rounded to whole grains before they are added, so that:

- pixels outside the union of the layers' supports are those of the portrait, byte for byte;
- layers of opacity 0 commute exactly, as whole numbers add up to the same sum in any order;
- layers that do not overlap commute exactly;
- the same layers in the same order give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, I16, PAINT_UNIT, U8, Image, Layer
from genkol.errors import BadImage, BadParams

GRAIN = 4096
"""Parts of one 8-bit level in which `compose` adds up: a thousand layers fit an int32."""

_BAND = 64  # rows worked on at once, so that a band stays in the processor's cache

I32 = NDArray[np.int32]


def at(x: int, y: int) -> F64:
    """Return the placement of a layer whose top left pixel lies at (x, y) of the picture."""
    return np.array([[1, 0, x], [0, 1, y]], np.float64)


def cover(pixels: U8 | F32, opacity: U8 | F32 | float, placement: F64 | None = None, title: str = "") -> Layer:
    """Make a layer that lies over what is beneath, as paint does.

    Args:
        pixels: (h, w, 3) sRGB in 8-bit levels, not premultiplied.
        opacity: (h, w) uint8, or floats in [0, 1], or one number for all; 1 hides what is beneath.
        placement: from the pixels of this layer to those of the picture; `at(0, 0)` by default.
        title: what a designer reads in the layer list.
    """
    veil = _coverage(opacity, pixels.shape[:2], "opacity")
    paint = np.asarray(pixels, np.float32) * _threefold(veil.astype(np.float32) / np.float32(255))
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
        paint *= _threefold(_fraction(weight, paint.shape[:2], "weight"))
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


def compose(portrait: Image, layers: Sequence[Layer], strengths: Sequence[float] | None = None) -> Image:
    """Stack the layers on the portrait, the first one lowest.

    A layer on whole pixels is laid down as it is, one placed by a similarity is resampled within its
    bounds (bilinear, averaged by area where shrunk); what lies beyond the picture is cut off.

    Args:
        portrait: the picture beneath; its alpha is kept.
        layers: in their canonical order, which the plan knows.
        strengths: one number in [0, 1] for each layer; 0 leaves it out, 1 (for all, by default) is the
            layer as painted. Paint and opacity are scaled alike.

    Raises:
        BadParams: the strengths do not match the layers or lie outside [0, 1].
        BadImage: a placement squeezes its layer to nothing.
    """
    shares = _checked(strengths, len(layers))
    patches = [(_patch(layer, portrait.size), s) for layer, s in zip(layers, shares, strict=True) if s > 0]
    laid = [(patch, s) for patch, s in patches if patch is not None]
    pixels = portrait.pixels.copy()
    if laid:
        top, bottom = min(p.top for p, _ in laid), max(p.bottom for p, _ in laid)
        left, right = min(p.left for p, _ in laid), max(p.right for p, _ in laid)
        for y in range(top, bottom, _BAND):
            band = pixels[y : min(y + _BAND, bottom), left:right]
            _stack(band, y, left, laid)
    return Image(pixels, portrait.alpha)


def support(layer: Layer, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a layer may change a picture of size (width, height): (height, width) bool."""
    mask = np.zeros((size[1], size[0]), np.bool_)
    patch = _patch(layer, size)
    if patch is not None:
        mask[patch.top : patch.bottom, patch.left : patch.right] = _touched(patch.paint, patch.opacity)
    return mask


@dataclass(frozen=True)
class _Patch:
    """A layer on the picture's own pixels: paint in 1/64 level and opacity in 1/255, cut to the picture."""

    left: int
    top: int
    paint: I16 | F32  # (h, w, 3)
    opacity: U8 | F32  # (h, w)

    @property
    def right(self) -> int:
        return self.left + int(self.opacity.shape[1])

    @property
    def bottom(self) -> int:
        return self.top + int(self.opacity.shape[0])


def _stack(band: U8, y: int, x: int, laid: Sequence[tuple[_Patch, float]]) -> None:
    """Lay the patches over some rows of the picture, in place; the band's corner lies at (x, y)."""
    total = np.multiply(band, GRAIN, dtype=np.int32)
    for patch, strength in laid:
        top, bottom = max(patch.top, y), min(patch.bottom, y + band.shape[0])
        if top < bottom:
            rows = slice(top - patch.top, bottom - patch.top)
            part = total[top - y : bottom - y, patch.left - x : patch.right - x]
            _lay(part, patch.paint[rows], patch.opacity[rows], strength)
    total += GRAIN // 2
    total >>= GRAIN.bit_length() - 1
    band[...] = np.clip(total, 0, 255, out=total)


def _lay(total: I32, paint: I16 | F32, opacity: U8 | F32, strength: float) -> None:
    """Apply one layer in place: what is hidden is taken away, then the paint is added."""
    if opacity.any():
        hidden = _threefold(opacity.astype(np.float32) / np.float32(255) * np.float32(strength))
        hidden *= total
        total -= np.rint(hidden, out=hidden).astype(np.int32)
    scale = GRAIN // PAINT_UNIT
    if strength == 1 and paint.dtype == np.int16:
        total += np.multiply(paint, scale, dtype=np.int32)
    else:
        scaled: F32 = np.multiply(paint, np.float32(scale * strength), dtype=np.float32)
        total += np.rint(scaled, out=scaled).astype(np.int32)


def _patch(layer: Layer, size: tuple[int, int]) -> _Patch | None:
    """Return the layer on the pixels of a picture of that size, or None when it lies wholly outside."""
    if layer.offset is None:
        return _resampled(layer, size)
    x, y = layer.offset
    h, w = layer.opacity.shape
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, size[0]), min(y + h, size[1])
    if left >= right or top >= bottom:
        return None
    part = np.s_[top - y : bottom - y, left - x : right - x]
    return _Patch(left, top, layer.paint[part], layer.opacity[part])


def _resampled(layer: Layer, size: tuple[int, int]) -> _Patch | None:
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
    return _Patch(left, top, paint, opacity)


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


def _layer(paint: F32, opacity: U8, placement: F64 | None, title: str) -> Layer:
    """Round paint to units and cut the layer to its support; an empty one is a single clear pixel."""
    if paint.ndim != 3 or paint.shape[2] != 3 or paint.shape[:2] != opacity.shape or 0 in paint.shape:
        raise BadImage(f"A layer's paint is (h, w, 3), not {paint.shape} with opacity {opacity.shape}.")
    if not np.isfinite(paint).all():
        raise BadImage("A layer's paint must be finite: it holds NaN or infinity.")
    scaled = np.rint(paint * np.float32(PAINT_UNIT))
    units = np.clip(scaled, -32767, 32767, out=scaled).astype(np.int16)
    x, y, w, h = cv2.boundingRect(_touched(units, opacity).view(np.uint8))
    w, h = max(w, 1), max(h, 1)
    matrix = at(0, 0) if placement is None else np.array(placement, np.float64)
    matrix[:, 2] += matrix[:, :2] @ (x, y)
    part = np.s_[y : y + h, x : x + w]
    return Layer(units[part], opacity[part], matrix, title)


def _touched(paint: I16 | F32, opacity: U8 | F32) -> NDArray[np.bool_]:
    """Return where paint or opacity is not 0: (h, w) bool."""
    touched: NDArray[np.bool_] = opacity != 0
    for channel in range(3):
        touched |= paint[..., channel] != 0
    return touched


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


def _threefold(plane: F32) -> F32:
    """Return (h, w, 3) of (h, w): numpy's broadcasting over a last axis of 3 is several times slower."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)


def _checked(strengths: Sequence[float] | None, count: int) -> tuple[float, ...]:
    if strengths is None:
        return (1.0,) * count
    if len(strengths) != count:
        raise BadParams(f"{count} layers need {count} strengths, not {len(strengths)}.", field="strengths")
    for strength in strengths:
        if not 0 <= strength <= 1:
            raise BadParams(f"A layer's strength lies in [0, 1], not at {strength!r}.", field="strengths")
    return tuple(float(strength) for strength in strengths)
