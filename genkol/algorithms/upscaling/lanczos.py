"""Enlarges by a filter: fast, no weights, and nothing that was not in the picture."""

from __future__ import annotations

from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.algorithm import Params as BaseParams
from genkol.algorithms.upscaling.frame import framed, seen_colours, size_at
from genkol.algorithms.upscaling.resample import crisp
from genkol.artifacts import Image
from genkol.services import UPSCALING, Aspect


class Lanczos(Algorithm):
    """Lanczos with three lobes on sRGB values, sharpened without halos; see `resample`. Transparency is kept."""

    service = UPSCALING
    name = "lanczos"
    effects = Effects(reads=Aspect, writes={Aspect.FRAME})
    resources = Resources(cpus=1, memory_mib=300, seconds=0.3)
    seeded = False

    class Params(BaseParams):
        """How large, and how crisp."""

        scale: float = Field(2.0, ge=1.5, le=4, description="How many times wider and higher.")
        sharpen: float = Field(0.5, ge=0, le=1, description="0 keeps the filter's softness; no value makes halos.")

    def run(self, portrait: Image, *, params: Params, step: Step) -> Image:
        """Return the enlarged picture.

        Raises:
            TooLarge: it would have more pixels than the operator allows.
        """
        size = size_at(portrait, params.scale)
        step.progress(0.0)
        return framed(crisp(seen_colours(portrait), size, params.sharpen, step.progress), portrait)
