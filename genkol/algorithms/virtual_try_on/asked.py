"""Where a try-on by a model elsewhere may change the picture."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of
from genkol.vision.smooth import ramp, smoothed

SHOULDERS, HIPS, KNEES = (11, 12), (23, 24), (25, 26)
BELOW, ABOVE = 0.4, 0.2
"""How far a top hangs below the hips, and trousers reach above them, as shares of the torso's length."""
LEAST_SEEN = 0.3  # visibility of a pose landmark that is believed
ROOM = 0.025  # how far a new garment may reach beyond the old one, as a share of the picture's longest side
LEAST_HAIR, LEAST_REACH = 200, 14.0  # pixels that say what colour it has; CIELAB distance that is still hair
HAND = 0.35  # reach around a hand's landmarks, as a share of the hand's size


def region_told(changed: U8, person: Person, pixels: U8) -> F32 | None:
    """Return the weights of the region that the service says it changed, or None when it misses the clothes.

    Args:
        changed: (h, w) uint8, 255 where changed, at the size that was sent.
        person: of the picture, (H, W).
        pixels: (H, W, 3) uint8, the picture.

    Returns:
        (H, W) float32 in [0, 1]: 0 outside what was changed and on the face, the hair and the hands.
    """
    h, w = person.matte.shape
    inside = cv2.resize((changed > 127).astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    body = np.maximum(person.clothes, person.body_skin) > 127
    if not (inside[body] > 0.5).any():
        return None
    return _kept(inside, person, pixels)


def region_asked(person: Person, pixels: U8, kind: str) -> F32:
    """Return the weights of the clothes of that kind, with the arms or legs that they may cover.

    Args:
        person: of the picture, (H, W).
        pixels: (H, W, 3) uint8, the picture.
        kind: upper-body, lower-body, full-body or footwear.

    Returns:
        (H, W) float32 in [0, 1]: 0 away from the body and on the face, the hair and the hands.
    """
    h, w = person.matte.shape
    body = np.maximum(np.maximum(person.clothes, person.body_skin), person.accessories) > 100
    top, bottom = _rows(person, kind)
    rows = np.arange(h)[:, None]
    wanted = (body & (rows >= top) & (rows < bottom)).astype(np.uint8)
    reach = 2 * max(1, round(ROOM * max(h, w))) + 1
    grown = cv2.dilate(wanted, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return _kept(grown.astype(np.float32), person, pixels)


def _rows(person: Person, kind: str) -> tuple[float, float]:
    """First and last row of the garment; the whole picture where the pose does not show the joints."""
    h = person.matte.shape[0]
    shoulders, hips, knees = (_height(person.pose, joints) for joints in (SHOULDERS, HIPS, KNEES))
    if shoulders is not None and hips is not None:
        torso = abs(hips - shoulders)
        if kind == "upper-body":
            return 0, hips + BELOW * torso
        if kind == "lower-body":
            return hips - ABOVE * torso, h
    if kind == "footwear" and knees is not None:
        return knees, h
    return 0, h


def _height(pose: F32, joints: tuple[int, int]) -> float | None:
    if not len(pose) or float(pose[list(joints), 3].min()) < LEAST_SEEN:
        return None
    return float(pose[list(joints), 1].mean())


def _kept(inside: F32, person: Person, pixels: U8) -> F32:
    """Fade the region in from its rim, and keep the face, the hair and the hands out of it."""
    sigma = max(1.0, 0.0015 * max(inside.shape))
    weight = ramp(smoothed(inside, sigma), 0.5, 0.95)
    face = person.face_skin.astype(np.float32) / np.float32(255)
    weight = weight * (1 - np.maximum(np.clip(face + _hair(person, pixels, inside), 0, 1), _hands(person)))
    return np.where(inside > 0.5, weight, 0).astype(np.float32)


def _hair(person: Person, pixels: U8, inside: F32) -> F32:
    """(H, W) float32: 1 on the hair, 0 where the old clothes show between its strands.

    What colour the hair has is seen where it lies outside the region.
    """
    hair = person.hair.astype(np.float32) / np.float32(255)
    sure = (person.hair > 200) & (inside < 0.5)
    if int(sure.sum()) < LEAST_HAIR:
        return hair
    lab = lab_of(pixels)
    away = np.linalg.norm(lab - np.median(lab[sure], axis=0), axis=-1)
    reach = max(LEAST_REACH, float(np.percentile(away[sure], 85)))
    return np.asarray(hair * (1 - ramp(away, reach, 2 * reach)), np.float32)


def _hands(person: Person) -> F32:
    """(H, W) float32: 1 on the hands' own skin."""
    mask = np.zeros(person.matte.shape, np.uint8)
    for hand in person.hands:
        points = hand.landmarks[:, :2]
        hull = cv2.convexHull(np.rint(points).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 255)
        size = float(np.ptp(points, axis=0).max())
        reach = 2 * max(1, round(HAND * size / 2)) + 1
        mask = np.asarray(cv2.dilate(mask, np.ones((reach, reach), np.uint8)), np.uint8)
    skin = np.maximum(person.body_skin, person.face_skin)
    return np.minimum(mask, skin).astype(np.float32) / np.float32(255)
