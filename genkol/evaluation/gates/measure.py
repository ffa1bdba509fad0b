"""What is measured of one step's result, by service."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np

from genkol.algorithm import Algorithm
from genkol.artifacts import F32, F64, U8, Image, Layer, Person
from genkol.compose import compose, placed, support
from genkol.evaluation.metrics.garment import coverage, garment_region, spill
from genkol.evaluation.metrics.identity import CHIP_SIDE, chip_placement, identity_distance
from genkol.evaluation.metrics.landmarks import face_region, hidden_share, landmark_drift
from genkol.evaluation.metrics.prints import Print, print_fidelity, print_region
from genkol.evaluation.metrics.regions import (
    Mask,
    lightness_correlation,
    outside_difference,
    region_difference,
    stray_share,
)
from genkol.vision.colour import delta_e, lab_of

LOST = math.inf
"""The distance and drift of a face that was there before and is not found any more."""

HIPS, TRUNK, LEAST_VISIBLE = (23, 24), (11, 12, 23, 24), 0.5
"""Pose landmarks of the hips, those of the shoulders with them, and from which visibility they count."""


MOST_YAW = 45.0
"""Degrees up to which the landmarks of a face are seen; beyond, those of its far side are guesses that jump about."""


@dataclass(frozen=True, eq=False)
class SeenFace:
    """One face.

    Args:
        landmarks: (68, 2) iBUG points, picture pixels.
        yaw: degrees that it turns away; 0 looks at us.
    """

    landmarks: F32
    yaw: float = 0.0

    @property
    def frontal(self) -> bool:
        """Whether all of its landmarks are seen."""
        return abs(self.yaw) <= MOST_YAW


class FaceEyes(Protocol):
    """Finds and knows faces."""

    def faces(self, pixels: U8) -> Sequence[SeenFace]:
        """Return every face, largest first."""
        ...

    def embedding(self, pixels: U8, landmarks: F32) -> F64:
        """Return the (128,) embedding of one of them."""
        ...


@dataclass(frozen=True)
class Trial:
    """One result before the gates.

    Args:
        algorithm: whose it is.
        arguments: port to value, as the algorithm got them; the portrait with the layers that the step saw.
        result: its layer, or the picture of a finisher.
        eyes: of the judge.
    """

    algorithm: type[Algorithm]
    arguments: Mapping[str, Any]
    result: Layer | Image
    eyes: FaceEyes

    @cached_property
    def before(self) -> U8:
        portrait = self.arguments["portrait"]
        assert isinstance(portrait, Image)
        return portrait.pixels

    @cached_property
    def after(self) -> U8:
        """The portrait with the layer; of a finisher the picture, reduced to the portrait's size."""
        if isinstance(self.result, Layer):
            return compose(Image(self.before), [self.result]).pixels
        h, w = self.before.shape[:2]
        return np.asarray(cv2.resize(self.result.pixels, (w, h), interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def touched(self) -> Mask:
        """Where the layer may change anything."""
        if not isinstance(self.result, Layer):
            return np.ones(self.before.shape[:2], np.bool_)
        return support(self.result, Image(self.before).size)

    @cached_property
    def opacity(self) -> F32:
        """(H, W) of the layer on the picture, 0 to 255."""
        h, w, _ = self.before.shape
        whole = np.zeros((h, w), np.float32)
        if isinstance(self.result, Layer):
            patch = placed(self.result, (w, h))
            if patch is not None:
                whole[patch.top : patch.bottom, patch.left : patch.right] = patch.opacity
        return whole

    @cached_property
    def person(self) -> Person | None:
        found = self.arguments.get("person")
        return found if isinstance(found, Person) else None

    @cached_property
    def faces(self) -> tuple[SeenFace, SeenFace | None] | None:
        """The face before and after (None: lost); None when there was no face.

        Both are found by the same eyes, so that the drift is that of the picture alone. Where nothing in reach of
        the face has changed, it is not looked for again.
        """
        found = self.eyes.faces(self.before)
        if not found:
            return None
        wanted = getattr(self.arguments.get("face"), "landmarks", found[0].landmarks)
        one = min(found, key=lambda face: _apart(face.landmarks, wanted))
        if not self.touched[_reach(one.landmarks, self.before.shape)].any():
            return one, one
        again = [face for face in self.eyes.faces(self.after) if _same(one.landmarks, face.landmarks)]
        return one, min(again, key=lambda face: _apart(face.landmarks, one.landmarks), default=None)

    @cached_property
    def worn(self) -> Mask:
        """Where the new garment lies: what is painted over, or, for pure changes, the clothes that are changed."""
        if (self.opacity > 127).any():
            return np.asarray(self.opacity > 127)
        clothes = np.zeros(self.touched.shape, np.uint8) if self.person is None else self.person.clothes
        return self.touched & (clothes > 127)

    @cached_property
    def garment(self) -> tuple[U8, Mask] | None:
        """The garment's photo and where the garment is in it."""
        photo = self.arguments.get("garment")
        return (photo.pixels, garment_region(photo.pixels, photo.alpha)) if isinstance(photo, Image) else None

    @cached_property
    def print(self) -> Print | None:
        return None if self.garment is None else print_fidelity(*self.garment, self.after, self.worn)


def measure(trial: Trial, metrics: Sequence[str]) -> dict[str, float | None]:
    """Return the named metrics of a result; None where there is nothing to measure."""
    return {name: METRICS[name](trial) for name in metrics}


def _outside(trial: Trial) -> float:
    return outside_difference(trial.before, trial.after, trial.touched)


def _stray(trial: Trial) -> float | None:
    region = _asked_region(trial)
    return None if region is None else stray_share(trial.before, trial.after, region)


def _asked_region(trial: Trial) -> Mask | None:
    """What a service that keeps the silhouette was asked to change, with a margin for soft edges."""
    shape = trial.before.shape
    if trial.algorithm.service.name == "makeup-transfer":
        return None if trial.faces is None else face_region(trial.faces[0].landmarks, shape, grown=0.6)
    part = {"hair-editing": "hair", "virtual-try-on": "clothes"}.get(trial.algorithm.service.name)
    if part is None or trial.person is None:
        return None
    margin = 2 * round(0.012 * max(shape[:2])) + 1
    return np.asarray(cv2.dilate(getattr(trial.person, part), np.ones((margin, margin), np.uint8)) > 12)


def _identity(trial: Trial) -> float | None:
    """Both chips are cut at the same place: where the face has moved, the drift says so."""
    if trial.faces is None:
        return None
    before, after = trial.faces
    if after is None:
        return LOST
    if after is before:
        return 0.0
    one, other = (trial.eyes.embedding(pixels, before.landmarks) for pixels in (trial.before, trial.after))
    return identity_distance(one, other)


def _drift(trial: Trial) -> float | None:
    if trial.faces is None:
        return None
    before, after = trial.faces
    if after is None:
        return LOST
    return landmark_drift(before.landmarks, after.landmarks) if before.frontal else None


def _hidden(trial: Trial) -> float | None:
    if trial.faces is None or not trial.faces[0].frontal:
        return None
    return hidden_share(trial.faces[0].landmarks, trial.opacity)


def _folds(trial: Trial) -> float | None:
    region = _asked_region(trial)
    if region is None or trial.person is None:
        return None
    core = trial.person.hair if trial.algorithm.service.name == "hair-editing" else trial.person.clothes
    inside = (core > 200) & trial.touched
    patterned = trial.garment is not None and print_region(*trial.garment) is not None
    return None if patterned else lightness_correlation(trial.before, trial.after, inside)


def _garment_de(trial: Trial) -> float | None:
    if trial.garment is None:
        return None
    photo, where = trial.garment
    return region_difference(photo, where, trial.after, trial.worn & _torso(trial.person, trial.worn))


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


def _coverage(trial: Trial) -> float | None:
    if trial.person is None:
        return None
    rows = slice(0, _hip_row(trial.person, trial.worn))
    closed = cv2.morphologyEx(trial.touched.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0
    return coverage(trial.person.clothes, closed, rows)


def _hip_row(person: Person, worn: Mask) -> int:
    """Return the row down to which a garment must cover: the hips, or where they do not show its own hem."""
    pose = person.pose[list(HIPS)] if len(person.pose) else np.zeros((0, 4), np.float32)
    if len(pose) and (pose[:, 3] > LEAST_VISIBLE).all():
        return int(np.clip(pose[:, 1].mean(), 1, worn.shape[0]))
    rows = np.flatnonzero(worn.any(axis=1))
    return int(rows[-1]) + 1 if len(rows) else worn.shape[0]


def _spill(trial: Trial) -> float | None:
    if trial.person is None:
        return None
    return spill(trial.worn, trial.person.matte, tolerance=max(2, round(0.006 * max(trial.before.shape[:2]))))


def _print_likeness(trial: Trial) -> float | None:
    return None if trial.print is None else (0.0 if trial.print.mirrored else trial.print.likeness)


def _print_turn(trial: Trial) -> float | None:
    return None if trial.print is None else abs(trial.print.turn)


def _print_stretch(trial: Trial) -> float | None:
    return None if trial.print is None else trial.print.stretch


def _reduced_de(trial: Trial) -> float:
    return float(delta_e(lab_of(trial.before), lab_of(trial.after)).mean())


METRICS: Mapping[str, Callable[[Trial], float | None]] = {
    "outside": _outside,
    "stray": _stray,
    "identity": _identity,
    "landmark_drift": _drift,
    "face_hidden": _hidden,
    "lightness_correlation": _folds,
    "garment_de": _garment_de,
    "coverage": _coverage,
    "spill": _spill,
    "print_likeness": _print_likeness,
    "print_turn": _print_turn,
    "print_stretch": _print_stretch,
    "reduced_de": _reduced_de,
}
"""Every metric that a limit may name."""


def _apart(one: F32, other: F32) -> float:
    return float(np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)))


def _same(one: F32, other: F32) -> bool:
    """Whether two faces lie over each other, nearer than their own eye distance."""
    return _apart(one, other) < float(np.linalg.norm(one[36] - one[45]))


def _reach(landmarks: F32, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns that the embedding and the landmarks look at: those of the chip and some more."""
    corners = np.array([[-30, -30], [CHIP_SIDE + 30, -30], [-30, CHIP_SIDE + 30], [CHIP_SIDE + 30] * 2], np.float64)
    back = cv2.invertAffineTransform(chip_placement(landmarks))
    points = corners @ back[:, :2].T + back[:, 2]
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int)
    return slice(max(0, low[1]), min(shape[0], high[1])), slice(max(0, low[0]), min(shape[1], high[0]))
