"""What is measured of clothes: colour, folds, print, the old ones gone, nothing beside the body."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Person
from genkol.evaluation.gates.trial import Trial
from genkol.evaluation.gates.trunk import HIPS, breadth, placed_on, shows, torso
from genkol.evaluation.metrics.garment import coverage as covered_share
from genkol.evaluation.metrics.garment import spill as spilt_share
from genkol.evaluation.metrics.prints import plain_region
from genkol.evaluation.metrics.regions import (
    Mask,
    colours_of,
    fabric_difference,
    lightness_correlation,
    local_difference,
    median_lab,
    region_difference,
)
from genkol.vision.cloth import cloth_lab, exposure_of
from genkol.vision.colour import delta_e, lab_of, linear_of, rgb_of, srgb_of

LOCAL = 0.1
"""Reach of the mean colours that are compared, shoulder widths: wider than stripes and checks."""

NEW_DYE = 12.0
"""Usual change (dE) of dyed clothes from which its soft edges are left out; white on white has none."""

SHADED = (0.7, 1.2)
"""Shares of the chroma that shade and bright light may leave."""

SKIN_DE = 20.0
"""How far skin in light and shade is from its median, L* counted half."""

LEAST_PLAIN = 0.5
"""Share of the old clothes that has one colour, from which their lightness says where folds are."""


def garment_de(trial: Trial) -> float | None:
    """The colour of the worn trunk against the same part of the photo; of a fabric against all of its colours."""
    if trial.garment is None or trial.param("use") == "print":
        return None
    photo, where = trial.garment
    seen = torso(trial.person, trial.worn) & trial.worn
    if trial.param("use") == "fabric":
        return fabric_difference(photo, where, trial.after, seen)
    laid = None if trial.person is None else placed_on(trial.person, trial.arguments["garment"])
    if trial.person is None or laid is None:
        return region_difference(photo, where, trial.after, seen)
    return local_difference(photo, where, trial.after, seen, laid, LOCAL * breadth(trial.person))


def bare(trial: Trial) -> float | None:
    """How much of the trunk was painted in the colour of skin: a neckline that is too deep, a hem that is too high."""
    skin = _painted_skin(trial)
    trunk = trial.worn & torso(trial.person, trial.worn)
    return None if skin is None or not trunk.any() else float(skin[trunk].mean())


def invented(trial: Trial) -> float | None:
    """How much of what was painted is skin where clothes were: arms that nobody has seen."""
    skin = _painted_skin(trial)
    if skin is None or trial.person is None or not trial.worn.any():
        return None
    return float((skin & (trial.person.clothes > 127)).sum() / trial.worn.sum())


def _painted_skin(trial: Trial) -> Mask | None:
    """Return where the layer painted what is nearer to the person's skin than to any colour of the garment."""
    if trial.garment is None or trial.person is None:
        return None
    half = np.array([0.5, 1, 1], np.float32)  # light and shade count less than hue
    skin = median_lab(trial.before, np.maximum(trial.person.face_skin, trial.person.body_skin) > 200)
    if skin is None or not trial.garment[1].any():
        return None
    cloth = [colour * half for colour in colours_of(*trial.garment)]
    if min(float(np.linalg.norm(colour - skin * half)) for colour in cloth) < SKIN_DE / 2:
        return None
    seen = lab_of(trial.after[trial.worn]) * half
    to_skin = np.linalg.norm(seen - skin * half, axis=1)
    to_cloth = np.min([np.linalg.norm(seen - colour, axis=1) for colour in cloth], axis=0)
    found = np.zeros(trial.worn.shape, np.bool_)
    found[trial.worn] = (to_skin < to_cloth) & (to_skin < SKIN_DE)
    return found


def cloth_de(trial: Trial) -> float | None:
    """The colour of the dyed clothes against that of cloth in the asked colour, in the light of the picture.

    All that is dyed counts: light and shade of a whole garment have its plain light in their middle, the trunk alone
    may lie in the shade. What a shade takes of the lightness it takes of the chroma too: in CIELAB both go with the
    cube root of light.
    """
    asked = trial.algorithm.asked_colour(trial.params)
    if asked is None:
        return None
    lit = linear_of(rgb_of(cloth_lab(asked))) * np.float32(exposure_of(trial.before))
    return dyed_difference(trial, _changed(trial), lab_of(srgb_of(lit)), shaded=True)


def _changed(trial: Trial) -> Mask:
    """Return where worn cloth is changed for the most part: a soft edge has the colour of what it lies on, too."""
    change = delta_e(lab_of(trial.before), lab_of(trial.after))
    usual = float(np.median(change[trial.worn])) if trial.worn.any() else 0.0
    return np.asarray(trial.worn & (change >= usual / 2)) if usual > NEW_DYE else trial.worn


def dyed_difference(trial: Trial, dyed: Mask, target: F32, shaded: bool = False) -> float | None:
    """Return dE between the median colour of a dyed region and that which was asked for, as strongly as it was.

    Args:
        trial: whose params may have an ``intensity``.
        dyed: (H, W).
        target: (3,) CIELAB of the whole change.
        shaded: a* and b* are compared at the lightness that was found.
    """
    before, after = median_lab(trial.before, dyed), median_lab(trial.after, dyed)
    if before is None or after is None:
        return None
    intensity = trial.param("intensity")
    share = 1.0 if intensity is None else float(intensity)
    asked = before + share * (target - before)
    if shaded:
        asked[1:] *= np.clip((after[0] + 16) / (asked[0] + 16), *SHADED)
    return float(np.linalg.norm(after - asked))


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
    return lightness_correlation(trial.before, trial.after, plain, trial.param("pattern") not in (None, "none"))


def _plain(photo: U8, where: Mask) -> bool:
    return bool(where.any()) and float(plain_region(photo, where).sum()) > 0.7 * float(where.sum())


def coverage(trial: Trial) -> float | None:
    """How much of the old clothes is painted over, down to the hips or the new hem."""
    if trial.person is None:
        return None
    rows = slice(0, _hip_row(trial.person, trial.worn))
    closed = cv2.morphologyEx(trial.touched.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0
    return covered_share(trial.person.clothes, closed, rows)


def _hip_row(person: Person, worn: Mask) -> int:
    """Return the row down to which a garment must cover: the hips, or where they do not show its own hem."""
    if shows(person, HIPS):
        return int(np.clip(person.pose[list(HIPS), 1].mean(), 1, worn.shape[0]))
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
