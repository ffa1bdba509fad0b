"""The trunk of a person: where it is, and which part of a garment's flat photo lies on it."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F64, Image, Person
from genkol.errors import Unsuitable
from genkol.evaluation.metrics.regions import Mask
from genkol.vision.garment_cutout import cut_out
from genkol.vision.garment_landmarks import landmarks_of

SHOULDERS, HIPS, LEAST_VISIBLE = (11, 12), (23, 24), 0.5
"""Pose landmarks of the shoulders and hips, and from which visibility they count."""

TRUNK_LENGTH = 1.3
"""From the shoulders to the hips, shoulder widths, where the hips do not show."""

ARMS, ARM_WIDTH = ((13, 15, 19), (14, 16, 20)), 0.3
"""Pose landmarks from the elbows to the index fingers, and how wide an arm before the trunk is, shoulder widths."""

JOINTS = 0.9
"""Distance of the shoulder joints, as a share of a flat garment's width at the armpits."""


def shows(person: Person, points: tuple[int, ...]) -> bool:
    """Whether all of these pose landmarks are seen."""
    return bool(len(person.pose)) and bool((person.pose[list(points), 3] > LEAST_VISIBLE).all())


def breadth(person: Person) -> float:
    """Return the distance of the shoulder joints, pixels."""
    left, right = person.pose[list(SHOULDERS), :2]
    return float(np.linalg.norm(left - right))


def torso(person: Person | None, worn: Mask) -> Mask:
    """Return the trunk between shoulders and hips by the pose, or everything where it does not show.

    A layer that dresses also paints skin where old sleeves were; the trunk, less arms before it, is garment alone.
    """
    if person is None or not shows(person, SHOULDERS):
        return np.ones_like(worn)
    broad, shoulders = breadth(person), person.pose[list(SHOULDERS), :2]
    hips = person.pose[list(HIPS), :2] if shows(person, HIPS) else shoulders + np.array([0, TRUNK_LENGTH * broad])
    trunk = np.zeros(worn.shape, np.uint8)
    corners = np.rint(np.concatenate([shoulders, hips])).astype(np.int32)
    cv2.fillConvexPoly(trunk, cv2.convexHull(corners), 1)
    for arm in ARMS:
        if shows(person, arm):
            along = np.rint(person.pose[list(arm), :2]).astype(np.int32)
            cv2.polylines(trunk, [along], False, 0, max(1, round(ARM_WIDTH * broad)))
    return np.asarray(trunk > 0) if (trunk.astype(np.bool_) & worn).any() else np.ones_like(worn)


def placed_on(person: Person, photo: Image) -> F64 | None:
    """Return the (2, 3) placement from picture pixels on the trunk to those of a garment's flat photo.

    Shoulders lie on shoulders and, where the garment is shorter than the trunk, hem on hips; it needs to be as exact as
    the colours are local.

    Returns:
        None where the shoulders do not show, or the photo is not that of a garment for the upper body.
    """
    if not shows(person, SHOULDERS):
        return None
    try:
        cut = cut_out(photo)
        marks = landmarks_of(cut)
    except Unsuitable:
        return None
    broad, top = breadth(person), person.pose[list(SHOULDERS), :2].mean(axis=0).astype(np.float64)
    low = top + np.array([0, TRUNK_LENGTH * broad])
    if shows(person, HIPS):
        low = person.pose[list(HIPS), :2].mean(axis=0).astype(np.float64)
    length = max(float(np.linalg.norm(low - top)), 1.0)
    down = (low - top) / length
    tips = marks.tips.mean(axis=0)
    across = JOINTS * 2 * marks.half_width / max(broad, 1.0)
    along = min(across, (marks.hem - float(tips[1])) / length)
    turn = np.array([[down[1], -down[0]], down]) * [[across], [along]]
    scale = photo.pixels.shape[1] / cut.alpha.shape[1]
    return np.asarray(scale * np.column_stack([turn, tips - turn @ top]), np.float64)
