"""Another colour for the hair: by name, by CSS hex, or that of a reference; strands and shine stay."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field, field_validator

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.algorithms.hair_editing.colours import COLOURS, hex_of, lab_of_colour
from genkol.algorithms.hair_editing.dye import Dye
from genkol.algorithms.hair_editing.strands import Hair, Tone, ramp
from genkol.artifacts import F32, Image, Layer, Person
from genkol.compose import affine, at
from genkol.errors import Unsuitable
from genkol.services import HAIR_EDITING, Aspect
from genkol.vision.colour import rgb_of


class HairRecolour(Algorithm):
    """Dyes the hair."""

    service = HAIR_EDITING
    name = "recolour"
    seeded = False
    general = False
    effects = Effects(reads={Aspect.HAIR}, writes={Aspect.HAIR})
    resources = Resources(cpus=1, memory_mib=256, seconds=0.1)

    class Params(algorithm.Params):
        """Which colour, and how much of it."""

        colour: str | None = Field(
            None, description=f"CSS hex like #7a3b2e, or one of: {', '.join(COLOURS)}. None takes that of 'hairstyle'."
        )
        intensity: float = Field(0.95, ge=0, le=1, description="0 keeps the portrait, 1 is the whole change.")
        lift: float | None = Field(
            None, ge=0, le=1, description="How far the lightness goes to that of the colour. None finds it."
        )
        roots: float = Field(0.3, ge=0, le=1, description="How dark the roots of lightened hair stay.")
        variety: float = Field(0.35, ge=0, le=1, description="How much of the hair's own differences of hue stays.")

        @field_validator("colour")
        @classmethod
        def _known(cls, colour: str | None) -> str | None:
            if colour is not None:
                hex_of(colour)
            return colour

    @classmethod
    def check(cls, params: Params, given: frozenset[str]) -> str | None:
        if params.colour is None and "hairstyle" not in given:
            return f"give a photo as 'hairstyle', or set 'colour' to CSS hex or one of: {', '.join(COLOURS)}"
        if params.colour is not None and "hairstyle" in given:
            return f"colour={params.colour!r} and a 'hairstyle' photo were both given: leave one out"
        return None

    def run(
        self,
        portrait: Image,
        person: Person,
        hairstyle: Image | None = None,
        hairstyle_person: Person | None = None,
        *,
        params: Params,
        step: Step,
    ) -> Layer:
        hair = Hair.of(portrait.pixels, person, "portrait")
        if params.colour is not None:
            dye = Dye.of(lab_of_colour(params.colour))
        elif hairstyle is not None and hairstyle_person is not None:
            worn = Hair.of(hairstyle.pixels, hairstyle_person, "hairstyle").tone
            dye = Dye.of(worn.lab, worn.spread)
        else:
            raise Unsuitable("Hair needs a 'colour' or a photo as 'hairstyle'.", expected=sorted(COLOURS))
        step.progress(0.3)
        paint = dyed(hair, dye, params)
        step.progress(0.9)
        return affine(paint, 0.0, at(hair.box.left, hair.box.top), title=f"Hair: {params.colour or 'as in the photo'}")


def dyed(hair: Hair, dye: Dye, params: HairRecolour.Params) -> F32:
    """Return (h, w, 3) in 8-bit levels, signed: what the dye adds to the hair's pixels."""
    touched = hair.weight > 0
    lab, weight = hair.lab[touched], hair.weight[touched]
    lift = 1.0 if params.lift is None else params.lift
    new = np.empty_like(lab)
    new[:, 0] = lightness(lab[:, 0], hair.tone, dye, lift)
    own = Dye.of(hair.tone.lab).hue_at(lab[:, 0])
    new[:, 1:] = dye.hue_at(new[:, 0]) + params.variety * (lab[:, 1:] - own)
    paint = np.zeros(hair.pixels.shape, np.float32)
    paint[touched] = (rgb_of(new) - rgb_of(lab)) * 255 * (weight * params.intensity)[:, None]
    return paint


def lightness(old: F32, tone: Tone, dye: Dye, lift: float) -> F32:
    """Return the new L of each pixel."""
    gain = float(np.clip((dye.spread / tone.spread) ** 0.6, 0.55, 1.9))
    middle = tone.lab[0] + lift * (dye.lab[0] - tone.lab[0])
    moved = middle + gain * (old - tone.lab[0])
    return np.asarray(np.clip(moved, 0, 100), np.float32)
