"""Picture files of every awkward kind, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms


def gradient(h: int = 96, w: int = 128) -> np.ndarray:
    """(h, w, 3) uint8, smooth, so that JPEG keeps it; each corner has its own colour."""
    y, x = np.linspace(0, 1, h)[:, None], np.linspace(0, 1, w)[None, :]
    channels = (40 + 180 * x + 0 * y, 220 - 160 * y + 0 * x, 60 + 120 * x * y)
    return np.dstack(channels).round().astype(np.uint8)


def saved(pixels: np.ndarray | Pillow.Image, format: str = "PNG", **options: Any) -> bytes:
    picture = pixels if isinstance(pixels, Pillow.Image) else Pillow.fromarray(pixels)
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def oriented(orientation: int, format: str = "JPEG", order: str = "<") -> bytes:
    """The gradient, stored turned, with the EXIF orientation that turns it back."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow.Transpose values that undo each orientation
    picture = Pillow.fromarray(gradient())
    if orientation in back:
        picture = picture.transpose(Pillow.Transpose(back[orientation]))
    magic = b"II*\0" if order == "<" else b"MM\0*"
    block = magic + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    options: dict[str, Any] = {"quality": 95} if format != "PNG" else {}
    return saved(picture, format, exif=b"Exif\0\0" + block, **options)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int, *more: bytes) -> bytes:
    """A PNG that states a size, with other chunks, and has hardly any pixels."""
    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + b"".join(more) + pixels + chunk(b"IEND", b"")


def jpeg_header(width: int, height: int) -> bytes:
    """A whole JPEG whose frame header was changed to state another size."""
    data = bytearray(saved(gradient(), "JPEG"))
    place = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, place + 5, height, width)
    return bytes(data)


def webp_header(width: int, height: int) -> bytes:
    """An extended WebP that states a canvas and has no picture in it."""
    body = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    payload = b"WEBPVP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(payload)) + payload


def gif_header(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0"


def bmp_header(width: int, height: int) -> bytes:
    return b"BM" + b"\0" * 8 + struct.pack("<IIii", 54, 40, width, height) + b"\x01\0\x18\0" + b"\0" * 24


def swapped_profile() -> bytes:
    """An RGB profile whose red primary is sRGB's blue and the other way round, under another name."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = data.replace(b"\0s\0R\0G\0B", b"\0B\0G\0R\0s")
    return data.replace(b"rXYZ", b"tmp ").replace(b"bXYZ", b"rXYZ").replace(b"tmp ", b"bXYZ")
