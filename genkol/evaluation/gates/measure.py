"""What is measured of one step's result: the names that a limit may have, and how each is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Image
from genkol.evaluation.gates import cloth, faces, hair, product
from genkol.evaluation.gates.trial import Trial
from genkol.evaluation.metrics.landmarks import face_region
from genkol.evaluation.metrics.regions import LEAST_PIXELS, Mask, outside_difference, stray_share
from genkol.vision.colour import bytes_of, delta_e, lab_of
from genkol.vision.framing import covering

SCENE_BLUR = 0.02
"""How far a scene may be out of focus, as a share of the picture's longer side; finer things are not compared."""


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


def _reduced_de(trial: Trial) -> float:
    return float(delta_e(lab_of(trial.before), lab_of(trial.after)).mean())


def _scene_de(trial: Trial) -> float | None:
    """The colour of what is behind the person against the scene, as it is cut to the picture; blur does not move it."""
    scene = trial.arguments.get("scene")
    if not isinstance(scene, Image) or trial.person is None:
        return None
    if trial.param("scene_x") is None:
        return None
    x, y, zoom, mirror = (trial.param(name) for name in ("scene_x", "scene_y", "zoom", "mirror"))
    place = covering(scene.pixels, *Image(trial.before).size, x=x, y=y, zoom=zoom, mirror=mirror)
    behind = (trial.person.matte == 0).astype(np.float32)
    if behind.sum() < LEAST_PIXELS:
        return None
    one, other = (_blurred(pixels, behind) for pixels in (place, trial.after))
    return float(delta_e(lab_of(one), lab_of(other))[behind > 0].mean())


def _blurred(pixels: U8, inside: F32) -> U8:
    """Return the pixels as if out of focus, by those inside alone."""
    sigma = SCENE_BLUR * max(pixels.shape)
    weight = np.maximum(cv2.GaussianBlur(inside, (0, 0), sigma), 1e-3)[..., None]
    return bytes_of(cv2.GaussianBlur(pixels / np.float32(255) * inside[..., None], (0, 0), sigma) / weight)


def _folds(trial: Trial) -> float | None:
    return hair.strands(trial) if trial.algorithm.service.name == "hair-editing" else cloth.folds(trial)


METRICS: Mapping[str, Callable[[Trial], float | None]] = {
    "outside": _outside,
    "stray": _stray,
    "identity": faces.identity,
    "landmark_drift": faces.drift,
    "face_hidden": faces.hidden,
    "lightness_correlation": _folds,
    "garment_de": cloth.garment_de,
    "cloth_de": cloth.cloth_de,
    "coverage": cloth.coverage,
    "spill": cloth.spill,
    "print_likeness": cloth.print_likeness,
    "print_turn": cloth.print_turn,
    "print_stretch": cloth.print_stretch,
    "hair_de": hair.colour,
    "hair_spill": hair.spill,
    "product_likeness": product.likeness,
    "product_visible": product.visible,
    "product_de": product.colour,
    "product_size": product.size,
    "scene_de": _scene_de,
    "reduced_de": _reduced_de,
}
"""Every metric that a limit may name."""
