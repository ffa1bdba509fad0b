"""The hair of a person: where it is, how surely, and the colours of its strands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8, Person
from genkol.errors import Unsuitable
from genkol.vision.box import Box, box_of
from genkol.vision.colour import lab_of
from genkol.vision.smooth import smoothed

LEAST_OF_FACE = 0.12  # hair against the skin of the face; a stubble or a strand under a hat is less
LEAST_OF_PERSON = 0.01  # where no face shows
LEAST_PIXELS = 150.0
SURE = 0.85  # coverage of a pixel that shows hair alone


def ramp(x: F32, low: float, high: float) -> F32:
    """Return 0 below low, 1 above high, straight between."""
    return np.asarray(np.clip((x - low) / (high - low), 0, 1), np.float32)


@dataclass(frozen=True)
class Hair:
    """The hair inside its own box of the picture.

    Args:
        box: whole pixels of the picture.
        weight: (h, w) in [0, 1], exactly 0 on what is not hair.
        pixels: (h, w, 3) uint8, sRGB.
    """

    box: Box
    weight: F32
    pixels: U8

    @classmethod
    def of(cls, pixels: U8, person: Person, port: str) -> Hair:
        """Return the hair of a picture.

        Raises:
            Unsuitable: too little of it shows: bald, shorn, or under a hat.
        """
        _require(person, port)
        box = box_of(person.hair > 20, 1, 1)
        assert box is not None
        hair = box.of(person.hair).astype(np.float32) / 255
        other = np.zeros_like(person.hair)
        for part in (person.face_skin, person.body_skin, person.clothes, person.accessories):
            other = np.maximum(other, part)
        taken = ramp(box.of(other).astype(np.float32) / 255, 0.3, 0.75)
        weight = ramp(hair, 0.08, 0.9) * (1 - taken)
        return cls(box, np.asarray(weight, np.float32), box.of(pixels))

    @cached_property
    def sure(self) -> NDArray[np.bool_]:
        """(h, w): pixels of hair alone; the likeliest ones where none is sure."""
        return np.asarray(self.weight >= min(SURE, 0.9 * float(self.weight.max())), np.bool_)

    @cached_property
    def reach(self) -> float:
        """Pixels over which strands of one lock keep their colour."""
        return max(2.0, 0.03 * float(np.sqrt(self.sure.sum())))

    @cached_property
    def lab(self) -> F32:
        """(h, w, 3) CIELAB of the hair itself: where another thing shines through, of the hair next to it."""
        sure = self.sure.astype(np.float32)
        levels = self.pixels.astype(np.float32)
        near = smoothed(np.dstack([levels * sure[..., None], sure]), self.reach)
        far = smoothed(np.dstack([levels * sure[..., None], sure]), 4 * self.reach)
        total = near + 0.02 * far
        mean = total[..., :3] / np.maximum(total[..., 3:], 1e-6)
        known = ramp(total[..., 3], 0, 1e-4)[..., None]
        middle = levels[self.sure].mean(axis=0)
        mean = middle + known * (mean - middle)
        own = ramp(self.weight, 0.35, SURE)[..., None]
        return lab_of(np.asarray((mean + own * (levels - mean)) / 255, np.float32))

    @cached_property
    def tone(self) -> Tone:
        """The colours of the strands, from the sure ones."""
        lab = lab_of(self.pixels[self.sure])
        low, middle, high = (float(v) for v in np.percentile(lab[:, 0], (10, 50, 90)))
        return Tone(np.array([middle, *np.median(lab[:, 1:], axis=0)], np.float32), max(high - low, 1.0))


@dataclass(frozen=True)
class Tone:
    """The colour of a head of hair.

    Args:
        lab: (3,) median CIELAB.
        spread: of L between the tenth darkest and the tenth lightest part.
    """

    lab: F32
    spread: float


def _require(person: Person, port: str) -> None:
    hair = float(np.count_nonzero(person.hair > 127))
    face, whole = float(np.count_nonzero(person.face_skin > 127)), float(np.count_nonzero(person.matte > 127))
    least = max(LEAST_PIXELS, LEAST_OF_FACE * face if face else LEAST_OF_PERSON * whole)
    if hair < least:
        raise Unsuitable(
            f"Too little hair shows in {port!r}: {hair:.0f} pixels, at least {least:.0f} are needed beside "
            f"{face:.0f} pixels of face. Give a photo in which the hair is not shorn or covered, or a larger one.",
            port=port,
            value=int(hair),
            expected=int(np.ceil(least)),
        )
