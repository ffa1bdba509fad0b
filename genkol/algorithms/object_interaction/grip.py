"""A product in a hand: which hand can hold it, where, and which of its fingers lie in front."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.algorithms.object_interaction.cutout import Cutout
from genkol.algorithms.object_interaction.match import Look, matched
from genkol.algorithms.object_interaction.scale import nearness
from genkol.algorithms.object_interaction.stack import Stack
from genkol.algorithms.object_interaction.stand import sized
from genkol.algorithms.object_interaction.surface import SHADE
from genkol.artifacts import F32, F64, Face, Hand, Person

FINGERS = ((5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
THUMB = (2, 3, 4)
FINGER_WIDTH = 0.27
"""Width of a finger over the distance from the wrist to the middle knuckle."""

LEAST_SCORE = 0.8
MOST_OTHER = 0.08
"""Share of a hand and its near surroundings that may be a held or worn thing."""
MOST_HAIR = 0.1
LEAST_SKIN = 0.6
LEAST_SHOWN = 0.85
"""Share of a held product that must lie inside the picture."""
FIST_CURL, CARRY_CURL = (150.0, 260.0), (45.0, 160.0)
"""Degrees by which fingers bend in all from the palm to their tips, in the mean of four: about a thing; relaxed."""
MOST_LEAN = 35.0
"""Degrees from upright up to which a hand's grip holds a thing that looks upright."""
MOST_GRASP_CM = 9.5
"""Width that a hand closes around."""
MOST_NECK_CM = 8.0
"""Width of the upper end by which fingers carry a thing."""
_ELBOWS, _WRISTS = {"left": 13, "right": 14}, {"left": 15, "right": 16}


class NoGrip(Exception):
    """No hand can hold the product; the text says why, hand by hand."""


