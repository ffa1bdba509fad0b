"""What is measured of dyed hair: its colour, its strands, and what of the dye fell beside it."""

from __future__ import annotations

import numpy as np

from genkol.artifacts import Image, Person
from genkol.evaluation.gates.cloth import dyed_difference
from genkol.evaluation.gates.trial import Trial
from genkol.evaluation.metrics.regions import lightness_correlation, region_difference
from genkol.vision.colour import delta_e, lab_of

SEEN_DE = 4.0
"""From this difference on, a pixel is dyed for the eye."""


def colour(trial: Trial) -> float | None:
    """The colour of the hair against the one asked for, or that of the reference's hair."""
    if trial.person is None:
        return None
    dyed = (trial.person.hair > 200) & trial.touched
    photo, other = trial.arguments.get("hairstyle"), trial.arguments.get("hairstyle_person")
    if isinstance(photo, Image) and isinstance(other, Person):
        return region_difference(photo.pixels, other.hair > 200, trial.after, dyed)
    asked = trial.algorithm.asked_colour(trial.params)
    return None if asked is None else dyed_difference(trial, dyed, lab_of(np.array([asked], np.uint8))[0])


def strands(trial: Trial) -> float | None:
    """Whether light and dark strands are kept."""
    if trial.person is None:
        return None
    return lightness_correlation(trial.before, trial.after, (trial.person.hair > 200) & trial.touched)


def spill(trial: Trial) -> float | None:
    """The dyed area that is surely skin, cloth or ground, as a share of the hair."""
    if trial.person is None or not (trial.person.hair > 127).any():
        return None
    person = trial.person
    other = np.maximum.reduce([person.face_skin, person.body_skin, person.clothes, 255 - person.matte])
    seen = delta_e(lab_of(trial.before), lab_of(trial.after)) > SEEN_DE
    return float((seen & (other > 230) & (person.hair < 26)).sum() / (person.hair > 127).sum())
