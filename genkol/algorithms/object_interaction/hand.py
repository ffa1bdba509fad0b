"""What the 21 landmarks of a hand say: how it is curled, what it shows, whether it hangs, where its fingers lie."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Hand, Person

FINGERS = ((5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
THUMB = (2, 3, 4)
FINGER_WIDTH = 0.27
"""Width of a finger over the distance from the wrist to the middle knuckle."""

_ELBOWS, _WRISTS = {"left": 13, "right": 14}, {"left": 15, "right": 16}
_HANGING, _POINTING_DOWN = 32.0, 45.0  # most degrees between straight down and the forearm, the hand


def bends(hand: Hand) -> list[float]:
    """Return the degrees by which each of four fingers bends from the palm to its tip; 0 is flat."""
    points = hand.landmarks.astype(np.float64)
    found = []
    for finger in FINGERS:
        bones = np.diff(points[[0, *finger]], axis=0)
        bones /= np.maximum(np.linalg.norm(bones, axis=1, keepdims=True), 1e-6)
        cosines = np.clip((bones[:-1] * bones[1:]).sum(axis=1), -1, 1)
        found.append(float(np.degrees(np.arccos(cosines)).sum()))
    return found


def curl(hand: Hand) -> float:
    """Return the mean of the four fingers' bends, degrees."""
    return float(np.mean(bends(hand)))


def thumb_away(hand: Hand) -> float:
    """Return how far the thumb's tip is from the nearest joint of the fingers, in lengths of the palm."""
    points = hand.landmarks.astype(np.float64)
    return float(np.linalg.norm(points[5:] - points[4], axis=1).min()) / max(palm_length(hand), 1e-6)


def palm_shown(hand: Hand) -> float:
    """Return how far the palm faces the camera: 1 wholly, -1 where its back does, 0 from the side."""
    points = hand.landmarks.astype(np.float64)
    normal = np.cross(points[5] - points[0], points[17] - points[0])
    facing = float(normal[2] / max(float(np.linalg.norm(normal)), 1e-6))
    return facing if hand.side == "left" else -facing


def hangs(hand: Hand, person: Person) -> bool:
    """Say whether the forearm hangs down, the fingers too, and whether they hang free."""
    if len(person.pose) == 0:
        return False
    elbow, wrist = person.pose[_ELBOWS[hand.side], :2], person.pose[_WRISTS[hand.side], :2]
    fore, fingers = wrist - elbow, hand.landmarks[9, :2] - hand.landmarks[0, :2]

    def down(way: F32, most: float) -> bool:
        return bool(np.degrees(np.arctan2(abs(float(way[0])), float(way[1]))) < most)

    return down(fore, _HANGING) and down(fingers, _POINTING_DOWN)


def palm_length(hand: Hand) -> float:
    """Return the distance from the wrist to the middle knuckle in space, pixels."""
    return float(np.linalg.norm(hand.landmarks[9].astype(np.float64) - hand.landmarks[0]))


def hull_of(hand: Hand, shape: tuple[int, ...]) -> U8:
    """Return (H, W), 1 within the hull of the landmarks."""
    out: U8 = np.zeros(shape, np.uint8)
    hull = cv2.convexHull(np.rint(hand.landmarks[:, :2]).astype(np.int32))
    cv2.fillConvexPoly(out, hull, 1)
    return out


def fingers_of(hand: Hand, person: Person) -> F32:
    """Return (H, W) in [0, 1]: strokes along fingers and thumb, somewhat wider than these, where there is skin."""
    out = np.zeros(person.matte.shape, np.uint8)
    width = max(2, round(FINGER_WIDTH * 1.25 * palm_length(hand)))
    for finger in (*FINGERS, THUMB):
        points = np.rint(hand.landmarks[list(finger), :2]).astype(np.int32)
        cv2.polylines(out, [points.reshape(-1, 1, 2)], False, 255, width, cv2.LINE_AA)
    skin = np.maximum(person.body_skin, person.face_skin).astype(np.float32) / 255
    skin = np.clip((skin - 0.3) / 0.5, 0, 1)
    strokes = cv2.GaussianBlur(out.astype(np.float32) / 255, (0, 0), max(0.6, 0.04 * width))
    return np.asarray(strokes * skin, np.float32)
