"""Another place behind the person: clean edges, the place's light, a shadow under the feet. No weights."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.algorithm import Params as BaseParams
from genkol.artifacts import F32, U8, Image, Layer, Person
from genkol.compose import affine
from genkol.errors import NoPerson, Unsuitable
from genkol.services import BACKGROUND, Aspect
from genkol.vision.foreground import separated
from genkol.vision.framing import covering, defocused
from genkol.vision.relight import light_of, relit, strength, wrapped
from genkol.vision.shadow import FEET, LEAST_FALL, contact_shadow, stands, thigh_fall

MOST_GAP = 0.02
"""Share of the picture's height by which a person without feet may end above its lower edge."""


class CompositeBackground(Algorithm):
    """Puts the person before a scene.

    The layer replaces only where there is nothing of the person. On the person, soft edges included, it is
    a pure change (opacity 0), so that makeup, hair colour or clothes painted at the same time show through
    unharmed, in either order.
    """

    service = BACKGROUND
    name = "composite"
    seeded = False
    effects = Effects(reads={Aspect.SILHOUETTE}, writes={Aspect.BACKGROUND, Aspect.FOREGROUND})
    resources = Resources(cpus=1, memory_mib=500, seconds=0.5)

    class Params(BaseParams):
        """Knobs of framing and light."""

        harmonise: float = Field(
            0.45, ge=0, le=1, description="How far the person takes the scene's light, more in the dark; 0 leaves them."
        )
        wrap: float = Field(
            0.5, ge=0, le=1, description="Scene light that spills over the outline, as a share of harmonise."
        )
        blur: float = Field(0.3, ge=0, le=2, description="Depth of field: how far the scene is out of focus.")
        clean: float = Field(
            1.0, ge=0, le=1, description="How far the outline is corrected where the old background is even."
        )
        shadow: float = Field(1.0, ge=0, le=1, description="Shadow under the feet, where both show.")
        support: bool = Field(
            False, description="The scene has a seat or a desk where the person needs it; else they are refused."
        )
        scene_x: float = Field(0.5, ge=0, le=1, description="Part of a wide scene to show: 0 left, 1 right.")
        scene_y: float = Field(0.5, ge=0, le=1, description="Part of a tall scene to show: 0 top, 1 bottom.")
        zoom: float = Field(1.0, ge=1, le=4, description="Enlarge the scene.")
        mirror: bool = Field(False, description="Swap the scene's left and right.")

    def run(self, portrait: Image, person: Person, scene: Image, *, params: Params, step: Step) -> Layer:
        """Return the scene about the person, and the person in its light.

        Raises:
            NoPerson: the matte is empty.
            Unsuitable: the person sits on, or is cut off by, what would stay behind.
        """
        if not person.matte.any():
            raise NoPerson("The matte is empty: nobody stands before this background. Use a picture of a person.")
        if not params.support:
            _require_support(person, *portrait.size)
        alpha: F32 = person.matte.astype(np.float32) / np.float32(255)
        place = covering(
            scene.pixels, *portrait.size, x=params.scene_x, y=params.scene_y, zoom=params.zoom, mirror=params.mirror
        )
        standing = stands(person.pose, *portrait.size)
        place = defocused(place, params.blur, int(person.pose[FEET, 1].max()) if standing else None)
        light = light_of(place)
        step.progress(0.2)
        ground: F32 = place.astype(np.float32)
        shade = contact_shadow(alpha, person.pose, light.side) if params.shadow > 0 else None
        if shade is not None:
            ground = (ground * (1 - params.shadow * (1 - shade))[..., None]).astype(np.float32)
        alpha, subject = separated(portrait.pixels, alpha, params.clean)
        step.progress(0.6)
        subject = relit(subject, light, strength(light, params.harmonise))
        subject = wrapped(subject, alpha, place, params.wrap * params.harmonise)
        step.progress(0.9)
        return laid(portrait.pixels, person.matte, alpha, subject, ground)


def _require_support(person: Person, width: int, height: int) -> None:
    """Refuse a person who would float, for what bears or hides them stays behind: a chair, a desk."""
    fall = thigh_fall(person.pose, width, height)
    if fall is not None and fall < LEAST_FALL:
        raise Unsuitable(
            f"The person sits, and the seat stays behind with the old place: the knees lie {fall:.2f} lengths of the "
            f"torso below the hips (at least {LEAST_FALL} where one stands). Crop the portrait above the knees, or set "
            "'support' where the scene has a seat at that place.",
            value=round(fall, 2),
            expected=LEAST_FALL,
        )
    if len(person.pose) == 0 or stands(person.pose, width, height):
        return
    rows = np.flatnonzero((person.matte > 128).mean(axis=1) > 0.02)
    gap = 1 - (float(rows[-1]) + 1) / height if len(rows) else 0.0
    if gap > MOST_GAP:
        raise Unsuitable(
            f"The person would float: they end {gap:.0%} of the picture above its lower edge (at most {MOST_GAP:.0%}), "
            "and no feet are seen, so that something hides them which stays behind, as a desk does. Crop the portrait "
            "to where the person is whole, or set 'support' where the scene has the like at that place.",
            value=round(gap, 3),
            expected=MOST_GAP,
        )


def laid(old: U8, matte: U8, alpha: F32, subject: F32, ground: F32) -> Layer:
    """The scene where there is no person; on the person the difference from the portrait."""
    a = alpha[..., None]
    painted = np.clip(subject * a + ground * (1 - a), 0, 255)
    outside = matte == 0
    paint = np.where(outside[..., None], ground, painted - old)
    return affine(paint.astype(np.float32), outside.astype(np.uint8) * np.uint8(255), title="Background")
