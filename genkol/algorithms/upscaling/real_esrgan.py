"""Enlarges with a network that draws the detail which the smaller picture only hints at.

Real-ESRGAN: Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", 2021.
The network alone restores as well as enlarges: it takes freckles for noise, smooths skin to plastic and shifts tones
by several levels. So its picture is projected back onto the portrait (Irani and Peleg, "Improving Resolution by Image
Registration", 1991): what it changed of tones and shapes that were there is undone wholly, what it changed of their
finest detail by half. Freckles and pores stay, while lashes grow crisp and the blocks of a JPEG fade.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Resources, Setup, Step
from genkol.algorithm import Params as BaseParams
from genkol.algorithms.upscaling.frame import framed, seen_colours, size_at
from genkol.algorithms.upscaling.resample import crisp
from genkol.algorithms.upscaling.tiles import doubled
from genkol.artifacts import F32, U8, Image
from genkol.services import UPSCALING, Aspect
from genkol.vision.models import OnnxModel

DETAIL = 3.0
"""A tile in which no pixel differs from its surroundings by more than this many levels needs no network."""

FINE = 2.0
"""Sigma, in pixels of the portrait, below which detail is fine: freckles, lashes, the edges of JPEG blocks."""

KEPT = 0.5
"""Share of the portrait's own fine detail that is put back. At 1 a JPEG's blocks come back too, at 0 freckles go."""


class RealEsrgan(Algorithm):
    """The x2 network on overlapping tiles, projected back onto the portrait. Transparency is kept.

    Enlarged four times, the second doubling is by Lanczos: the network upon its own picture would take four times as
    long again, to invent what the portrait cannot tell. Reduced to the portrait's size, the picture is the portrait
    within about two levels on average.
    """

    service = UPSCALING
    name = "real-esrgan"
    effects = Effects(reads=Aspect, writes={Aspect.FRAME})
    resources = Resources(cpus=2, memory_mib=1100, seconds=60)
    weights = ("real-esrgan",)
    seeded = False

    class Params(BaseParams):
        """How large, and how much of the network."""

        scale: Literal[2, 4] = Field(2, description="How many times wider and higher.")
        strength: float = Field(0.9, ge=0, le=1, description="0 is a plain enlargement, 1 all the detail drawn.")
        tile: int = Field(384, ge=128, le=1024, multiple_of=2, description="Pixels on a side worked on at once.")

    def setup(self, setup: Setup) -> None:
        self._model = OnnxModel(setup.weights("real-esrgan"))

    def run(self, portrait: Image, *, params: Params, step: Step) -> Image:
        """Return the enlarged picture; cancelled between tiles.

        Raises:
            TooLarge: it would have more pixels than the operator allows.
        """
        size = size_at(portrait, params.scale)
        share = 0.95 if params.scale > 2 else 1.0
        pixels = doubled(
            seen_colours(portrait),
            lambda tile: self._doubled(tile, params.strength),
            params.tile,
            lambda fraction: step.progress(share * fraction),
        )
        if params.scale > 2:
            pixels = crisp(pixels, size, 0.3, lambda fraction: step.progress(share + (1 - share) * fraction))
        step.progress(1.0)
        return framed(pixels, portrait)

    def _doubled(self, tile: U8, strength: float) -> F32:
        """Return (2h, 2w, 3) in 8-bit levels of (h, w, 3); both even."""
        given: F32 = tile.astype(np.float32)
        if strength == 0 or np.abs(given - cv2.GaussianBlur(given, (0, 0), 1.5)).max() <= DETAIL:
            return _twice(given)
        shown = self._model((given / np.float32(255)).transpose(2, 0, 1)[None])[0][0].transpose(1, 2, 0)
        drawn: F32 = np.clip(shown, 0, 1) * np.float32(255)
        undone = given - _half(drawn)
        undone -= (1 - KEPT) * (undone - cv2.GaussianBlur(undone, (0, 0), FINE))
        return (1 - strength) * _twice(given) + strength * (drawn + _twice(undone))


def _twice(pixels: F32) -> F32:
    """Lanczos with four lobes; pixel (x, y) becomes the four at (2x, 2y)."""
    return np.asarray(cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4), np.float32)


def _half(pixels: F32) -> F32:
    """The mean of each two by two."""
    return np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32)
