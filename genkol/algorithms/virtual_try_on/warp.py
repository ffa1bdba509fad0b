"""A flat garment photo put onto the person: cut out, bent to the body, shaded, with hands and hair in front."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Setup, Step
from genkol.algorithms.virtual_try_on.bare import Inpainter, even_ground
from genkol.algorithms.virtual_try_on.body import body_of
from genkol.algorithms.virtual_try_on.drape import Drape
from genkol.algorithms.virtual_try_on.dressing import Dressing
from genkol.algorithms.virtual_try_on.lower import lower_wear, old_hem
from genkol.algorithms.virtual_try_on.refusals import (
    check_drape,
    check_length,
    check_picture,
    check_seat,
    check_sleeves,
)
from genkol.algorithms.virtual_try_on.skinning import fit
from genkol.algorithms.virtual_try_on.told import told_apart
from genkol.artifacts import U8, Face, Image, Layer, Person
from genkol.services import VIRTUAL_TRY_ON, Aspect
from genkol.vision.garment_cutout import cut_out
from genkol.vision.garment_landmarks import landmarks_of


class GarmentWarp(Algorithm):
    """T-shirts, shirts, hoodies and dresses, from the front, on a body that faces the camera."""

    service = VIRTUAL_TRY_ON
    name = "warp"
    seeded = False
    effects = Effects(
        reads={Aspect.CLOTHES, Aspect.SILHOUETTE, Aspect.HANDS}, writes={Aspect.CLOTHES, Aspect.SILHOUETTE}
    )
    resources = Resources(cpus=2, memory_mib=900, seconds=1.1)
    weights: ClassVar[tuple[str, ...]] = ("migan",)

    class Params(algorithm.Params):
        """What the garment is, and how it is lit."""

        kind: Literal["t-shirt", "long-sleeve", "hoodie", "shirt", "dress"] | None = Field(
            None, description="What the garment is; found from its outline when left out."
        )
        shading: float = Field(0.7, ge=0, le=1, description="How much of the body's light the garment takes on.")

    def setup(self, setup: Setup) -> None:
        self._inpaint = Inpainter(setup.weights("migan"))

    def run(self, portrait: Image, face: Face, person: Person, garment: Image, *, params: Params, step: Step) -> Layer:
        """Return the dressed person as a layer over the old clothes.

        Raises:
            Unsuitable: the body is not seen from the front, its arms or the light do not allow it, or the garment is
                not one for the upper body.
        """
        check_picture(portrait.pixels)
        person = told_apart(portrait.pixels, person)
        body = body_of(person, face)
        check_seat(person, body)
        cloth = cut_out(garment)
        marks = landmarks_of(cloth, params.kind)
        step.progress(0.15)
        hem = None if marks.kind == "dress" else old_hem(portrait.pixels, person, body)
        sized = fit(marks, body, hem)
        check_sleeves(sized)
        check_length(sized)
        line = sized.hem - 0.03 * body.span if hem is None else hem
        lower = lower_wear(portrait.pixels, person, body, line, hem is not None)
        dressing = Dressing(portrait.pixels, person, face, body, sized, cloth, lower)
        drape = dressing.drape(params.shading)
        check_drape(drape, person)
        step.progress(0.45)
        ground = self._ground(dressing, drape)
        step.progress(0.9)
        return dressing.layer(drape, ground, f"Garment: {marks.kind}")

    def _ground(self, dressing: Dressing, drape: Drape) -> U8:
        """Return the picture with the person taken out, where old clothes reach beyond the new body."""
        gap = dressing.gone * (1 - drape.alpha) * (1 - dressing.skin_prior(drape))
        if float((gap > 0.3).sum()) < 30:
            return dressing.pixels
        hole = cv2.dilate((dressing.person.matte > 8).astype(np.float32), np.ones((9, 9), np.uint8))
        even = even_ground(dressing.pixels, hole)
        return self._inpaint(dressing.pixels, hole) if even is None else even