@dataclass(frozen=True, eq=False)
class Grip:
    """How a hand holds a product.

    Args:
        x, y: the point that is held, picture pixels.
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


def find_grip(thing: Cutout, scale: float, height_cm: float, wanted: str, face: Face, person: Person) -> Grip:
    """Return the grip of the best hand.

    Args:
        thing: the product.
        scale: pixels for one centimetre at the face.
        height_cm: of the product.
        wanted: "left", "right" (the person's own) or "auto".
        face, person: of the portrait.

    Raises:
        NoGrip: with the reason for each hand.
    """
    hands = [hand for hand in person.hands if wanted in ("auto", hand.side)]
    if not hands:
        which = "no hand" if wanted == "auto" else f"no {wanted} hand"
        raise NoGrip(f"There is {which} in the picture. Set where='beside', or give a portrait with free hands.")
    reasons = []
    for hand in sorted(hands, key=lambda hand: -hand.score):
        try:
            return _grip(thing, scale, height_cm, hand, face, person)
        except NoGrip as reason:
            reasons.append(f"the {hand.side} hand {reason}")
    raise NoGrip(
        f"No hand can hold the product: {'; '.join(reasons)}. "
        "Set where='beside', or give a portrait with an empty hand, curled as around a bottle or hanging down."
    )


def curl(hand: Hand) -> float:
    """Return the degrees by which the fingers bend from the palm to their tips, the mean of four; 0 is flat."""
    points = hand.landmarks.astype(np.float64)
    bends = []
    for finger in FINGERS:
        bones = np.diff(points[[0, *finger]], axis=0)
        bones /= np.maximum(np.linalg.norm(bones, axis=1, keepdims=True), 1e-6)
        cosines = np.clip((bones[:-1] * bones[1:]).sum(axis=1), -1, 1)
        bends.append(np.degrees(np.arccos(cosines)).sum())
    return float(np.mean(bends))


def palm_shown(hand: Hand) -> float:
    """Return how far the palm faces the camera: 1 wholly, -1 where its back does, 0 from the side."""
    points = hand.landmarks.astype(np.float64)
    normal = np.cross(points[5] - points[0], points[17] - points[0])
    facing = float(normal[2] / max(float(np.linalg.norm(normal)), 1e-6))
    return facing if hand.side == "left" else -facing


def _grip(thing: Cutout, scale: float, height_cm: float, hand: Hand, face: Face, person: Person) -> Grip:
    _refuse_busy(hand, face, person)
    bent = curl(hand)
    if _hangs(hand, person) and CARRY_CURL[0] <= bent <= CARRY_CURL[1]:
        grip = _carrying(thing, scale, height_cm, hand, person)
    elif FIST_CURL[0] <= bent <= FIST_CURL[1]:
        grip = _grasping(thing, scale, height_cm, hand, person)
    else:
        raise NoGrip(
            f"is not curled around anything (its fingers bend by {bent:.0f} degrees; "
            f"{FIST_CURL[0]:.0f} to {FIST_CURL[1]:.0f} hold, {CARRY_CURL[0]:.0f} to {CARRY_CURL[1]:.0f} carry where the "
            "arm hangs down)"
        )
    _refuse_place(grip, thing, face, person)
    return grip


def _refuse_busy(hand: Hand, face: Face, person: Person) -> None:
    """Refuse a hand that is unsure, hidden, full, in the hair or at the face."""
    if hand.score < LEAST_SCORE:
        raise NoGrip(f"is not seen well enough (score {hand.score:.2f}, at least {LEAST_SCORE})")
    shape = person.matte.shape
    inside = _hull(hand, shape)
    if not inside.any():
        raise NoGrip("lies beyond the picture")
    palm = _palm(hand)
    size = 2 * round(0.35 * palm) + 1
    around = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))

    def share(part: F32, where: F32) -> float:
        return float(part[where > 0].mean()) / 255

    other, hair = share(person.accessories, around), share(person.hair, around)
    skin = share(np.maximum(person.body_skin, person.face_skin), inside)
    if other > MOST_OTHER:
        raise NoGrip(f"already holds or wears something ({other:.0%} of it and its surroundings; at most {MOST_OTHER:.0%})")
    if hair > MOST_HAIR:
        raise NoGrip(f"is in the hair ({hair:.0%}; at most {MOST_HAIR:.0%})")
    if skin < LEAST_SKIN:
        raise NoGrip(f"is partly hidden (only {skin:.0%} of it is skin, at least {LEAST_SKIN:.0%})")
    if _on_face(around, face) > 0.03:
        raise NoGrip("touches the face")


def _grasping(thing: Cutout, scale: float, height_cm: float, hand: Hand, person: Person) -> Grip:
    """Return the grip of a curled hand: the thing runs through it from the small finger to the index."""
    if palm_shown(hand) < 0.5:
        raise NoGrip("turns its fingers away from the camera: what they close on is not to be seen")
    axis = hand.landmarks[5, :2].astype(np.float64) - hand.landmarks[17, :2]
    lean = float(np.degrees(np.arctan2(axis[0], -axis[1])))
    lean = (lean + 90) % 180 - 90  # a thing may stand either way up in a fist
    if abs(lean) > MOST_LEAN:
        raise NoGrip(f"would hold it leaning by {abs(lean):.0f} degrees (at most {MOST_LEAN:.0f})")
    width = height_cm * thing.width_at(0.35, 0.75)
    if width > MOST_GRASP_CM:
        raise NoGrip(f"cannot close around it ({width:.1f} cm wide in its middle, at most {MOST_GRASP_CM})")
    middle = hand.landmarks[[i for finger in FINGERS for i in finger[:3]], :2].mean(axis=0)
    size = scale * nearness(hand.landmarks, scale) * height_cm
    front = _fingers(hand, person, (*FINGERS, THUMB))
    return Grip(float(middle[0]), float(middle[1]), 0.56, lean, size, front, FINGER_WIDTH * _palm(hand))


def _carrying(thing: Cutout, scale: float, height_cm: float, hand: Hand, person: Person) -> Grip:
    """Return the grip of a hanging hand: the fingers carry the thing by its upper end."""
    neck = height_cm * thing.width_at(0.0, 0.10)
    if neck > MOST_NECK_CM:
        raise NoGrip(f"cannot carry it by its upper end ({neck:.1f} cm wide, at most {MOST_NECK_CM})")
    tips = hand.landmarks[[i for finger in FINGERS for i in finger[1:]], :2].mean(axis=0)
    size = scale * nearness(hand.landmarks, scale) * height_cm
    sunk = min(0.3, 3.2 / height_cm)
    front = _fingers(hand, person, (*FINGERS, THUMB))
    return Grip(float(tips[0]), float(tips[1]), sunk, 0.0, size, front, FINGER_WIDTH * _palm(hand))


def _hangs(hand: Hand, person: Person) -> bool:
    """Say whether the forearm hangs down, the fingers too, and whether they hang free."""
    if len(person.pose) == 0:
        return False
    elbow, wrist = person.pose[_ELBOWS[hand.side], :2], person.pose[_WRISTS[hand.side], :2]
    fore, fingers = wrist - elbow, hand.landmarks[9, :2] - hand.landmarks[0, :2]

    def down(way: F32, most: float) -> bool:
        return bool(np.degrees(np.arctan2(abs(float(way[0])), float(way[1]))) < most)

    return down(fore, 32) and down(fingers, 45)


def _refuse_place(grip: Grip, thing: Cutout, face: Face, person: Person) -> None:
    h, w = person.matte.shape
    cover = cv2.warpAffine(thing.alpha, _matrix(grip, thing, 0.0), (w, h))
    whole = float(thing.alpha.sum()) * (grip.height / thing.alpha.shape[0]) ** 2
    shown = float(cover.sum()) / max(whole, 1.0)
    if shown < LEAST_SHOWN:
        raise NoGrip(f"would hold it beyond the picture ({shown:.0%} of it shown, at least {LEAST_SHOWN:.0%})")
    if _on_face((cover > 0.5).astype(np.uint8), face) > 0.1:
        raise NoGrip("would hold it before the face")


def held(
    stack: Stack, thing: Cutout, grip: Grip, look: Look, person: Person, tilt: float, harmonise: float, shadow: float
) -> None:
    """Lay a held product on the stack: its shade on the body, itself, and the shade of the fingers on it.

    Args:
        stack: of the picture's size.
        thing: the product.
        grip: how it is held.
        look: of the portrait.
        person: in it.
        tilt: degrees more, clockwise.
        harmonise: 0 to 1, how far the product takes that look.
        shadow: 0 to 1.
    """
    levels, alpha = sized(thing, grip.height)
    small = Cutout(matched(levels, look, harmonise), alpha)
    matrix, size = _matrix(grip, small, tilt), grip.front.shape[::-1]
    cover = cv2.warpAffine(small.alpha, matrix, size)
    paint = cv2.warpAffine(small.levels, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cover * (1 - grip.front)
    if shadow > 0:
        drop = np.array([[1, 0, -0.35 * grip.reach * (look.side or 0.5)], [0, 1, 0.35 * grip.reach]])
        shade = cv2.GaussianBlur(cv2.warpAffine(cover, drop, size), (0, 0), 0.45 * grip.reach)
        body = person.matte.astype(np.float32) / 255
        stack.lay(SHADE, (0.38 * shadow * shade * body * (1 - grip.front)).astype(np.float32))
    stack.lay(np.asarray(paint, np.float32), np.asarray(cover, np.float32))
    if shadow > 0:
        near = cv2.GaussianBlur(grip.front, (0, 0), 0.3 * grip.reach)
        drop = np.array([[1, 0, 0], [0, 1, 0.25 * grip.reach]])
        near = np.maximum(near, cv2.GaussianBlur(cv2.warpAffine(grip.front, drop, size), (0, 0), 0.3 * grip.reach))
        stack.lay(SHADE, (0.55 * shadow * near * cover).astype(np.float32))


def _matrix(grip: Grip, thing: Cutout, tilt: float) -> F64:
    """Return the (2, 3) similarity from the product's pixels to the picture's."""
    h, w = thing.alpha.shape
    scale, angle = grip.height / h, np.radians(grip.lean + tilt)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    return np.column_stack([turn, np.array([grip.x, grip.y]) - turn @ np.array([w / 2, grip.along * h])])


def _fingers(hand: Hand, person: Person, fingers: tuple[tuple[int, ...], ...]) -> F32:
    """Return (H, W) in [0, 1]: strokes along the fingers, as wide as these, where there is skin."""
    out = np.zeros(person.matte.shape, np.uint8)
    width = max(2, round(FINGER_WIDTH * 1.25 * _palm(hand)))
    for finger in fingers:
        points = np.rint(hand.landmarks[list(finger), :2]).astype(np.int32)
        cv2.polylines(out, [points.reshape(-1, 1, 2)], False, 255, width, cv2.LINE_AA)
    skin = np.maximum(person.body_skin, person.face_skin).astype(np.float32) / 255
    skin = np.clip((skin - 0.3) / 0.5, 0, 1)
    strokes = cv2.GaussianBlur(out.astype(np.float32) / 255, (0, 0), max(0.6, 0.04 * width))
    return np.asarray(strokes * skin, np.float32)


def _palm(hand: Hand) -> float:
    """Return the distance from the wrist to the middle knuckle in space, pixels."""
    return float(np.linalg.norm(hand.landmarks[9].astype(np.float64) - hand.landmarks[0]))


def _hull(hand: Hand, shape: tuple[int, ...]) -> F32:
    out = np.zeros(shape, np.uint8)
    hull = cv2.convexHull(np.rint(hand.landmarks[:, :2]).astype(np.int32))
    cv2.fillConvexPoly(out, hull, 1)
    return out


def _on_face(cover: F32, face: Face) -> float:
    """Return the share of the face, about an ellipse in its box, that something covers."""
    left, top, right, bottom = (float(v) for v in face.box)
    oval = np.zeros(cover.shape, np.uint8)
    centre = (round((left + right) / 2), round((top + bottom) / 2))
    cv2.ellipse(oval, centre, (max(1, round((right - left) / 2)), max(1, round((bottom - top) / 2))), 0, 0, 360, 1, -1)
    return float((cover[oval > 0] > 0).sum()) / max(1.0, float(oval.sum()))
