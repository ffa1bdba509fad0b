"""The segments in front of a JPEG's pixels: its size, its EXIF block, and the file without metadata."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# SOF0 to SOF15 without the Huffman tables (C4), the reserved one (C8) and the arithmetic tables (CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a length
_APP1, _APP13, _COMMENT, _END, _SCAN = 0xE1, 0xED, 0xFE, 0xD9, 0xDA

# A progressive file of a camera or a program has about ten scans; each costs a pass over all pixels.
_MAX_SCANS = 100


def size_of(data: bytes) -> tuple[int, int]:
    """Return (width, height) of the first frame, before EXIF orientation.

    Raises:
        ValueError, IndexError, struct.error: the segments are damaged or broken off.
    """
    for marker, start, _ in _segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 5)
            return width, height
    raise ValueError("no frame before the scan")


def exif_of(data: bytes) -> bytes:
    """Return the EXIF block, without its name, or nothing."""
    for marker, start, end in _segments(data):
        if marker == _APP1 and data[start + 4 : start + 10] == b"Exif\0\0":
            return data[start + 10 : end]
    return b""


def without_metadata(data: bytes) -> bytes:
    """Return the file without EXIF, XMP, IPTC, further pictures' index and comments; colour stays described.

    Raises:
        ValueError: it has so many scans that it can only be meant to keep a decoder busy.
    """
    if (scans := data.count(b"\xff\xda")) > _MAX_SCANS:
        raise ValueError(f"{scans} scans, at most {_MAX_SCANS} are taken")
    kept, tail = [data[:2]], len(data)
    for marker, start, end in _segments(data):
        if marker == _SCAN:
            tail = start
        elif not _is_metadata(marker, data[start + 4 : start + 8]):
            kept.append(data[start:end])
    return b"".join([*kept, data[tail:]])


def _is_metadata(marker: int, name: bytes) -> bool:
    return marker in (_APP1, _APP13, _COMMENT) or name == b"MPF\0"


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) of each segment up to the first scan."""
    place = 2
    while True:
        if data[place] != 0xFF:
            if data[place] != 0:  # some cameras pad with zeros
                raise ValueError(f"no marker at byte {place}")
            place += 1
            continue
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in _BARE:
            place += 2
        else:
            end = place + 2 + struct.unpack_from(">H", data, place + 2)[0]
            if marker == _END or end > len(data) or end < place + 4:
                raise ValueError(f"a segment breaks off at byte {place}")
            yield marker, place, end
            if marker == _SCAN:
                return
            place = end
