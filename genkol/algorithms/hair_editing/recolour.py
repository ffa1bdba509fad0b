"""Another colour for the hair: by name, by CSS hex, or that of a reference; strands and shine stay."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Setup, Step
from genkol.algorithms.hair_editing.colours import COLOURS, hex_of, lab_of_colour
from genkol.algorithms.hair_editing.dye import Dye
from genkol.algorithms.hair_editing.finding import coverage, head_of
from genkol.algorithms.hair_editing.light import Light, lightness, roots_of
from genkol.algorithms.hair_editing.strands import Hair
from genkol.artifacts import F32, Image, Layer, Person
from genkol.compose import affine, at
from genkol.errors import Unsuitable
from genkol.services import HAIR_EDITING, Aspect
from genkol.vision.colour import lab_of, rgb_of
from genkol.vision.models import LiteModel
from genkol.vision.segments import Segmenter

MONOCHROME = 0.2  # of the usual hue of skin; less, and the picture has none to speak of
LEAST_CHROMA = 5.0  # CIELAB; less looks grey
ROOT_DEPTH = 0.7  # share of the lift that is missing right at the skin


class HairRecolour(Algorithm):
    """Dyes the hair."""

    service = HAIR_EDITING
    name = "recolour"
    seeded = False
    general = False
    effects = Effects(reads={Aspect.HAIR}, writes={Aspect.HAIR})
    resources = Resources(cpus=1, memory_mib=300, seconds=0.15)
    weights: ClassVar[tuple[str, ...]] = ("selfie-multiclass",)

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

    @classmethod
    def asked_colour(cls, params: Params) -> tuple[int, int, int] | None:
        if params.colour is None or params.lift is not None:
            return None
        red, green, blue = bytes.fromhex(hex_of(params.colour)[1:])
        return red, green, blue

    def setup(self, setup: Setup) -> None:
        self._segmenter = Segmenter(LiteModel(setup.weights("selfie-multiclass")))

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
        head = head_of(person, "portrait")
        part = head.of(portrait.pixels)
        hair = Hair(coverage(part, person, head, self._segmenter), part)
        light = Light.of(portrait.pixels, person)
        if params.colour is not None:
            wanted = lab_of_colour(params.colour)
            dye = Dye.of(wanted, light.exposure, light.colour)
        elif hairstyle is not None and hairstyle_person is not None:
            head_of(hairstyle_person, "hairstyle")
            worn = Hair(hairstyle_person.hair.astype(np.float32) / np.float32(255), hairstyle.pixels).tone
            wanted = worn.lab
            lit = min(1.0, light.exposure / Light.of(hairstyle.pixels, hairstyle_person).exposure)
            dye = Dye(worn.lab * np.float32(lit), worn.deep * lit, worn.shine * lit)
        else:
            raise Unsuitable("Hair needs a 'colour' or a photo as 'hairstyle'.", expected=sorted(COLOURS))
        _require_hue(light, wanted)
        step.progress(0.3)
        paint = dyed(hair, dye, roots_of(head.of(person.face_skin)), params)
        step.progress(0.9)
        return affine(paint, 0.0, at(head.left, head.top), title=f"Hair: {params.colour or 'as in the photo'}")


def dyed(hair: Hair, dye: Dye, roots: F32, params: HairRecolour.Params) -> F32:
    """Return (h, w, 3) in 8-bit levels, signed: what the dye adds to the hair's pixels."""
    touched, weight = hair.touched, hair.weight[hair.touched][:, None]
    lab = lab_of(hair.colours)
    new = np.empty_like(lab)
    new[:, 0] = lightness(lab[:, 0], hair.tone, dye, 1.0 if params.lift is None else params.lift)
    new[:, 0] -= ROOT_DEPTH * params.roots * roots[touched] * np.maximum(new[:, 0] - lab[:, 0], 0)
    new[:, 1:] = dye.hue_at(new[:, 0]) + params.variety * (lab[:, 1:] - hair.own_hue_at(lab[:, 0]))
    colour, before = rgb_of(new), hair.pixels[touched] * np.float32(1 / 255)
    after = before + (colour - hair.colours) * weight
    # A pixel that hair covers in part lies between the dye and what is behind, whatever the estimates say.
    after = np.minimum(np.maximum(after, np.minimum(before, colour)), np.maximum(before, colour))
    paint = np.zeros(hair.pixels.shape, np.float32)
    paint[touched] = (after - before) * np.float32(255 * params.intensity)
    return paint


def _require_hue(light: Light, wanted: F32) -> None:
    chroma = float(np.hypot(wanted[1], wanted[2]))
    if light.colour < MONOCHROME and chroma > LEAST_CHROMA:
        raise Unsuitable(
            f"The portrait is black and white (its skin bears {light.colour:.0%} of the usual hue, at least "
            f"{MONOCHROME:.0%} is needed): hair of chroma {chroma:.0f} would look painted on. Give a colour photo, or "
            "a grey or black for the hair.",
            port="portrait",
            value=round(light.colour, 3),
            expected=MONOCHROME,
        )
