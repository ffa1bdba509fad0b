"""A portrait and its layers, summed up exactly.

Every layer is an affine change of what lies beneath, ``below * (1 - opacity) + paint`` (see `Layer`).

The sum is kept in int32 in grains of 1/4096 level and becomes bytes once, at the end. Each layer's own
terms are rounded to whole grains before they are added, so that:

- pixels outside the union of the layers' supports are those of the portrait, byte for byte;
- layers of opacity 0 commute exactly, as whole numbers add up to the same sum in any order;
- layers that do not overlap commute exactly;
- the same layers in the same order give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, I16, PAINT_UNIT, U8, Image, Layer
from genkol.compose.placing import Placed, placed, threefold
from genkol.errors import BadParams

GRAIN = 4096
"""Parts of one 8-bit level in which `compose` adds up: a thousand layers fit an int32."""

_BAND = 64  # rows worked on at once, so that a band stays in the processor's cache

I32 = NDArray[np.int32]


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
    patches = [(placed(layer, portrait.size), s) for layer, s in zip(layers, shares, strict=True) if s > 0]
    laid = [(patch, s) for patch, s in patches if patch is not None]
    pixels = portrait.pixels.copy()
    if laid:
        top, bottom = min(p.top for p, _ in laid), max(p.bottom for p, _ in laid)
        left, right = min(p.left for p, _ in laid), max(p.right for p, _ in laid)
        for y in range(top, bottom, _BAND):
            band = pixels[y : min(y + _BAND, bottom), left:right]
            _stack(band, y, left, laid)
    return Image(pixels, portrait.alpha)


def _stack(band: U8, y: int, x: int, laid: Sequence[tuple[Placed, float]]) -> None:
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
        hidden = threefold(opacity.astype(np.float32) / np.float32(255) * np.float32(strength))
        hidden *= total
        total -= np.rint(hidden, out=hidden).astype(np.int32)
    scale = GRAIN // PAINT_UNIT
    if strength == 1 and paint.dtype == np.int16:
        total += np.multiply(paint, scale, dtype=np.int32)
    else:
        scaled: F32 = np.multiply(paint, np.float32(scale * strength), dtype=np.float32)
        total += np.rint(scaled, out=scaled).astype(np.int32)


def _checked(strengths: Sequence[float] | None, count: int) -> tuple[float, ...]:
    if strengths is None:
        return (1.0,) * count
    if len(strengths) != count:
        raise BadParams(f"{count} layers need {count} strengths, not {len(strengths)}.", field="strengths")
    for strength in strengths:
        if not 0 <= strength <= 1:
            raise BadParams(f"A layer's strength lies in [0, 1], not at {strength!r}.", field="strengths")
    return tuple(float(strength) for strength in strengths)
