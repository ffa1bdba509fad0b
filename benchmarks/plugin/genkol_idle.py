"""Painters that do next to nothing: a small patch whose colours tell which request it is and what lay beneath.

Each but makeup stands on all who come before it; makeup stands beside them.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Params, Resources, Step
from genkol.artifacts import PAINT_UNIT, Image, Layer
from genkol.compose import at
from genkol.services import (
    BACKGROUND,
    HAIR_EDITING,
    MAKEUP_TRANSFER,
    OBJECT_INTERACTION,
    VIRTUAL_TRY_ON,
    Aspect,
    Service,
)


class Idle(Algorithm):
    """Looks at a corner of the picture and paints on it."""

    name = "idle"
    resources = Resources(seconds=0.001)

    class Params(Params):
        """What tells one request from another, and how slow it is."""

        level: int = Field(8, ge=-64, le=64, description="Added to every pixel of the patch.")
        side: int = Field(16, ge=1, description="Of the patch, pixels; cut to the picture.")
        seconds: float = Field(0.0, ge=0, le=60, description="How long it takes.")

    def run(self, portrait: Image, *, params: Any, step: Step) -> Layer:
        end = time.monotonic() + params.seconds
        while (left := end - time.monotonic()) > 0:
            step.progress(0.5)
            time.sleep(min(left, 0.02))
        # Looks at what it stands on, so that a wrong base or order shows in the picture.
        beneath = portrait.pixels[: params.side, : params.side].astype(np.int16)
        paint = beneath % 8 + params.level * PAINT_UNIT
        return Layer(paint, np.zeros(paint.shape[:2], np.uint8), at(0, 0), self.key())


class IdleHair(Idle):
    service: ClassVar[Service] = HAIR_EDITING
    effects = Effects(reads={Aspect.HAIR}, writes={Aspect.HAIR})


class IdleTryOn(Idle):
    service: ClassVar[Service] = VIRTUAL_TRY_ON
    effects = Effects(reads={Aspect.HAIR}, writes={Aspect.CLOTHES})


class IdleBackground(Idle):
    service: ClassVar[Service] = BACKGROUND
    effects = Effects(reads={Aspect.HAIR, Aspect.CLOTHES}, writes={Aspect.BACKGROUND})


class IdleProduct(Idle):
    service: ClassVar[Service] = OBJECT_INTERACTION
    effects = Effects(reads={Aspect.HAIR, Aspect.CLOTHES, Aspect.BACKGROUND}, writes={Aspect.HANDS})


class IdleMakeup(Idle):
    service: ClassVar[Service] = MAKEUP_TRANSFER
    effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})


CHAIN = (IdleHair, IdleTryOn, IdleBackground, IdleProduct)
IDLE = (*CHAIN, IdleMakeup)
