"""A product in a hand: which hand can hold it, where, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.algorithms.object_interaction.cutout import Cutout
from genkol.algorithms.object_interaction.hand import (
    FINGER_WIDTH,
    FINGERS,
    bends,
    curl,
    fingers_of,
    hangs,
    hull_of,
    palm_length,
    palm_shown,
    thumb_away,
)
from genkol.algorithms.object_interaction.scale import nearness
from genkol.artifacts import F32, F64, U8, Face, Hand, Person
from genkol.errors import Unsuitable

LEAST_SCORE = 0.8
MOST_OTHER = 0.12
"""Share of a hand and its near surroundings that may be a held or worn thing."""
MOST_HAIR = 0.1
LEAST_SKIN = 0.6
MOST_ON_FACE = 0.05
"""Share of the face that a hand, or what it holds, may be before."""
LEAST_SHOWN = 0.98
"""Share of a held product that must lie inside the picture."""
FIST_CURL, CARRY_CURL = (150.0, 260.0), (45.0, 160.0)
"""Degrees by which fingers bend in all from the palm to their tips, in the mean of four: about a thing; relaxed."""
LEAST_BEND = 100.0
"""Degrees by which each finger of a fist bends: one that points bends by 24 to 78."""
MOST_THUMB = 0.55
"""Lengths of the palm between the tip of the thumb and the fingers: 0.11 to 0.33 at rest, 0.71 and more in a sign."""
MOST_LEAN = 35.0
"""Degrees from upright up to which a hand's grip holds a thing that looks upright."""
MOST_GRASP_CM = 9.5
"""Width that a hand closes around."""
MOST_NECK_CM = 8.0
"""Width of the upper end by which fingers carry a thing."""


class _Unfit(Exception):
    """Why one hand cannot hold the product: the end of a sentence that begins with that hand."""


@dataclass(frozen=True, eq=False)
class Grip:
    """How a hand holds a product.

    Args:
        x: the point that is held, picture pixels.
        y: the same.
        along: where on the product that point lies, 0 its top, 1 its foot, on its middle line.
        lean: degrees by which the product leans, clockwise.
        height: of the product, pixels.
        front: (H, W) in [0, 1]: the fingers before it.
        reach: a finger's width, pixels.
    """

    x: float
    y: float
    along: float
    lean: float
    height: float
    front: F32
    reach: float


def find_grip(
    thing: Cutout, scale: float, height_cm: float, wanted: str, face: Face, person: Person, signs: bool = False
) -> Grip:
    """Return the grip of the best hand.

    Args:
        thing: the product.
        scale: pixels for one centimetre at the face.
        height_cm: of the product.
        wanted: "left", "right" (the person's own) or "auto".
        face: of the portrait.
        person: the same.
        signs: also take a fist that says something with its thumb.

    Raises:
        Unsuitable: no hand can; with the reason for each.
    """
    hands = [hand for hand in person.hands if wanted in ("auto", hand.side)]
    if not hands:
        which = "no hand" if wanted == "auto" else f"no {wanted} hand"
        raise Unsuitable(
            f"There is {which} in the picture. Set where='beside', or give a portrait with free hands.", hand=wanted
        )
    reasons = []
    for hand in sorted(hands, key=lambda hand: -hand.score):
        try:
            return _grip(thing, scale, height_cm, hand, face, person, signs)
        except _Unfit as reason:
            reasons.append(f"the {hand.side} hand {reason}")
    raise Unsuitable(
        f"No hand can hold the product: {'; '.join(reasons)}. "
        "Set where='beside', or give a portrait with an empty hand, curled as around a bottle or hanging down.",
        hand=wanted,
    )


def _grip(thing: Cutout, scale: float, height_cm: float, hand: Hand, face: Face, person: Person, signs: bool) -> Grip:
    _refuse_busy(hand, face, person)
    bent = curl(hand)
    if hangs(hand, person) and CARRY_CURL[0] <= bent <= CARRY_CURL[1]:
        grip = _carrying(thing, scale, height_cm, hand, person)
    elif FIST_CURL[0] <= bent <= FIST_CURL[1]:
        _refuse_sign(hand, signs)
        grip = _grasping(thing, scale, height_cm, hand, person)
    else:
        raise _Unfit(
            f"is not curled around anything (its fingers bend by {bent:.0f} degrees; {FIST_CURL[0]:.0f} to "
            f"{FIST_CURL[1]:.0f} hold, {CARRY_CURL[0]:.0f} to {CARRY_CURL[1]:.0f} carry where the arm hangs down)"
        )
    _refuse_place(grip, thing, face, person)
    return grip


def _refuse_busy(hand: Hand, face: Face, person: Person) -> None:
    """Refuse a hand that is unsure, hidden, full, in the hair or at the face."""
    if hand.score < LEAST_SCORE:
        raise _Unfit(f"is not seen well enough (score {hand.score:.2f}, at least {LEAST_SCORE})")
    shape = person.matte.shape
    inside = hull_of(hand, shape)
    if not inside.any():
        raise _Unfit("lies beyond the picture")
    palm = palm_length(hand)
    size = 2 * round(0.35 * palm) + 1
    around = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))

    def share(part: U8, where: U8) -> float:
        return float(part[where > 0].mean()) / 255

    other, hair = share(person.accessories, around), share(person.hair, around)
    skin = share(np.maximum(person.body_skin, person.face_skin), inside)
    if other > MOST_OTHER:
        raise _Unfit(
            f"already holds or wears something ({other:.0%} of it and its surroundings; at most {MOST_OTHER:.0%})"
        )
    if hair > MOST_HAIR:
        raise _Unfit(f"is in the hair ({hair:.0%}; at most {MOST_HAIR:.0%})")
    if skin < LEAST_SKIN:
        raise _Unfit(f"is partly hidden (only {skin:.0%} of it is skin, at least {LEAST_SKIN:.0%})")
    if (on_face := _on_face(inside, face)) > MOST_ON_FACE:
        raise _Unfit(f"is before the face ({on_face:.0%} of it; at most {MOST_ON_FACE:.0%})")


