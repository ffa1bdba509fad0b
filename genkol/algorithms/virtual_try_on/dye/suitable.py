"""What a picture must show before worn cloth can be dyed or printed on."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.dye.frame import Frame
from genkol.artifacts import U8, Person
from genkol.errors import Unsuitable
from genkol.vision.colour import lab_of
from genkol.vision.light import DARK

FACING = 0.45
"""Distance of the shoulders over the torso's length from which a chest is seen from the front."""
WAVERING = 1.0
"""Pixels that may be clothes over those that likely are, up to which clothes can be told in the dark."""
LEAST_FACE = 0.0015
"""Share of the face in the person."""
MONOCHROME = 0.05
"""Chroma over lightness of skin under which a picture is black and white."""
LEAST_CHROMA = 5.0
"""CIELAB; less looks grey."""


def require_light(pixels: U8, person: Person) -> None:
    """Refuse a picture that is too dark to tell the clothes from what is about them.

    Raises:
        Unsuitable: it is dark, and the map of the clothes wavers.
    """
    bright = float(np.percentile(cv2.cvtColor(np.ascontiguousarray(pixels[::4, ::4]), cv2.COLOR_RGB2GRAY), 99)) / 255
    likely = float(np.count_nonzero(person.clothes > 127)) + 1
    doubt = float(np.count_nonzero((person.clothes > 70) & (person.clothes < 185))) / likely
    if bright < DARK and doubt > WAVERING:
        raise Unsuitable(
            f"It is too dark to tell the clothes: the brightest hundredth reaches {bright:.0%} of white (a lit picture "
            f"has {DARK:.0%}), and for each pixel that is likely cloth {doubt:.1f} are in doubt, at most {WAVERING:g} "
            "may be. Use a lighter picture.",
            value=round(doubt, 2),
            expected=WAVERING,
        )


def require_head(person: Person) -> None:
    """Refuse a head without a face: a cap or a mask cannot be told from the clothes there.

    Raises:
        Unsuitable: no face shows, though the picture does not cut the head off.
    """
    face, whole = (int(np.count_nonzero(part > 127)) for part in (person.face_skin, person.matte))
    if face < LEAST_FACE * whole and not (person.matte[0] > 127).any():
        raise Unsuitable(
            f"The head shows no face: {face} pixels, at least {LEAST_FACE * whole:.0f} are needed to tell a cap or a "
            "mask from the clothes. Use a picture in which the face shows, or crop the head off.",
            port="portrait",
            value=face,
            expected=int(LEAST_FACE * whole),
        )


def require_hue(pixels: U8, person: Person, wanted: U8) -> None:
    """Refuse a hue in a black and white picture, where it would look painted on.

    Args:
        pixels: (H, W, 3) sRGB bytes.
        person: in it.
        wanted: (n, 3) sRGB bytes, the dyes.

    Raises:
        Unsuitable: the skin bears no hue, and a dye does.
    """
    skin = np.maximum(person.face_skin, person.body_skin)[::2, ::2] > 200
    if not len(wanted) or np.count_nonzero(skin) < 50:
        return
    lab = lab_of(pixels[::2, ::2][skin])
    borne = float(np.median(np.hypot(lab[:, 1], lab[:, 2])) / max(float(np.median(lab[:, 0])), 1.0))
    chroma = float(np.hypot(*lab_of(wanted)[:, 1:].T).max())
    if borne < MONOCHROME and chroma > LEAST_CHROMA:
        raise Unsuitable(
            f"The portrait is black and white (its skin has a chroma of {borne:.0%} of its lightness, at least "
            f"{MONOCHROME:.0%} is needed): cloth of chroma {chroma:.0f} would look painted on. Use a colour photo, or "
            "a grey, white or black.",
            port="portrait",
            value=round(borne, 3),
            expected=MONOCHROME,
        )


def require_chest(frame: Frame | None) -> None:
    """Refuse a print where the chest does not face the camera.

    Raises:
        Unsuitable: without a pose, from behind, or from the side.
    """
    if frame is None:
        raise Unsuitable(
            "No pose was found, so that there is no saying where the chest is. Use a picture that shows both "
            "shoulders and the waist, or use='fabric'."
        )
    if frame.facing < FACING:
        turned = "shows the back" if frame.facing < 0 else "is seen from the side"
        raise Unsuitable(
            f"The person {turned}: the shoulders span {frame.facing:.2f} of the torso's length, at least {FACING} is "
            "needed for a print on the chest. Use a picture from the front, or use='fabric'.",
            value=round(frame.facing, 2),
            expected=FACING,
        )
