"""Hair colours by name or as CSS hex."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from genkol.artifacts import F32
from genkol.errors import did_you_mean
from genkol.vision.colour import lab_of

COLOURS: Mapping[str, str] = {
    "black": "#1c1817",
    "blue-black": "#171b26",
    "dark-brown": "#3a2820",
    "brown": "#573a2a",
    "chestnut": "#6b3d27",
    "light-brown": "#7d5d3f",
    "auburn": "#742b1c",
    "burgundy": "#5f1427",
    "copper": "#b2592a",
    "red": "#972f1e",
    "strawberry-blond": "#be845e",
    "dark-blond": "#927152",
    "honey-blond": "#af8357",
    "blond": "#c29c75",
    "platinum": "#d4c4b2",
    "silver": "#b0aeae",
    "grey": "#878685",
    "white": "#dcdad6",
    "rose-gold": "#c98f80",
    "pink": "#d57a9d",
    "magenta": "#b5296f",
    "lavender": "#a18dbf",
    "purple": "#62387f",
    "blue": "#2c55a6",
    "teal": "#1f7e83",
    "mint": "#8cc0aa",
    "green": "#2f7a4b",
}
"""The middle of a head of such hair in even light, sRGB: neither its shine nor its shadows."""

_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_ALIAS = str.maketrans(" _", "--")


def hex_of(colour: str) -> str:
    """Return ``#rrggbb`` of a colour's name or of CSS hex with 3 or 6 digits.

    Raises:
        ValueError: it is neither; the message lists what there is.
    """
    name = colour.strip().lower().translate(_ALIAS).replace("blonde", "blond").replace("gray", "grey")
    if name in COLOURS:
        return COLOURS[name]
    digits = _HEX.fullmatch(name)
    if digits is None:
        raise ValueError(f"no hair colour named {colour!r}, nor is it CSS hex like #7a3b2e. {_known(name)}")
    found = digits[1].lower()
    return "#" + (found if len(found) == 6 else "".join(2 * c for c in found))


def lab_of_colour(colour: str) -> F32:
    """Return (3,) CIELAB of a colour's name or of CSS hex."""
    return np.asarray(lab_of(np.frombuffer(bytes.fromhex(hex_of(colour)[1:]), np.uint8)[None])[0], np.float32)


def _known(name: str) -> str:
    return did_you_mean(name, COLOURS)
