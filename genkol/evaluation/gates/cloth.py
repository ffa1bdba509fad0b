"""What is measured of clothes: colour, folds, print, the old ones gone, nothing beside the body."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import U8, Person
from genkol.evaluation.gates.trial import Trial
from genkol.evaluation.metrics.garment import coverage as covered_share
from genkol.evaluation.metrics.garment import spill as spilt_share
from genkol.evaluation.metrics.prints import plain_region
from genkol.evaluation.metrics.regions import Mask, lightness_correlation, median_lab, region_difference
from genkol.vision.colour import lab_of

HIPS, TRUNK, LEAST_VISIBLE = (23, 24), (11, 12, 23, 24), 0.5
"""Pose landmarks of the hips, those of the shoulders with them, and from which visibility they count."""

LEAST_PLAIN = 0.5
"""Share of the old clothes that has one colour, from which their lightness says where folds are."""


def garment_de(trial: Trial) -> float | None:
    """The colour of the worn garment against its photo; of a fabric the mean of the whole, as no colour of it rules."""
    if trial.garment is None or trial.param("use") == "print":
        return None
    photo, where = trial.garment
    seen = _torso(trial.person, trial.worn) & trial.worn
    if trial.param("use") == "fabric":
        return region_difference(photo, where, trial.after, seen, np.mean)
    return region_difference(photo, where, trial.after, seen)


def cloth_de(trial: Trial) -> float | None:
    """The colour of the dyed clothes against the one that was asked for."""
    return dyed_difference(trial, trial.worn & _torso(trial.person, trial.worn))


def dyed_difference(trial: Trial, dyed: Mask) -> float | None:
    """Return dE between the median colour of a dyed region and that which was asked for, as strongly as it was.

    Args:
        trial: whose params say a colour (`Algorithm.asked_colour`) and perhaps an ``intensity``.
        dyed: (H, W).
    """
    asked = trial.algorithm.asked_colour(trial.params)
    before, after = median_lab(trial.before, dyed), median_lab(trial.after, dyed)
    if asked is None or before is None or after is None:
        return None
    target = lab_of(np.array([[asked]], np.uint8))[0, 0]
    intensity = trial.param("intensity")
    share = 1.0 if intensity is None else float(intensity)
    return float(np.linalg.norm(after - (before + share * (target - before))))


def folds(trial: Trial) -> float | None:
    """Whether the folds of the cloth are kept; of a patterned old garment nothing can be said."""
    if trial.person is None:
        return None
    inside = (trial.person.clothes > 200) & trial.touched
    plain = plain_region(trial.before, inside)
    if not inside.any() or float(plain.sum()) < LEAST_PLAIN * float(inside.sum()):
        return None
    if trial.garment is not None and not _plain(*trial.garment):
        return None
    return lightness_correlation(trial.before, trial.after, plain)


def _plain(photo: U8, where: Mask) -> bool:
    return bool(where.any()) and float(plain_region(photo, where).sum()) > 0.7 * float(where.sum())


def _torso(person: Person | None, worn: Mask) -> Mask:
    """Return the trunk between shoulders and hips by the pose, or everything where it does not show.

    A layer that dresses also paints skin where old sleeves were; the trunk is garment alone.
    """
    if person is None or not len(person.pose) or not (person.pose[list(TRUNK), 3] > LEAST_VISIBLE).all():
        return np.ones_like(worn)
    corners = person.pose[list(TRUNK)]
    trunk = np.zeros(worn.shape, np.uint8)
    cv2.fillConvexPoly(trunk, cv2.convexHull(np.rint(corners[:, :2]).astype(np.int32)), 1)
    return np.asarray(trunk > 0) if (trunk.astype(np.bool_) & worn).any() else np.ones_like(worn)


def coverage(trial: Trial) -> float | None:
    """How much of the old clothes is painted over, down to the hips or the new hem."""
    if trial.person is None:
        return None
    rows = slice(0, _hip_row(trial.person, trial.worn))
    closed = cv2.morphologyEx(trial.touched.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0
    return covered_share(trial.person.clothes, closed, rows)


def _hip_row(person: Person, worn: Mask) -> int:
    """Return the row down to which a garment must cover: the hips, or where they do not show its own hem."""
    pose = person.pose[list(HIPS)] if len(person.pose) else np.zeros((0, 4), np.float32)
    if len(pose) and (pose[:, 3] > LEAST_VISIBLE).all():
        return int(np.clip(pose[:, 1].mean(), 1, worn.shape[0]))
    rows = np.flatnonzero(worn.any(axis=1))
    return int(rows[-1]) + 1 if len(rows) else worn.shape[0]


def spill(trial: Trial) -> float | None:
    """How much of the garment lies beside the body."""
    if trial.person is None:
        return None
    return spilt_share(trial.worn, trial.person.matte, tolerance=max(2, round(0.006 * max(trial.before.shape[:2]))))


def print_likeness(trial: Trial) -> float | None:
    """How like the print is; 0 in a mirror."""
    return None if trial.print is None else (0.0 if trial.print.mirrored else trial.print.likeness)


def print_turn(trial: Trial) -> float | None:
    """Degrees by which the print is turned."""
    return None if trial.print is None else abs(trial.print.turn)


def print_stretch(trial: Trial) -> float | None:
    """How far the print is stretched; 1 keeps all shapes."""
    return None if trial.print is None else trial.print.stretch
