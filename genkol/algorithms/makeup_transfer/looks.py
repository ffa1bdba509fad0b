"""The named looks, as data: colours that a make-up artist would pick, for any skin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Lab = tuple[float, float, float]
NONE: Lab = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Look:
    """One look.

    Changes of colour are meant for a skin of L 65; on a darker skin their L shrinks with it.

    Args:
        title: one line for people.
        lips: CIELAB of the lips, or None to leave them.
        lips_opacity: 0 to 1; how far a sheer tint goes towards that colour.
        lid: change on the moving lid.
        crease: change between the lid and the brow bone.
        brow_bone: change under the brow (a highlight).
        under_eye: change along the lower lashes.
        liner: darkness of the upper lash line, 0 to 1.
        blush: change on the cheeks.
        highlight: change on the top of the cheekbones and the bridge of the nose.
        brows: 0 to 1; how much they are filled.
        skin: 0 to 1; how much blotches are evened, pores stay.
    """

    title: str
    lips: Lab | None = None
    lips_opacity: float = 0.8
    lid: Lab = NONE
    crease: Lab = NONE
    brow_bone: Lab = NONE
    under_eye: Lab = NONE
    liner: float = 0.0
    blush: Lab = NONE
    highlight: Lab = NONE
    brows: float = 0.3
    skin: float = 0.35


LOOKS: Mapping[str, Look] = {
    "natural": Look(
        "Even skin, a touch of rose on lips and cheeks, defined lashes.",
        lips=(52, 32, 16),
        lips_opacity=0.55,
        lid=(-5, 3, 3),
        crease=(-7, 3, 4),
        brow_bone=(2, 0, 0),
        liner=0.4,
        blush=(-1.5, 7, 2),
        highlight=(2.5, 0, 1),
        brows=0.35,
        skin=0.45,
    ),
    "red-lips": Look(
        "Classic red lips, a fine black line on the lids.",
        lips=(38, 58, 34),
        lips_opacity=0.95,
        lid=(-4, 2, 3),
        crease=(-8, 3, 4),
        brow_bone=(3, 0, 1),
        liner=0.85,
        blush=(-1, 6, 2),
        highlight=(2.5, 0, 1),
        brows=0.5,
        skin=0.5,
    ),
    "smoky": Look(
        "Charcoal lids blended out, dark lash lines, nude lips.",
        lips=(55, 22, 15),
        lips_opacity=0.6,
        lid=(-38, -5, -9),
        crease=(-22, -2, -4),
        brow_bone=(2, 0, 0),
        under_eye=(-20, -3, -5),
        liner=1.0,
        blush=(-2.5, 4, 3),
        highlight=(2.5, 0, 1),
        brows=0.6,
        skin=0.5,
    ),
    "glam": Look(
        "Golden lids with a deep crease, berry lips, sculpted cheeks.",
        lips=(40, 44, 10),
        lips_opacity=0.85,
        lid=(1, 5, 14),
        crease=(-22, 8, 7),
        brow_bone=(5, 0, 3),
        under_eye=(-11, 4, 4),
        liner=0.95,
        blush=(-3, 10, 1),
        highlight=(5, 0, 3),
        brows=0.65,
        skin=0.6,
    ),
    "rose": Look(
        "Rose lids, lips and cheeks.",
        lips=(50, 44, 7),
        lips_opacity=0.75,
        lid=(-8, 15, -4),
        crease=(-11, 11, -2),
        brow_bone=(3, 1, 0),
        under_eye=(-4, 8, -2),
        liner=0.5,
        blush=(-2, 13, -1),
        highlight=(3, 1, 0),
        brows=0.35,
        skin=0.45,
    ),
    "bronze": Look(
        "Warm bronze lids and cheeks, caramel lips.",
        lips=(46, 28, 26),
        lips_opacity=0.7,
        lid=(-12, 9, 17),
        crease=(-18, 8, 11),
        brow_bone=(4, 0, 3),
        under_eye=(-9, 6, 8),
        liner=0.6,
        blush=(-4.5, 6, 8),
        highlight=(4.5, 0, 4),
        brows=0.45,
        skin=0.5,
    ),
    "plum": Look(
        "Plum lids and wine lips.",
        lips=(33, 38, 2),
        lips_opacity=0.85,
        lid=(-18, 14, -12),
        crease=(-18, 10, -8),
        brow_bone=(3, 0, 0),
        under_eye=(-8, 8, -6),
        liner=0.8,
        blush=(-3, 9, -2),
        highlight=(3, 0, 1),
        brows=0.5,
        skin=0.5,
    ),
}
