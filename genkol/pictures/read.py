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
from genkol.pictures.colour import plain, srgb
from genkol.pictures.header import kind_of, size_of
from genkol.pictures.limits import Limits

_ORIENTATION = 0x0112  # EXIF 2.3, 4.6.4
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}

# A progressive file of a camera or a program has about ten scans; each costs a pass over all pixels.
_MAX_JPEG_SCANS = 100

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
        _check_scans(data, kind)
        with Pillow.open(io.BytesIO(data), formats=(kind,)) as file:
            limits.check_size(*file.size, field)
            picture, profile, turn = _decoded(file, max_side)
        pixels, alpha = srgb(picture, profile)
    return _finished(pixels, alpha, turn, keep_alpha)


def _decoded(file: Pillow.Image, max_side: int | None) -> tuple[Pillow.Image, bytes | None, int]:
    """Return the picture in a plain mode, not over `max_side`, its ICC profile, and its EXIF orientation."""
    target = _reduced(file.size, max_side)
    if target != file.size:
        file.draft(None, target)
    file.load()
    picture = plain(file)
    if picture.size != target:
        picture = picture.resize(target, Pillow.Resampling.LANCZOS, reducing_gap=3.0)
    return picture, file.info.get("icc_profile"), _orientation(file)


def _reduced(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    share = min(1.0, (max_side or max(size)) / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _orientation(file: Pillow.Image) -> int:
    try:
        return int(file.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:
        return 1  # a picture with damaged EXIF is still a picture


def _finished(pixels: U8, alpha: U8 | None, turn: int, keep_alpha: bool) -> Image:
    """Turn upright, and let nothing that was hidden under transparency come through."""
    pixels = _upright(pixels, turn)
    if alpha is None:
        return Image(pixels)
    alpha = _upright(alpha, turn)
    if keep_alpha:
        return Image(np.where(alpha[..., None] == 0, np.uint8(255), pixels), alpha)
    share = alpha[..., None].astype(np.float32) / 255
    return Image(np.rint(pixels * share + (1 - share) * 255).astype(np.uint8))


def _upright(array: U8, turn: int) -> U8:
    return np.asarray(Pillow.fromarray(array).transpose(_TURNS[turn])) if turn in _TURNS else array


def _check_scans(data: bytes, kind: str) -> None:
    if kind == "JPEG" and (scans := data.count(b"\xff\xda")) > _MAX_JPEG_SCANS:
        raise ValueError(f"{scans} scans, at most {_MAX_JPEG_SCANS} are taken")


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
