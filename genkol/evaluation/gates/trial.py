"""One result before the gates: what was there before, what is after, and where the layer lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from genkol.algorithm import Algorithm, Params
from genkol.artifacts import F32, F64, U8, Image, Layer, Person
from genkol.compose import compose, placed, support
from genkol.evaluation.metrics.garment import garment_region
from genkol.evaluation.metrics.identity import CHIP_SIDE, chip_placement
from genkol.evaluation.metrics.prints import Print, print_fidelity
from genkol.evaluation.metrics.regions import Mask

T = TypeVar("T")

LOST = math.inf
"""The distance and drift of a face that was there before and is not found any more."""

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
        given: the algorithm's parameters, as the plan has them; its defaults where they are left out.
    """

    algorithm: type[Algorithm]
    arguments: Mapping[str, Any]
    result: Layer | Image
    eyes: FaceEyes
    given: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _known(self) -> dict[str, Any]:
        return {}

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made under this name, making it the first time."""
        if name not in self._known:
            self._known[name] = make()
        found: T = self._known[name]
        return found

    @cached_property
    def params(self) -> Params:
        """The algorithm's parameters."""
        return self.algorithm.Params.model_validate(dict(self.given))

    def param(self, name: str) -> Any:
        """The value of a parameter, None where the algorithm has none of that name."""
        return getattr(self.params, name, None)

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
        """The garment's photo and what of it is to be seen on the person: of a fabric or a logo, all."""
        photo = self.arguments.get("garment")
        if not isinstance(photo, Image):
            return None
        if self.param("use") in ("fabric", "print"):
            whole = np.ones(photo.pixels.shape[:2], np.bool_)
            return photo.pixels, whole if photo.alpha is None else np.asarray(photo.alpha > 127)
        return photo.pixels, garment_region(photo.pixels, photo.alpha)

    @cached_property
    def print(self) -> Print | None:
        """How the print came over: that of the garment, or the logo itself; a fabric has none."""
        if self.garment is None or self.param("use") == "fabric":
            return None
        logo = self.garment[1] if self.param("use") == "print" else None
        return print_fidelity(*self.garment, self.after, self.worn, logo)


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
