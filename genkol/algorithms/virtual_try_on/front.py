"""What of a person lies before new clothes: head, hair, hands and what they hold."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from genkol.algorithms.virtual_try_on.body import Body
from genkol.artifacts import F32, U8, Face, Person

NEAR = 0.06
"""Distance from a hand or the head within which a thing is held or worn there, against the shoulders' distance."""


def share(part: U8) -> F32:
    """Return (H, W) float32 in [0, 1]."""
    return np.asarray(part, np.float32) / np.float32(255)


def firm(part: U8) -> F32:
    """Return (H, W) in [0, 1]: the part without its doubts, so that no ghost of it shows through cloth."""
    return np.asarray(np.clip((share(part) - 0.3) / 0.4, 0, 1), np.float32)


def skin_of(person: Person) -> F32:
    """Return (H, W) in [0, 1]: skin of head and body together, without the doubt between them."""
    both = np.clip(share(person.face_skin) + share(person.body_skin), 0, 1)
    return np.asarray(np.clip((both - 0.3) / 0.4, 0, 1), np.float32)


def head_of(face: Face, shape: tuple[int, int]) -> F32:
    """Return (H, W) in [0, 1]: the face down to the jaw, which lies before every collar."""
    out = np.zeros(shape, np.float32)
    hull = cv2.convexHull(face.landmarks[:27].astype(np.float32))[:, 0]
    cv2.fillConvexPoly(out, np.rint(hull * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 1.0), np.float32)


def hands_of(person: Person, body: Body) -> F32:
    """Return (H, W) in [0, 1]: the hands, up to the wrists, and some room about them."""
    shape = (person.matte.shape[0], person.matte.shape[1])
    out = np.zeros(shape, np.float32)
    for hand in person.hands:
        hull = cv2.convexHull(hand.landmarks[:, :2].astype(np.float32))[:, 0]
        cv2.fillConvexPoly(out, np.rint(hull).astype(np.int32), 1.0)
    reach = max(3, round(0.07 * body.span)) | 1
    out = np.asarray(cv2.dilate(out, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))), np.float32)
    for arm in body.arms:
        out = np.maximum(out, arm.mask(shape, 1.8, 1.0, 1.12))
    return out


def held_of(person: Person, body: Body, hands: F32) -> F32:
    """Return (H, W) in [0, 1]: things in a hand, on the head, or that reach beyond the chest, such as a strap.

    A badge, a buckle or a pattern on the chest belongs to the old clothes.
    """
    held = firm(person.accessories)
    labels, count = ndimage.label(held > 0.1)
    if not count:
        return held
    rows = np.arange(len(held))[:, None]
    side = np.interp(rows[:, 0], body.rows, body.half)[:, None] * 0.9
    middle = np.interp(rows[:, 0], body.rows, body.middle)[:, None]
    chest = (rows > body.bases[:, 1].mean()) & (rows < body.hips) & (np.abs(np.arange(held.shape[1]) - middle) < side)
    reach = max(3, round(NEAR * body.span)) | 1
    near = cv2.dilate(hands, np.ones((reach, reach), np.uint8)) > 0.3
    near &= share(person.body_skin) > 0.3
    near = cv2.dilate(near.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    kept = np.unique(labels[(labels > 0) & (near | ~chest)])
    return np.asarray(held * np.isin(labels, kept), np.float32)
