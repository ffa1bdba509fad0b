"""The one thing that GenKOL takes from EXIF: which way is up."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import U8

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


def orientation_in(exif: bytes) -> int:
    """Return the orientation, 1 to 8, of an EXIF block (a small TIFF file); 1 when it states none or nonsense."""
    block = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (place,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, place)
        for entry in range(place + 2, place + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", block, entry)
            if tag == _ORIENTATION:
                return value if value in _TURNS else 1
    except struct.error:
        pass  # a picture with damaged EXIF is still a picture
    return 1


def upright(array: U8, orientation: int) -> U8:
    """Return (H, W) or (H, W, 3) pixels turned as the orientation asks."""
    if orientation not in _TURNS:
        return array
    return np.asarray(Pillow.fromarray(array).transpose(_TURNS[orientation]))