def _refuse_sign(hand: Hand, signs: bool) -> None:
    """Refuse a hand that points, or that says something with its thumb: a thumb down would say it of the product."""
    if (least := min(bends(hand))) < LEAST_BEND:
        raise _Unfit(f"stretches a finger (it bends by {least:.0f} degrees, at least {LEAST_BEND:.0f} around a thing)")
    if not signs and (away := thumb_away(hand)) > MOST_THUMB:
        raise _Unfit(
            f"gives a sign with its thumb ({away:.2f} palms from the fingers, at most {MOST_THUMB}), "
            "which only where='hand' ignores"
        )


def _grasping(thing: Cutout, scale: float, height_cm: float, hand: Hand, person: Person) -> Grip:
    """Return the grip of a curled hand: the thing runs through it from the small finger to the index."""
    if palm_shown(hand) < 0.5:
        raise _Unfit("turns its fingers away from the camera: what they close on is not to be seen")
    axis = hand.landmarks[5, :2].astype(np.float64) - hand.landmarks[17, :2]
    lean = float(np.degrees(np.arctan2(axis[0], -axis[1])))
    lean = (lean + 90) % 180 - 90  # a thing may stand either way up in a fist
    if abs(lean) > MOST_LEAN:
        raise _Unfit(f"would hold it leaning by {abs(lean):.0f} degrees (at most {MOST_LEAN:.0f})")
    width = height_cm * thing.width_at(0.35, 0.75)
    if width > MOST_GRASP_CM:
        raise _Unfit(f"cannot close around it ({width:.1f} cm wide in its middle, at most {MOST_GRASP_CM})")
    middle = hand.landmarks[[i for finger in FINGERS for i in finger[:3]], :2].mean(axis=0)
    size = scale * nearness(hand.landmarks, scale) * height_cm
    front = fingers_of(hand, person)
    return Grip(float(middle[0]), float(middle[1]), 0.56, lean, size, front, FINGER_WIDTH * palm_length(hand))


def _carrying(thing: Cutout, scale: float, height_cm: float, hand: Hand, person: Person) -> Grip:
    """Return the grip of a hanging hand: the fingers carry the thing by its upper end."""
    neck = height_cm * thing.width_at(0.0, 0.10)
    if neck > MOST_NECK_CM:
        raise _Unfit(f"cannot carry it by its upper end ({neck:.1f} cm wide, at most {MOST_NECK_CM})")
    tips = hand.landmarks[[i for finger in FINGERS for i in finger[1:]], :2].mean(axis=0)
    size = scale * nearness(hand.landmarks, scale) * height_cm
    sunk = min(0.3, 3.2 / height_cm)
    front = fingers_of(hand, person)
    return Grip(float(tips[0]), float(tips[1]), sunk, 0.0, size, front, FINGER_WIDTH * palm_length(hand))


def _refuse_place(grip: Grip, thing: Cutout, face: Face, person: Person) -> None:
    h, w = person.matte.shape
    cover = cv2.warpAffine(thing.alpha, matrix_of(grip, thing, 0.0), (w, h))
    whole = float(thing.alpha.sum()) * (grip.height / thing.alpha.shape[0]) ** 2
    shown = float(cover.sum()) / max(whole, 1.0)
    if shown < LEAST_SHOWN:
        raise _Unfit(f"would hold it beyond the picture ({shown:.0%} of it shown, at least {LEAST_SHOWN:.0%})")
    if (on_face := _on_face((cover > 0.5).astype(np.uint8), face)) > MOST_ON_FACE:
        raise _Unfit(f"would hold it before the face ({on_face:.0%} of it; at most {MOST_ON_FACE:.0%})")


def matrix_of(grip: Grip, thing: Cutout, tilt: float) -> F64:
    """Return the (2, 3) similarity from the product's pixels to the picture's."""
    h, w = thing.alpha.shape
    scale, angle = grip.height / h, np.radians(grip.lean + tilt)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    return np.column_stack([turn, np.array([grip.x, grip.y]) - turn @ np.array([w / 2, grip.along * h])])


def _on_face(cover: U8, face: Face) -> float:
    """Return the share of the face, about an ellipse in its box, that something covers."""
    left, top, right, bottom = (float(v) for v in face.box)
    oval = np.zeros(cover.shape, np.uint8)
    centre = (round((left + right) / 2), round((top + bottom) / 2))
    cv2.ellipse(oval, centre, (max(1, round((right - left) / 2)), max(1, round((bottom - top) / 2))), 0, 0, 360, 1, -1)
    return float((cover[oval > 0] > 0).sum()) / max(1.0, float(oval.sum()))
