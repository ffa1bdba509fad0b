"""What the first bytes of a file say: its type and its size, without any decoder.

Some decoders allocate the whole canvas when a file is opened (WebP does), so the size is read here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from genkol.errors import BadImage, UnsupportedImage
from genkol.pictures import jpeg

_TAKEN = "Send JPEG, PNG, WebP, GIF or BMP."

# First bytes of files that people do send, with what to tell them.
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"<", "SVG, XML or HTML"),
    (b"\xef\xbb\xbf<", "SVG, XML or HTML"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "a Photoshop document"),
    (b"%!PS", "PostScript"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


def kind_of(data: bytes, field: str) -> str:
    """Return Pillow's name of the format by its magic bytes; names and media types are not believed.

    Raises:
        UnsupportedImage: another format; the message says which, when it is a known one.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"BM"):
        return "BMP"
    raise _unsupported(data, field)


def size_of(data: bytes, kind: str, field: str) -> tuple[int, int]:
    """Return (width, height) as the header states them, before EXIF orientation.

    Raises:
        BadImage: the header is broken off or damaged.
    """
    try:
        return _SIZES[kind](data)
    except (struct.error, IndexError, ValueError) as error:
        raise BadImage(
            f"The picture in {field!r} has a damaged {kind} header ({error}). Send the whole file again.",
            field=field,
            value=f"{len(data)} bytes",
            expected=f"a whole {kind} file",
        ) from error


def _unsupported(data: bytes, field: str) -> UnsupportedImage:
    start = data[:64].lstrip()
    found = next((name for magic, name in _REFUSED if start.startswith(magic)), "no picture that GenKOL knows")
    hint = _TAKEN
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        found, hint = "HEIC or AVIF", "Send it as JPEG: phones do so when set to the most compatible format."
    return UnsupportedImage(
        f"The file in {field!r} is {found}. {hint}",
        field=field,
        value=found,
        expected=["image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"],
    )


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise ValueError("no IHDR chunk")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError(f"unknown chunk {chunk!r}")


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
    return abs(width), abs(height)


_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "JPEG": jpeg.size_of,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "BMP": _bmp,
}
