"""A product with the person, by measure: in a hand that can hold it, or standing on a surface. For a CPU."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Setup, Step
from genkol.algorithms.object_interaction.cutout import Cutout, cut_out
from genkol.algorithms.object_interaction.grip import find_grip
from genkol.algorithms.object_interaction.hold import held
from genkol.algorithms.object_interaction.match import Look, look_of
from genkol.algorithms.object_interaction.scale import pixels_per_cm
from genkol.algorithms.object_interaction.spot import Spot, find_spot
from genkol.algorithms.object_interaction.stack import Stack
from genkol.algorithms.object_interaction.stand import standing
from genkol.artifacts import Face, Image, Layer, Person
from genkol.errors import NoPerson, Unsuitable
from genkol.services import OBJECT_INTERACTION, Aspect
from genkol.vision.salient import SalientFinder

REMEMBERED = 8
"""Products whose cut-outs are kept, about 3 MB each: to find one anew takes most of a step's time."""


class ProductPlacement(Algorithm):
    """Puts the photographed product itself into the picture; it is not drawn anew, and nothing of the person is.

    It asks for the hands, for the outline (a product stands free of it or in front of it) and for the place
    behind, whose light and colour it takes. It does not ask for face, hair or clothes: shade darkens
    whatever is beneath. What it writes moves the outline of the subject, which now holds something, and covers
    a part of the place.
    """

    service = OBJECT_INTERACTION
    name = "place"
    seeded = False
    effects = Effects(
        reads={Aspect.HANDS, Aspect.SILHOUETTE, Aspect.FOREGROUND, Aspect.BACKGROUND},
        writes={Aspect.HANDS, Aspect.SILHOUETTE, Aspect.BACKGROUND},
    )
    resources = Resources(cpus=2, memory_mib=500, seconds=0.4)
    weights: ClassVar[tuple[str, ...]] = ("salient-object",)

    class Params(algorithm.Params):
        """Where, how large and in what light."""

        where: Literal["auto", "hand", "beside", "front"] = Field(
            "auto", description="In a hand, beside the person or in front; auto takes the first of these that can be."
        )
        height_cm: float = Field(20.0, gt=1, le=250, description="Real height of the product as its photo shows it.")
        hand: Literal["auto", "left", "right"] = Field("auto", description="Which of the person's own hands.")
        side: Literal["auto", "left", "right"] = Field("auto", description="Side of the picture for beside and front.")
        tilt: float = Field(0.0, ge=-45, le=45, description="Degrees to turn a held product, clockwise.")
        harmonise: float = Field(0.6, ge=0, le=1, description="How far the product takes the portrait's light.")
        shadow: float = Field(1.0, ge=0, le=1, description="Shade where the product touches and behind it.")
        surface: bool = Field(True, description="Draw a table where the lower edge cuts the person.")

    def setup(self, setup: Setup) -> None:
        self._salient = SalientFinder(setup.weights("salient-object"))
        self._known: dict[str, Cutout] = {}

    def run(self, portrait: Image, face: Face, person: Person, product: Image, *, params: Params, step: Step) -> Layer:
        """Return the product as a layer that covers.

        Raises:
            Unsuitable: the product cannot be cut out, no hand can hold it, or there is no place for it.
            NoPerson: the matte is empty.
        """
        if not person.matte.any():
            raise NoPerson("The matte is empty: nobody is there to show a product. Use a picture of a person.")
        step.progress(0.1)
        thing = self._cutout(product)
        step.progress(0.6)
        look, scale = look_of(portrait.pixels, face), pixels_per_cm(face)
        stack = Stack(portrait.height, portrait.width)
        if params.where in ("auto", "hand"):
            try:
                signs = params.where == "hand"
                grip = find_grip(thing, scale, params.height_cm, params.hand, face, person, signs)
            except Unsuitable:
                if params.where == "hand":
                    raise
            else:
                held(stack, thing, grip, look, person, params.tilt, params.harmonise, params.shadow)
                return stack.layer("Product in hand")
        step.progress(0.8)
        spot = self._spot(thing, scale, face, person, params)
        self._stand(stack, portrait, person, thing, spot, look, params)
        return stack.layer("Product")

    def _cutout(self, product: Image) -> Cutout:
        """Return the product cut out; once for all portraits of a campaign."""
        name = product.digest
        thing = self._known.get(name)
        if thing is None:
            thing = cut_out(product, self._salient)
            for old in list(self._known)[: 1 - REMEMBERED]:
                self._known.pop(old, None)
            self._known[name] = thing
        return thing

    @staticmethod
    def _spot(thing: Cutout, scale: float, face: Face, person: Person, params: Params) -> Spot:
        def at(where: str) -> Spot:
            return find_spot(where, params.side, scale, params.height_cm, thing, face, person)

        if params.where == "front":
            return at("front")
        try:
            return at("beside")
        except Unsuitable:
            if params.where == "beside":
                raise
            return at("front")

    @staticmethod
    def _stand(
        stack: Stack, portrait: Image, person: Person, thing: Cutout, spot: Spot, look: Look, params: Params
    ) -> None:
        standing(
            stack, portrait.pixels, person, thing, spot, look, params.harmonise, params.shadow, surface=params.surface
        )
