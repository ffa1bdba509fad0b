"""What a garment cannot be put on, each refused with the measure that says so."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.body import KNEES, Body
from genkol.algorithms.virtual_try_on.drape import Drape
from genkol.algorithms.virtual_try_on.skinning import Fit, is_long
from genkol.artifacts import F32, U8, Person
from genkol.errors import Unsuitable
from genkol.vision.colour import lab_of

LEAST_BEND = 60.0
"""Degrees at the elbow that a long sleeve can follow without folding."""
MOST_SHORT = 0.1
"""How far above the hips a garment may end, against the torso."""
LEAST_LIGHT = 50.0
"""CIELAB lightness that a hundredth of the picture must reach; a garment's photo is well lit."""
LEAST_COLOUR = 2.0
"""CIELAB chroma that a twentieth of the picture must reach, to be no grey one."""
LEAST_DROP, SEEN = 0.3, 0.8
"""How far below the hips a knee must lie, against the torso, and how visible both must be to say so."""
MOST_CROSSED = 0.05
"""Share of the chest before which a bare forearm may be drawn that the old sleeves hide."""
MOST_BESIDE = 0.2
"""Share of the garment that may come to lie beside the body that is seen."""


def check_picture(pixels: U8) -> None:
    """Refuse a picture whose light or colour no garment's photo has."""
    lab = lab_of(np.asarray(cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8))
    bright = float(np.percentile(lab[..., 0], 99))
    if bright < LEAST_LIGHT:
        raise Unsuitable(
            f"The picture is too dark for a garment that was photographed in the light: its brightest parts have a "
            f"lightness of {bright:.0f}, at least {LEAST_LIGHT:.0f} was expected. Lighten the picture first.",
            port="portrait",
            value=round(bright, 1),
            expected=LEAST_LIGHT,
        )
    colourful = float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95))
    if colourful < LEAST_COLOUR:
        raise Unsuitable(
            f"The picture is grey (a chroma of {colourful:.1f}, at least {LEAST_COLOUR:.0f} was expected); a coloured "
            "garment in it would be no photograph. Use a picture in colour.",
            port="portrait",
            value=round(colourful, 2),
            expected=LEAST_COLOUR,
        )


def check_seat(person: Person, body: Body) -> None:
    """Refuse one who sits with the thighs towards the camera: they cover what a top would hang down to."""
    knees = person.pose[list(KNEES)]
    drop = float((knees[:, 1].max() - body.hips) / max(body.hips - body.shoulders, 1.0))
    if knees[:, 3].min() > SEEN and drop < LEAST_DROP:
        raise Unsuitable(
            f"The person sits with the thighs towards the camera: the knees lie {drop:.2f} of the torso below the "
            f"hips, at least {LEAST_DROP} was expected. Use a picture of a person who stands.",
            value=round(drop, 2),
            expected=LEAST_DROP,
        )


def check_sleeves(sized: Fit) -> None:
    """Refuse long sleeves on folded arms."""
    bend = min(arm.bend for arm in sized.body.arms)
    if is_long(sized) and bend < LEAST_BEND:
        raise Unsuitable(
            f"An elbow is bent to {bend:.0f} degrees; a long sleeve follows at least {LEAST_BEND:.0f}. Use a garment "
            "with short sleeves, or a picture with the arms down.",
            value=round(bend),
            expected=LEAST_BEND,
        )


def check_length(sized: Fit) -> None:
    """Refuse a garment that ends so high that it would lay bare what is not known."""
    body, marks = sized.body, sized.marks
    short = (body.hips - sized.hem) / (body.hips - body.shoulders)
    if short > MOST_SHORT:
        length = (marks.hem - float(marks.bases[:, 1].mean())) / (2 * marks.half_width)
        raise Unsuitable(
            f"The garment would end {short:.0%} of the torso above the hips (at most {MOST_SHORT:.0%}), and what lies "
            f"beneath the old clothes there is not known: its trunk is {length:.2f} times as long as wide. Use a "
            "longer garment, or a photo in which the sleeves do not lie against the trunk.",
            port="garment",
            value=round(short, 3),
            expected=MOST_SHORT,
        )


def check_drape(drape: Drape, person: Person) -> None:
    """Refuse a garment that would hang beside the body that is seen."""
    worn = drape.alpha > 0.5
    reach = 2 * max(2, round(0.006 * max(worn.shape))) + 1
    body = cv2.dilate((person.matte > 127).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    beside = float((worn & ~body).sum()) / max(float(worn.sum()), 1.0)
    if beside > MOST_BESIDE:
        raise Unsuitable(
            f"{beside:.0%} of the garment would hang beside the body, at most {MOST_BESIDE:.0%} was expected: the pose "
            "and the outline of the person do not agree. Use a picture from the front in which nothing hides the body "
            "and the clothes stand out from the ground.",
            value=round(beside, 3),
            expected=MOST_BESIDE,
        )


def check_arms(drape: Drape, drawn: F32) -> None:
    """Refuse arms across the chest whose old sleeves a short-sleeved garment would take away.

    Args:
        drape: the garment.
        drawn: (H, W) in [0, 1], forearms that the old clothes hide.
    """
    chest = drape.torso > 0.5
    crossed = float((drawn * chest).sum()) / max(float(chest.sum()), 1.0)
    if crossed > MOST_CROSSED:
        raise Unsuitable(
            f"Arms in sleeves lie across {crossed:.0%} of the chest, at most {MOST_CROSSED:.0%} was expected; a "
            "garment with short sleeves would lay them bare, and how they look is not known. Use a garment with long "
            "sleeves, or a picture with the arms at the sides.",
            value=round(crossed, 3),
            expected=MOST_CROSSED,
        )
