"""What the result of each service must keep, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from genkol.algorithm import Algorithm
from genkol.services import Aspect


@dataclass(frozen=True)
class Limit:
    """One thing that must hold.

    Args:
        metric: its name among the measured values (`genkol.evaluation.gates.measure`).
        most: largest value that passes, or None.
        least: smallest value that passes, or None.
        what: for people, as the subject of a sentence.
        percent: say the value as a percentage.
    """

    metric: str
    what: str
    most: float | None = None
    least: float | None = None
    percent: bool = False

    def holds(self, value: float) -> bool:
        """Whether a measured value passes; a value that is no number does not."""
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def reason(self, value: float) -> str:
        """What is wrong with a value that does not pass."""
        bound = f"at most {self.said(self.most)}" if self.most is not None else f"at least {self.said(self.least or 0)}"
        return f"{self.what} is {self.said(value)}, {bound} passes"

    def said(self, value: float) -> str:
        """The value for people."""
        return f"{value:.1%}" if self.percent else f"{value:.3g}"


OUTSIDE = Limit("outside", "the largest difference outside the layer", most=0)
STRAY = Limit("stray", "the change outside the asked region", most=0.05, percent=True)
DRIFT = Limit("landmark_drift", "the drift of the face's landmarks (share of the eye distance)", most=0.1)
HIDDEN = Limit("face_hidden", "the part of the face that is covered", most=0.03, percent=True)
FOLDS = Limit("lightness_correlation", "the correlation of lightness before and after", least=0.5)


def identity(most: float) -> Limit:
    """The person stays the same: a limit of the embedding's distance."""
    return Limit("identity", "the identity distance of the face", most=most)


SAME = identity(0.25)
MADE_UP = identity(0.45)

SAME_PERSON = (OUTSIDE, SAME, DRIFT, HIDDEN, STRAY, FOLDS)
"""What holds wherever hair or clothes change and the person does not."""

LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "makeup-transfer": (OUTSIDE, MADE_UP, DRIFT, STRAY),
    "hair-editing": (
        *SAME_PERSON,
        Limit("identity_with_hair", "the identity distance of the face with its new hair", most=0.45),
        Limit("hair_de", "the difference of the hair from the asked colour (dE)", most=12),
        Limit("hair_spill", "the dyed skin, cloth and ground, as a share of the hair,", most=0.03, percent=True),
    ),
    "virtual-try-on": (
        *SAME_PERSON,
        Limit("cloth_de", "the difference of the dyed clothes from the asked colour (dE)", most=6),
        Limit("garment_de", "the colour difference of the worn garment from its photo (dE)", most=6),
        Limit("bare", "the part of the dressed trunk that is skin", most=0.1, percent=True),
        Limit("invented", "the part of the new clothes that is invented skin", most=0.15, percent=True),
        Limit("coverage", "the part of the old clothes that is covered", least=0.98, percent=True),
        Limit("spill", "the part of the garment beside the body", most=0.08, percent=True),
        Limit("print_likeness", "the likeness of the print", least=0.5),
        Limit("print_turn", "the turn of the print in degrees", most=20),
        Limit("print_stretch", "the stretch of the print", most=1.35),
    ),
    "object-interaction": (
        OUTSIDE,
        SAME,
        DRIFT,
        HIDDEN,
        Limit("product_likeness", "the likeness of the product", least=0.5),
        Limit("product_visible", "the part of the product that shows", least=0.5, percent=True),
        Limit("product_de", "the colour difference of the product from its photo (dE)", most=20),
        Limit("product_size", "the factor by which the product's size is off", most=1.8),
    ),
    "background": (
        OUTSIDE,
        SAME,
        DRIFT,
        HIDDEN,
        Limit("scene_de", "the colour difference of the place from its picture (dE)", most=6),
    ),
    "upscaling": (
        SAME,
        DRIFT,
        Limit("reduced_de", "the difference of the reduced picture from its original (dE)", most=3),
    ),
}
"""Service to limits. Of a metric that cannot be measured (no face, no print) nothing is asked."""

KEEPS_SHAPE = frozenset({"stray", "lightness_correlation"})
"""Metrics that hold for algorithms which keep the silhouette (recolouring), not for those that replace."""

REPLACES = frozenset({"coverage", "spill", "bare", "invented"})
"""Metrics for algorithms that put another garment on."""


def limits_for(algorithm: type[Algorithm]) -> tuple[Limit, ...]:
    """Return what an algorithm's results must keep; nothing for services without a picture."""
    keeps = Aspect.SILHOUETTE not in algorithm.effects.writes
    dropped = REPLACES if keeps else KEEPS_SHAPE
    return tuple(limit for limit in LIMITS.get(algorithm.service.name, ()) if limit.metric not in dropped)
