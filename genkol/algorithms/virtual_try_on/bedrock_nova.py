"""A garment put on by Amazon Nova Canvas. The portrait and the garment leave the cluster; each picture is paid for."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Remote, Resources, Setup, Step
from genkol.algorithms.virtual_try_on.asked import region_asked, region_told
from genkol.artifacts import F32, U8, Image, Layer, Person
from genkol.compose import change
from genkol.errors import NoPerson, RemoteFailed
from genkol.remote import nova
from genkol.services import VIRTUAL_TRY_ON, Aspect
from genkol.settings import settings
from genkol.vision.returned import brought_back

MOST_ASTRAY = 24.0
"""Mean difference in levels outside the region, above which what came back is not the picture that was sent."""
LEAST_CHANGE = 1.0
"""Mean difference in levels inside the region, below which nothing was put on."""


class NovaTryOn(Algorithm):
    """Garments of any kind on people in any pose, by a paid model in the cloud.

    Only the region that the service says it dressed is taken over, without the face, the hair and what lies outside
    the clothes; where it says nothing, the clothes, arms and legs that the person's parts show.
    """

    service = VIRTUAL_TRY_ON
    name = "bedrock-nova"
    version = nova.VERSION
    effects = Effects(
        reads={Aspect.CLOTHES, Aspect.SILHOUETTE, Aspect.HANDS}, writes={Aspect.CLOTHES, Aspect.SILHOUETTE}
    )
    resources = Resources(cpus=0.5, memory_mib=400, seconds=12, price_usd=nova.PRICES[1024, "standard"])
    remote: ClassVar[Remote | None] = nova.REMOTE

    class Params(nova.NovaParams):
        """What the garment is and how it is worn."""

        kind: Literal["upper-body", "lower-body", "full-body", "footwear"] = Field(
            "upper-body", description="Which part of the clothes the garment replaces."
        )
        sleeves: Literal["down", "up"] | None = Field(None, description="Wear long sleeves down or rolled up.")
        tucking: Literal["tucked", "untucked"] | None = Field(None, description="Wear a top tucked in or not.")
        outer: Literal["open", "closed"] | None = Field(None, description="Wear a jacket open or closed.")
        merge: Literal["balanced", "seamless", "detailed"] = Field(
            "balanced", description="Seamless hides the seam; detailed keeps prints and logos best."
        )

    def setup(self, setup: Setup) -> None:
        self._canvas = nova.NovaCanvas(settings())

    @classmethod
    def needs(cls, params: Any) -> Resources:
        return nova.priced(cls.resources, params)

    def run(self, portrait: Image, person: Person, garment: Image, *, params: Params, step: Step) -> Layer:
        """Return what the service changed, as a change within its region.

        Raises:
            NoPerson: nobody is there to be dressed.
            Unsuitable, Moderated, TooLarge, Overloaded, StepTimeout, RemoteFailed: as `genkol.remote` says.
        """
        if not person.matte.any():
            raise NoPerson("The matte is empty: nobody is there to be dressed. Use a picture of a person.")
        sent = nova.resized(portrait.pixels, nova.fitted(portrait.size, params.size))
        request = nova.try_on_request(
            sent,
            garment,
            garment_class=params.kind.upper().replace("-", "_"),
            styling=_styling(params),
            merge=params.merge.upper(),
            config=params.config(step.seed),
        )
        answer = self._canvas.paint(request, (sent.shape[1], sent.shape[0]), step)
        weight = _region(portrait.pixels, person, answer.changed, params.kind)
        _check(
            sent, answer.pixels, nova.resized(np.rint(weight * 255).astype(np.uint8), (sent.shape[1], sent.shape[0]))
        )
        dressed = brought_back(portrait.pixels, sent, answer.pixels)
        step.progress(0.95)
        return change(portrait.pixels, dressed, weight, title="Garment")


def _region(pixels: U8, person: Person, told: U8 | None, kind: str) -> F32:
    """Return where the answer counts: where the service says, else where it was asked to."""
    weight = None if told is None else region_told(told, person, pixels)
    return region_asked(person, pixels, kind) if weight is None else weight


def _styling(params: NovaTryOn.Params) -> dict[str, str]:
    said = {
        "longSleeveStyle": params.sleeves and f"SLEEVE_{params.sleeves.upper()}",
        "tuckingStyle": params.tucking and params.tucking.upper(),
        "outerLayerStyle": params.outer and params.outer.upper(),
    }
    return {name: value for name, value in said.items() if value}


def _check(sent: U8, back: U8, region: U8) -> None:
    """Refuse a picture of something else, and one in which nothing was put on."""
    moved = np.abs(back.astype(np.float32) - sent).mean(axis=2)
    outside, inside = region == 0, region > 127
    astray = float(moved[outside].mean()) if outside.mean() > 0.02 else 0.0
    if astray > MOST_ASTRAY:
        raise RemoteFailed(
            f"What came back is not the picture that was sent: it differs by {astray:.0f} levels where no garment was "
            f"asked for, at most {MOST_ASTRAY:.0f} are usual. Try another seed or algorithm.",
            value=round(astray, 1),
            expected=MOST_ASTRAY,
            repeatable=False,
        )
    done = float(moved[inside].mean()) if inside.any() else 0.0
    if done < LEAST_CHANGE:
        raise RemoteFailed(
            f"The picture came back unchanged: {done:.1f} levels of difference where the garment should be, at least "
            f"{LEAST_CHANGE:.0f} is due. Try another seed, another `kind` or another garment photo.",
            value=round(done, 2),
            expected=LEAST_CHANGE,
            repeatable=False,
        )
