"""The one door by which picture files come in: checked, decoded, upright, sRGB, bare of metadata.

JPEG, PNG, WebP, GIF and BMP are taken; of an animation or a multi-picture file, the first picture. TIFF, HEIC,
AVIF, SVG and documents are refused by name. Checks run in this order: byte size, magic bytes, the
dimensions in the header, then decoding.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import U8, Image
from genkol.errors import BadImage, TooLarge
from genkol.pictures import jpeg
from genkol.pictures.colour import over_white, plain, srgb
from genkol.pictures.exif import orientation_in, upright
from genkol.pictures.header import kind_of, size_of
from genkol.pictures.limits import Limits

# What Pillow's plugins raise on damaged files, besides OSError and its own.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
    UserWarning,  # where the process turns warnings into errors
)


def read_image(
    data: bytes,
    *,
    field: str = "image",
    limits: Limits | None = None,
    keep_alpha: bool = False,
    max_side: int | None = None,
) -> Image:
    """Return the picture in a file.

    Args:
        data: the whole file; its name and media type do not matter.
        field: the input's name, for the error.
        limits: the operator's, by default.
        keep_alpha: keep transparency (garments, products) rather than lay the picture over white.
        max_side: reduce a larger picture to this longest side; JPEG then decodes several times faster.

    Raises:
        BadImage: empty, broken off, damaged, too small or too narrow.
        UnsupportedImage: a format that is not taken.
        TooLarge: too many bytes or pixels.
    """
    limits = limits or Limits.current()
    limits.check_bytes(len(data), field)
    kind = kind_of(data, field)
    limits.check_size(*size_of(data, kind, field), field)
    with _translated(kind, field):
        exif, bare = (jpeg.exif_of(data), jpeg.without_metadata(data)) if kind == "JPEG" else (b"", data)
        with Pillow.open(io.BytesIO(bare), formats=(kind,)) as file:
            limits.check_size(*file.size, field)
            picture = _decoded(file, max_side)
            exif = exif or file.info.get("exif", b"")
            pixels, alpha = srgb(picture, file.info.get("icc_profile"))
    turn = orientation_in(exif)
    return _finished(upright(pixels, turn), None if alpha is None else upright(alpha, turn), keep_alpha)


def _decoded(file: Pillow.Image, max_side: int | None) -> Pillow.Image:
    """Return the picture in a plain mode, not over `max_side`."""
    target = _reduced(file.size, max_side)
    if target != file.size:
        file.draft(None, target)
    file.load()
    picture = plain(file)
    if picture.size == target:
        return picture
    cells = int(max(picture.size) / max(target) / 1.5)  # averaged by area first: Lanczos over all pixels is slow
    if cells > 1:
        picture = picture.reduce(cells)
    return picture.resize(target, Pillow.Resampling.LANCZOS)


def _reduced(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    share = min(1.0, (max_side or max(size)) / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _finished(pixels: U8, alpha: U8 | None, keep_alpha: bool) -> Image:
    """Let nothing that was hidden under transparency come through."""
    if alpha is None:
        return Image(pixels)
    if keep_alpha:
        return Image(np.where(alpha[..., None] == 0, np.uint8(255), pixels), alpha)
    return Image(over_white(pixels, alpha))


@contextmanager
def _translated(kind: str, field: str) -> Iterator[None]:
    """Turn what Pillow raises into errors that name the input."""
    try:
        yield
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise TooLarge(f"The picture in {field!r} unpacks to too many pixels: {error}", field=field) from error
    except _DAMAGE as error:
        raise BadImage(
            f"The picture in {field!r} is damaged or broken off ({kind}: {error}). Send the whole file again.",
            field=field,
            value=kind,
            expected=f"a whole {kind} file",
        ) from error
