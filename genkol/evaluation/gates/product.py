"""What is measured of a product: that it is there, how much of it shows, in which colour and how large."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import U8, Image
from genkol.errors import Unsuitable
from genkol.evaluation.gates.trial import Trial
from genkol.evaluation.metrics.found import Found, find
from genkol.evaluation.metrics.regions import Mask, region_difference
from genkol.vision.garment_cutout import cut_out

EYE_CORNERS_CM = 8.9
"""Between the outer eye corners of adults (Farkas, "Anthropometry of the Head and Face", 1994)."""


def likeness(trial: Trial) -> float | None:
    """How like its photo the product looks where it was found."""
    found = _found(trial)
    return None if found is None else found.likeness


def size(trial: Trial) -> float | None:
    """By which factor the product is too large or too small, for its height in cm and the size of the face."""
    found = _found(trial)
    return None if found is None else max(found.size, 1 / found.size)


def visible(trial: Trial) -> float | None:
    """How much of the product shows: neither beyond the picture nor behind fingers."""
    return None if (laid := _laid(trial)) is None else laid[1]


def colour(trial: Trial) -> float | None:
    """The colour of what shows against the photo's."""
    laid, cut = _laid(trial), _cut(trial)
    return None if laid is None or cut is None else region_difference(cut[0], cut[1], trial.after, laid[0])


def _found(trial: Trial) -> Found | None:
    return trial.once("product found", lambda: _find(trial))


def _find(trial: Trial) -> Found | None:
    cut, height_cm = _cut(trial), trial.param("height_cm")
    if cut is None or height_cm is None or trial.faces is None or not trial.faces[0].frontal:
        return None
    face = trial.faces[0]
    eyes = float(np.linalg.norm(face.landmarks[36] - face.landmarks[45])) / max(0.5, np.cos(np.radians(face.yaw)))
    return find(*cut, trial.after, trial.opacity > 127, height_cm * eyes / EYE_CORNERS_CM)


def _cut(trial: Trial) -> tuple[U8, Mask] | None:
    """The product's photo cut to its bounds, and the product in it; None where it does not stand out."""
    return trial.once("product cut", lambda: _cut_out(trial.arguments.get("product")))


def _cut_out(photo: object) -> tuple[U8, Mask] | None:
    if not isinstance(photo, Image):
        return None
    try:
        where = cv2.resize(cut_out(photo).alpha, photo.size, interpolation=cv2.INTER_LINEAR) > 0.5
    except Unsuitable:
        return None
    x, y, w, h = cv2.boundingRect(where.astype(np.uint8))
    part = np.s_[y : y + h, x : x + w]
    return photo.pixels[part], np.asarray(where[part])


def _laid(trial: Trial) -> tuple[Mask, float] | None:
    """Where the product shows in the picture, (H, W), and which share of it that is."""
    found, cut = _found(trial), _cut(trial)
    if found is None or cut is None:
        return None
    h, w = trial.opacity.shape
    covers = cv2.warpAffine(cut[1].astype(np.float32), found.placement, (w, h)) > 0.5
    whole = float(cut[1].sum()) * abs(float(np.linalg.det(found.placement[:, :2])))
    shown: Mask = covers & (trial.opacity > 127)
    return shown, min(1.0, float(shown.sum()) / max(whole, 1.0))
