"""Painters without weights that can be slow, fail, die, paint badly, and say where their layers are opened."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Params, Resources, Step
from genkol.artifacts import PAINT_UNIT, Image, Layer
from genkol.compose import at, cover
from genkol.errors import Cancelled, NoFace
from genkol.services import (
    BACKGROUND,
    HAIR_EDITING,
    MAKEUP_TRANSFER,
    OBJECT_INTERACTION,
    UPSCALING,
    VIRTUAL_TRY_ON,
    Aspect,
    Service,
)

TRACE = "GENKOL_FAKES_TRACE"


def tell(word: str) -> None:
    """Write a line into the trace: the word and the application in whose process it was said."""
    from ray import serve
    from ray.serve.exceptions import RayServeException

    try:
        where = serve.get_replica_context().app_name
    except RayServeException:
        where = "driver"
    with Path(os.environ[TRACE]).open("a") as file:
        file.write(f"{word} {where}\n")


class TracedLayer(Layer):
    """A layer that tells in which process it is opened."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self.paint, self.opacity, self.placement, self.title)


def _opened(*parts: Any) -> TracedLayer:
    tell("opened")
    return TracedLayer(*parts)


class Fake(Algorithm):
    name = "fake"
    version = "1"
    resources = Resources(seconds=9.0)

    class Params(Params):
        level: int = Field(8, ge=-64, le=64, description="Added to every pixel.")
        seconds: float = Field(0.0, ge=0, le=60, description="How long it takes.")
        traced: bool = Field(True, description="Whether its layer tells where it is opened; such a one is never kept.")
        fail: Literal["", "error", "face", "exit"] = Field("", description="How it fails, after that time.")

    def _work(self, params: Any, step: Step) -> None:
        end = time.monotonic() + params.seconds
        try:
            while (left := end - time.monotonic()) > 0:
                step.progress(0.5)
                time.sleep(min(left, 0.02))
        except Cancelled:
            tell("cancelled")
            raise
        if params.fail == "error":
            raise ValueError("the brush broke")
        if params.fail == "face":
            raise NoFace("There is no face here.", found=0)
        if params.fail == "exit":
            os._exit(1)


class Painter(Fake):
    def run(self, portrait: Image, *, params: Any, step: Step) -> Layer:
        self._work(params, step)
        h, w = portrait.height, portrait.width
        # Looks at what it stands on, so that a wrong base or order shows in the picture.
        paint = np.full((h, w, 3), params.level * PAINT_UNIT, np.int16) + (portrait.pixels % 8).astype(np.int16)
        if not params.traced:
            tell("painted")
        kind = TracedLayer if params.traced else Layer
        return kind(paint, np.zeros((h, w), np.uint8), np.eye(2, 3), self.key())


class FakeHair(Painter):
    service: ClassVar[Service] = HAIR_EDITING
    effects = Effects(reads={Aspect.HAIR}, writes={Aspect.HAIR})


class FakeMakeup(Painter):
    service: ClassVar[Service] = MAKEUP_TRANSFER
    effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})


class FakeProduct(Painter):
    service: ClassVar[Service] = OBJECT_INTERACTION
    effects = Effects(reads={Aspect.HANDS}, writes={Aspect.HANDS})


class FakeBackground(Painter):
    service: ClassVar[Service] = BACKGROUND
    effects = Effects(reads={Aspect.HAIR, Aspect.FACE, Aspect.HANDS}, writes={Aspect.BACKGROUND})


class FakeUpscaling(Fake):
    service: ClassVar[Service] = UPSCALING
    effects = Effects(writes={Aspect.FRAME})

    def run(self, portrait: Image, *, params: Any, step: Step) -> Image:
        self._work(params, step)
        return Image(np.repeat(np.repeat(portrait.pixels, 2, 0), 2, 1))


class FakeTryOn(Algorithm):
    """Paints all over in the garment's colour, or in red where it is told to be bad."""

    service: ClassVar[Service] = VIRTUAL_TRY_ON
    name = "fake"
    effects = Effects(reads={Aspect.CLOTHES}, writes={Aspect.CLOTHES})
    resources = Resources(seconds=-2.0)  # the service's default

    class Params(Params):
        good_seeds: list[int] = Field([], description="With these seeds it is good.")
        good_name: str = Field("", description="The algorithm of this name is good with every seed.")

    def run(self, portrait: Image, garment: Image, *, params: Any, step: Step) -> Layer:
        tell(f"dressed:{step.seed}")
        good = step.seed in params.good_seeds or self.name == params.good_name
        middle = garment.pixels[garment.height // 2, garment.width // 2]
        picture = np.broadcast_to(middle if good else np.uint8([200, 30, 30]), portrait.pixels.shape)
        return cover(picture, 1.0, at(0, 0), self.key())


class SecondTryOn(FakeTryOn):
    name = "second"
    resources = Resources(seconds=-1.0)


FAKES = (FakeHair, FakeMakeup, FakeProduct, FakeBackground, FakeUpscaling, FakeTryOn, SecondTryOn)
