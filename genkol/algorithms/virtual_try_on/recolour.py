"""A new colour, pattern or print on the clothes that are worn, in their own folds and light. No weights."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from PIL import ImageColor
from pydantic import Field, field_validator

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.algorithms.virtual_try_on.dye.cut import clothes_box, cut, even
from genkol.algorithms.virtual_try_on.dye.design import Design, painted
from genkol.algorithms.virtual_try_on.dye.drape import draped
from genkol.algorithms.virtual_try_on.dye.frame import Frame, frame_of, frame_without_pose
from genkol.algorithms.virtual_try_on.dye.pieces import Pieces, pieces_of
from genkol.algorithms.virtual_try_on.dye.shading import shading_of
from genkol.algorithms.virtual_try_on.dye.suitable import require_chest, require_head, require_hue, require_light
from genkol.algorithms.virtual_try_on.dye.tone import Light, dyed, unmixed
from genkol.algorithms.virtual_try_on.dye.weight import worn_cloth
from genkol.artifacts import F32, U8, Image, Layer, Person
from genkol.compose import affine, at
from genkol.errors import Unsuitable, did_you_mean
from genkol.services import VIRTUAL_TRY_ON, Aspect
from genkol.vision.box import Box, box_of
from genkol.vision.cloth import exposure_of

LEAST_CLOTH = 0.004
"""Share of the picture that the clothes must cover."""
BUTTON = 0.07
"""Shoulder widths; a mark smaller than that which stands alone is a button, not a print."""
COLLAR_GAP = 0.12
"""Shoulder widths between the neckline and a print."""

CLOTH = {"navy": "#1f2a44"}
"""Names that mean another colour on cloth than on a screen."""

PatternName = Literal[
    "none",
    "stripes",
    "breton",
    "upright",
    "pinstripe",
    "checks",
    "gingham",
    "tartan",
    "windowpane",
    "dots",
    "chevron",
]


class ClothesRecolour(Algorithm):
    """Dyes what is worn; folds, seams, buttons and light stay, and so does all that is not cloth.

    The layer is a pure change (opacity 0), 0 outside the chosen garment.
    """

    service = VIRTUAL_TRY_ON
    name = "recolour"
    general = False
    seeded = False
    effects = Effects(reads={Aspect.CLOTHES}, writes={Aspect.CLOTHES})
    resources = Resources(cpus=1, memory_mib=350, seconds=0.25)

    class Params(algorithm.Params):
        """What is to be seen on the clothes, and where."""

        colour: str | None = Field(None, description="Name (CSS) or #hex of the cloth; without it the old one stays.")
        pattern: PatternName = Field("none", description="Drawn over the cloth in pattern_colour.")
        pattern_colour: str = Field("white", description="Name (CSS) or #hex of the pattern.")
        scale: float = Field(1.0, ge=0.2, le=4, description="Size of pattern, fabric or print; 1 is the usual one.")
        use: Literal["print", "fabric"] = Field(
            "print", description="The garment picture is a logo for the chest, or a fabric that is tiled."
        )
        region: Literal["top", "bottom", "all"] = Field("top", description="Above the waist, below it, or both.")
        under: bool = Field(False, description="Also what shows beneath an open jacket.")
        intensity: float = Field(1.0, ge=0, le=1, description="0 keeps the portrait, 1 is the whole change.")

        @field_validator("colour", "pattern_colour")
        @classmethod
        def _colour(cls, text: str | None) -> str | None:
            if text is not None:
                rgb_of_name(text)
            return text

    @classmethod
    def check(cls, params: Params, given: frozenset[str]) -> str | None:
        if params.colour is None and params.pattern == "none" and "garment" not in given:
            return "nothing to do: set 'colour' or 'pattern', or give a picture as 'garment'"
        if params.region == "bottom" and "garment" in given and params.use == "print":
            return "a print goes on the chest: set region='top', or use='fabric'"
        return None

    @classmethod
    def asked_colour(cls, params: Params) -> tuple[int, int, int] | None:
        return None if params.colour is None or params.pattern != "none" else rgb_of_name(params.colour)

    def run(
        self, portrait: Image, person: Person, garment: Image | None = None, *, params: Params, step: Step
    ) -> Layer:
        """Return the change as a layer of opacity 0.

        Raises:
            Unsuitable: no clothes show, or not those that are asked for; it is too dark, or they cannot be told
                from what the head wears; a hue in a
                black and white picture; a print, and the chest is turned away.
        """
        if params.colour is None and params.pattern == "none" and garment is None:
            raise Unsuitable("Nothing to do: set 'colour' or 'pattern', or give a picture as 'garment'.")
        require_light(portrait.pixels, person)
        wanted = [name for name in (params.colour, params.pattern != "none" and params.pattern_colour) if name]
        require_hue(portrait.pixels, person, np.array([rgb_of_name(name) for name in wanted], np.uint8))
        box = _clothes_box(person)
        require_head(person)
        pixels, worn = np.ascontiguousarray(box.of(portrait.pixels)), cut(person, box)
        weight = worn_cloth(pixels, worn)
        step.progress(0.3)
        posed = frame_of(worn)
        if garment is not None and params.use == "print":
            require_chest(posed)
        frame = posed or frame_without_pose(weight)
        pieces = Pieces.whole(weight) if posed is None else pieces_of(pixels, weight, posed)
        design = _design(params, garment, exposure_of(portrait.pixels))
        step.progress(0.5)
        change = np.zeros(pixels.shape, np.float32)
        for part in _asked(pieces, params, posed):
            near = _around(weight * part)
            own, cloth, share = (np.ascontiguousarray(near.of(map_)) for map_ in (pixels, weight, part))
            near.of(change)[...] += _dyed_piece(own, cloth, share, frame.within(near), design, params.intensity)
            step.progress(0.8)
        before = pixels.astype(np.float32)
        return affine(np.clip(before + change, 0, 255) - before, 0.0, at(box.left, box.top), title=_title(params))


def rgb_of_name(text: str) -> tuple[int, int, int]:
    """Return sRGB bytes of a CSS name or notation (#rrggbb, rgb(), hsl()).

    Raises:
        ValueError: there is no such colour.
    """
    if text.strip().lower() in CLOTH:
        text = CLOTH[text.strip().lower()]
    try:
        return ImageColor.getrgb(text.strip())[:3]
    except ValueError:
        hint = did_you_mean(text.strip().lower(), ImageColor.colormap) if text.isascii() else ""
        hint = hint if hint.startswith("Did") else "Give a CSS name or #rrggbb."
        raise ValueError(f"no colour {text!r}. {hint}") from None


def _clothes_box(person: Person) -> Box:
    """Return the box around the clothes, a little larger.

    Raises:
        Unsuitable: there are too few.
    """
    share = float((person.clothes > 127).mean())
    box = clothes_box(person)
    if box is None or share < LEAST_CLOTH:
        raise Unsuitable(
            f"Clothes cover {share:.2%} of the picture; at least {LEAST_CLOTH:.1%} is needed to recolour them. "
            "Give a picture that shows more of what is worn.",
            value=share,
            expected=LEAST_CLOTH,
        )
    return box


def _design(params: ClothesRecolour.Params, garment: Image | None, exposure: float) -> Design:
    return Design(
        colour=None if params.colour is None else dyed(rgb_of_name(params.colour), exposure),
        pattern=None if params.pattern == "none" else params.pattern,
        pattern_colour=dyed(rgb_of_name(params.pattern_colour), exposure),
        picture=garment,
        tile=params.use == "fabric",
        scale=params.scale,
    )


def _asked(pieces: Pieces, params: ClothesRecolour.Params, frame: Frame | None) -> list[F32]:
    """Return the maps of the garments that are asked for.

    Raises:
        Unsuitable: the picture shows no such garment.
    """
    wanted = [pieces.top] if params.region != "bottom" else []
    if params.under and pieces.under is not None and params.region != "bottom":
        wanted.append(pieces.under)
    if params.region != "top" and pieces.bottom is not None:
        wanted.append(pieces.bottom)
    if not wanted:
        why = "no pose was found to tell where the waist is" if frame is None else "nothing below the waist shows"
        raise Unsuitable(
            f"There is no garment of its own for region='bottom': {why}, or it is one dress. Use region='top' or "
            "'all', or a picture that shows the legs.",
            value=params.region,
        )
    return wanted


def _around(weight: F32) -> Box:
    """Return the box around a garment with some room; of one corner where there is none."""
    box = box_of(weight > 0, 1, 1) or Box(0, 0, 1, 1)
    return even(box.grown(0.02, weight.shape), weight.shape)


def _dyed_piece(pixels: U8, cloth: F32, part: F32, frame: Frame, design: Design, intensity: float) -> F32:
    """Return (h, w, 3) in 8-bit levels, signed: what the design changes on one garment."""
    weight = cloth * part
    own, shading = unmixed(pixels, cloth, part, shading_of(pixels, weight, BUTTON * frame.width))
    light = Light.of(shading, pixels, weight)
    drape = None
    if not design.flat:
        drape = draped(frame, weight, light.broad, arms=design.picture is None or design.tile)
    new = painted(design, own, light, drape, weight, _chest(frame, weight), frame.width)
    return np.asarray((new - own) * (weight * np.float32(intensity))[..., None], np.float32)


def _chest(frame: Frame, weight: F32) -> tuple[float, float]:
    """Return the middle of the neckline on the drape's coordinates, from which a print hangs."""
    right, below = frame.along(weight.shape)
    column = (np.abs(right) < 0.04) & (weight > 0.9) & (below < 0.6)
    top = float(np.percentile(below[column], 3)) if column.sum() > 10 else 0.1
    return 0.0, max(0.0, top) * frame.torso / frame.width + COLLAR_GAP


def _title(params: Any) -> str:
    what = [params.colour, None if params.pattern == "none" else params.pattern]
    said = ", ".join(part for part in what if part) or params.use
    return f"Clothes: {said}"
