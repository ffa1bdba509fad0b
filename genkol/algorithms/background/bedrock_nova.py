"""A place in words, painted by Amazon Nova Canvas behind the person. The portrait leaves the cluster; each picture is
paid for.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Remote, Resources, Setup, Step
from genkol.algorithms.background.composite import laid
from genkol.artifacts import F32, U8, Image, Layer, Person
from genkol.errors import NoPerson, Unsuitable
from genkol.remote import nova
from genkol.services import BACKGROUND, Aspect
from genkol.settings import settings
from genkol.vision.foreground import separated
from genkol.vision.relight import light_of, relit, wrapped
from genkol.vision.smooth import smoothed

KEEP = 40
"""Coverage above which the service is told to keep a pixel."""
RIM = 0.004
"""How near to the kept pixels the service's own edge shows, as a share of the longest side."""


class NovaBackground(Algorithm):
    """Puts the person into a place that is told in words, by a paid model in the cloud.

    The person stays the portrait's own: what comes back is used only where there is nothing of them, and shines
    through their soft edges.
    """

    service = BACKGROUND
    name = "bedrock-nova"
    version = nova.VERSION
    effects = Effects(reads={Aspect.SILHOUETTE}, writes={Aspect.BACKGROUND, Aspect.FOREGROUND})
    resources = Resources(cpus=0.5, memory_mib=500, seconds=12, price_usd=nova.PRICES[1024, "standard"])
    remote: ClassVar[Remote | None] = nova.REMOTE

    class Params(nova.NovaParams):
        """What must not be there, and how the person takes the light."""

        avoid: str = Field("", max_length=nova.MOST_TEXT, description="What must not be in the place, without 'no'.")
        outline: Literal["precise", "blended"] = Field(
            "precise", description="Precise keeps to the person's outline; blended lets the place reach over it."
        )
        harmonise: float = Field(
            0.3, ge=0, le=1, description="How far the person takes the place's light; 0 leaves every pixel of them."
        )
        wrap: float = Field(
            0.5, ge=0, le=1, description="The place's light that spills over the outline, as a share of harmonise."
        )
        clean: float = Field(
            1.0, ge=0, le=1, description="How far the outline is corrected where the old background is even."
        )

    def setup(self, setup: Setup) -> None:
        self._canvas = nova.NovaCanvas(settings())

    @classmethod
    def needs(cls, params: Any) -> Resources:
        return nova.priced(cls.resources, params)

    def run(self, portrait: Image, person: Person, prompt: str, *, params: Params, step: Step) -> Layer:
        """Return the place around the person.

        Raises:
            NoPerson: the matte is empty.
            Unsuitable: nothing but the person is in the picture, or the prompt is too long.
            Moderated, TooLarge, Overloaded, StepTimeout, RemoteFailed: as `genkol.remote` says.
        """
        sent = nova.resized(portrait.pixels, nova.fitted(portrait.size, params.size))
        size = (sent.shape[1], sent.shape[0])
        kept = (nova.resized(person.matte, size) > KEEP).astype(np.uint8)
        _check(kept)
        request = nova.backdrop_request(
            sent,
            kept,
            text=prompt,
            avoid=params.avoid,
            precise=params.outline == "precise",
            config=params.config(step.seed),
        )
        back = self._canvas.paint(request, size, step).pixels
        place = nova.resized(behind(back, kept), portrait.size)
        alpha: F32 = person.matte.astype(np.float32) / np.float32(255)
        alpha, subject = separated(portrait.pixels, alpha, params.clean)
        light = light_of(place)
        subject = wrapped(relit(subject, light, params.harmonise), alpha, place, params.wrap * params.harmonise)
        step.progress(0.95)
        return laid(portrait.pixels, person.matte, alpha, subject, place.astype(np.float32))


def behind(back: U8, kept: U8) -> U8:
    """Return the place without the person: what lies around them goes on beneath, softly.

    Args:
        back: (h, w, 3) uint8, the place with the person in it.
        kept: (h, w) uint8, 1 on the person.
    """
    reach = 2 * max(1, round(RIM * max(kept.shape))) + 1
    person = cv2.dilate(kept, np.ones((reach, reach), np.uint8))
    if person.all():
        person = kept
    known = (person == 0).astype(np.float32)
    total, weight = np.zeros(back.shape, np.float32), np.zeros(kept.shape, np.float32)
    for sigma, share in ((0.006, 1.0), (0.03, 1e-2), (0.15, 1e-4)):  # the wider counts where the nearer sees nothing
        spread = smoothed(np.dstack([back * known[..., None], known]).astype(np.float32), sigma * max(kept.shape))
        total += share * spread[..., :3]
        weight += share * spread[..., 3]
    rest = back[person == 0].mean(axis=0)
    filled = (total + 1e-7 * rest) / (weight + 1e-7)[..., None]
    return np.where(person[..., None] > 0, np.clip(np.rint(filled), 0, 255), back).astype(np.uint8)


def _check(kept: U8) -> None:
    share = float(kept.mean())
    if share == 0:
        raise NoPerson("The matte is empty: nobody stands before this background. Use a picture of a person.")
    if share > 0.98:
        raise Unsuitable(
            f"The person fills {share:.0%} of the picture; at least 2% of background is needed to change it. Use a "
            "picture with more around the person.",
            value=round(share, 3),
            expected=0.98,
        )
