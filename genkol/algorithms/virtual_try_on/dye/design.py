"""What is to be seen on the cloth: ground, pattern and print, each in the light that falls there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkol.algorithms.virtual_try_on.dye.drape import Drape
from genkol.algorithms.virtual_try_on.dye.patterns import PATTERNS, Weave, grain_of
from genkol.algorithms.virtual_try_on.dye.prints import Ink, ink_of, printed, tiled
from genkol.algorithms.virtual_try_on.dye.tone import Light, lit, lit_each
from genkol.artifacts import F32, Image
from genkol.errors import Unsuitable

LEAST_SHOWN = 0.8
"""Share of a print that must show."""
REPEAT = 0.24
"""Of a pattern at scale 1, in shoulder widths."""


@dataclass(frozen=True, eq=False)
class Design:
    """What is asked for.

    Args:
        colour: (3,) linear light of the ground; None keeps the cloth as it is.
        pattern: a name in `PATTERNS`, or None.
        pattern_colour: (3,) linear light.
        picture: a swatch or a logo, or None.
        tile: whether the picture is a fabric.
        scale: of pattern, fabric or print; 1 is the usual size.
    """

    colour: F32 | None
    pattern: str | None
    pattern_colour: F32
    picture: Image | None
    tile: bool
    scale: float

    @property
    def flat(self) -> bool:
        """Whether it is the same everywhere on the cloth."""
        return self.pattern is None and self.picture is None


def painted(
    design: Design, own: F32, light: Light, drape: Drape | None, weight: F32, chest: tuple[float, float], unit: float
) -> F32:
    """Return (h, w, 3) sRGB in 8-bit levels of the cloth with the design on it.

    Args:
        design: what is asked for.
        own: (h, w, 3) the cloth as it is.
        light: on it.
        drape: its coordinates; not needed for a flat design.
        weight: (h, w) coverage of the garment.
        chest: where a print's upper edge has its middle, on these.
        unit: pixels in a shoulder width.

    Raises:
        Unsuitable: a print is empty, or too little of it would show.
    """
    out = own if design.colour is None else lit(design.colour, light)
    if drape is None:
        return out
    if design.pattern is not None:
        repeat = np.float32(REPEAT * design.scale)
        u, v = drape.u / repeat, drape.v / repeat
        drawn = PATTERNS[design.pattern](Weave(u, v, grain_of(u, v)))
        out = out + drawn[..., None] * (lit(design.pattern_colour, light) - out)
    if design.picture is not None:
        out = _inked(out, _ink(design, design.picture, drape, weight, chest, unit), light)
    return np.asarray(out, np.float32)


def _ink(design: Design, picture: Image, drape: Drape, weight: F32, chest: tuple[float, float], unit: float) -> Ink:
    if design.tile:
        return tiled(picture, drape, design.scale, unit)
    ink = printed(ink_of(picture), drape, chest, design.scale, unit)
    shown = ink.cover * (1 - drape.before) * weight
    share = float(shown.sum() / max(float(ink.cover.sum()), 1.0))
    if share < LEAST_SHOWN:
        raise Unsuitable(
            f"Only {share:.0%} of the print would lie on the garment, at least {LEAST_SHOWN:.0%} is needed: an open "
            "jacket, hair or an arm is in the way. Use a smaller scale, use='fabric', or another picture.",
            value=round(share, 2),
            expected=LEAST_SHOWN,
        )
    return Ink(ink.levels, ink.cover * (1 - drape.before))


def _inked(ground: F32, ink: Ink, light: Light) -> F32:
    rows, columns = np.flatnonzero(ink.cover.max(axis=1) > 0), np.flatnonzero(ink.cover.max(axis=0) > 0)
    if not len(rows):
        return ground
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shown = lit_each(ink.levels[part], light.cut(part))
    out = ground.copy()
    out[part] += ink.cover[part][..., None] * (shown - out[part])
    return out
