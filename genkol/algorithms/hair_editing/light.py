"""How light falls on hair: the light of the picture, the roots, and the curve from the old lightness to the new."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from genkol.algorithms.hair_editing.dye import Dye
from genkol.algorithms.hair_editing.strands import Tone
from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of
from genkol.vision.light import DARK

COVERED, LIFTED = 0.55, 0.1  # share of the broad differences that a much darker dye hides, and a much lighter one
ROOT_REACH = 0.12  # of the size of the face
VIVID = 0.36  # chroma per lightness of the skin from which a picture counts as in full colour, whatever the skin


@dataclass(frozen=True)
class Light:
    """The light and the grading of a picture, as they bear on a colour put into it.

    Args:
        exposure: how light white is, 0.2 to 1: 1 unless it was taken in the dark.
        colour: how much hue the picture bears, 0 (black and white) to 1.
    """

    exposure: float = 1.0
    colour: float = 1.0

    @classmethod
    def of(cls, pixels: U8, person: Person) -> Light:
        """Measure it: the exposure by the lightest hundredth, the colour by the skin."""
        grey = cv2.cvtColor(np.ascontiguousarray(pixels[::4, ::4]), cv2.COLOR_RGB2GRAY)
        exposure = float(np.clip((np.percentile(grey, 99) / (255 * DARK)) ** 1.5, 0.2, 1))
        skin = np.maximum(person.face_skin, person.body_skin)[::2, ::2] > 200
        if np.count_nonzero(skin) < 50:
            return cls(exposure)
        lab = lab_of(pixels[::2, ::2][skin])
        saturation = float(np.median(np.hypot(lab[:, 1], lab[:, 2])) / max(float(np.median(lab[:, 0])), 1.0))
        return cls(exposure, min(1.0, (saturation / VIVID) ** 0.5))


def lightness(old: F32, tone: Tone, dye: Dye, lift: float) -> F32:
    """Return the new L of (n,) pixels: a smooth rising curve from the depths, middle and shine to those of the dye."""
    middle = float(tone.lab[0] + lift * (dye.lab[0] - tone.lab[0]))
    deep = middle - _span(tone.lab[0] - tone.deep, dye.lab[0] - dye.deep)
    shine = min(99.0, middle + _span(tone.shine - tone.lab[0], dye.shine - dye.lab[0]))
    knots = np.array([0, tone.deep, tone.lab[0], tone.shine, 100])
    knots = np.maximum.accumulate(knots + np.arange(5) * 1e-3)
    levels = np.array([max(0.0, deep - 1.2 * tone.deep), deep, middle, shine, min(100.0, shine + 6)])
    table = PchipInterpolator(knots, np.maximum.accumulate(levels))(np.clip(np.arange(0, 100.1, 0.2), 0, knots[-1]))
    return np.asarray(table[np.clip(np.rint(old * 5), 0, 500).astype(np.intp)], np.float32)


def evened(tone: Tone, dye: Dye) -> float:
    """Return how much of the difference between lighter and darker parts of the hair goes, 0 to 1.

    Much of it is pigment, and a dye covers that: all the more the darker it is.
    """
    change = float(tone.lab[0] - dye.lab[0])
    return (COVERED if change > 0 else LIFTED) * min(1.0, abs(change) / 30)


def _span(own: float, usual: float) -> float:
    """Return over how much L the strands range: between their own contrast and what is usual for the dye."""
    own = max(own, 3.0)
    return own * float(np.clip((usual / own) ** 0.75, 0.45, 1.8))


def roots_of(face: U8) -> F32:
    """Return (h, w) in [0, 1]: how near the hairline is, above the middle of the face; 0 without a face."""
    h, w = face.shape
    area = int(np.count_nonzero(face > 127))
    if not area:
        return np.zeros((h, w), np.float32)
    scale = min(1.0, 128 / max(h, w))
    small = cv2.resize(face, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_AREA) > 127
    away = cv2.distanceTransform((~small).astype(np.uint8), cv2.DIST_L2, 5) / (ROOT_REACH * scale * area**0.5)
    rows = np.arange(len(small), dtype=np.float32)
    shown = np.flatnonzero(small.any(axis=1))
    above = np.clip((0.5 * (shown[0] + shown[-1]) - rows) / max(0.25 * (shown[-1] - shown[0]), 1.0), 0, 1)
    near = np.exp(-(away**2)) * above[:, None]
    return np.asarray(cv2.resize(near.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
