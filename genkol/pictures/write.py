"""The one door by which pictures go out: sRGB, no metadata, the same bytes for the same picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import U8, Image
from genkol.errors import TooLarge
from genkol.pictures.colour import over_white
from genkol.pictures.formats import JPEG, PNG, WEBP, Format, format_named

_OPTIONS: dict[Format, dict[str, Any]] = {
    PNG: {"compress_level": 3},
    JPEG: {"quality": 92, "subsampling": 0},
    WEBP: {"quality": 92, "method": 2},
}


def write_image(image: Image, format: Format | str = PNG) -> bytes:
    """Return the picture as a file.

    Args:
        image: PNG and WebP keep its alpha, JPEG lies over white.
        format: PNG (exact), JPEG (quality 92, no chroma subsampling), WebP (quality 92), or what
            `format_named` takes.

    Raises:
        NotAcceptable: an unknown format.
        TooLarge: a side is longer than the format can hold.
    """
    chosen = format if isinstance(format, Format) else format_named(format)
    if max(image.size) > chosen.max_side:
        raise TooLarge(
            f"{chosen.name} holds at most {chosen.max_side} pixels on a side, not {image.width} x {image.height}. "
            "Ask for png.",
            value=list(image.size),
            expected=chosen.max_side,
        )
    file = io.BytesIO()
    picture = Pillow.fromarray(_channels(image, chosen))
    picture.save(file, chosen.name.upper(), **_OPTIONS[chosen])
    return file.getvalue()


def _channels(image: Image, format: Format) -> U8:
    """Return (H, W, 3) or, with alpha, (H, W, 4)."""
    if image.alpha is None:
        return image.pixels
    if format is not JPEG:
        return np.dstack([image.pixels, image.alpha])
    return over_white(image.pixels, image.alpha)
