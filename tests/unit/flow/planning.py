"""Small algorithms with chosen effects, for tests of planning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Params, Step
from genkol.artifacts import Face, Image, Kind, Layer, Person
from genkol.compose import cover
from genkol.flow.generator import FlowGenerator
from genkol.registry import Registry
from genkol.services import (
    BACKGROUND,
    FACE_ALIGNMENT,
    HAIR_EDITING,
    IDENTITY,
    MAKEUP_TRANSFER,
    OBJECT_INTERACTION,
    PERSON_PARSING,
    SCENE,
    UPSCALING,
    VIRTUAL_TRY_ON,
    Aspect,
    Service,
)

PAINTERS = (HAIR_EDITING, VIRTUAL_TRY_ON, MAKEUP_TRANSFER, OBJECT_INTERACTION, BACKGROUND)


def algorithm(
    service: Service,
    signature: str = "portrait",
    reads: Iterable[Aspect] = (),
    writes: Iterable[Aspect] = (),
    name: str = "fake",
    **attributes: Any,
) -> type[Algorithm]:
    """Return an algorithm class with the given ports and effects."""
    body = {"_work": attributes.pop("work", _nothing)}
    exec(f"def run(self, {signature + ',' if signature else ''} *, params, step): return self._work(locals())", body)
    namespace: dict[str, Any] = {
        "service": service,
        "name": name,
        "effects": Effects(reads, writes),
        "run": body["run"],
        "_work": body["_work"],
        **attributes,
    }
    return type(f"{service.name}-{name}".title().replace("-", ""), (Algorithm,), namespace)


def _nothing(self: Algorithm, arguments: dict[str, Any]) -> None:
    return None


def mark(self: Algorithm, arguments: dict[str, Any]) -> Layer:
    """Paint a patch whose colour and place depend on everything in the base picture and on the seed."""
    base: Image = arguments["portrait"]
    step: Step = arguments["step"]
    rng = np.random.default_rng([step.seed, int(base.pixels.astype(np.int64).sum())])
    x, y = int(rng.integers(0, base.width - 4)), int(rng.integers(0, base.height - 4))
    patch = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    placement = np.array([[1, 0, x], [0, 1, y]], np.float64)
    return cover(patch, rng.random((4, 4)).astype(np.float32), placement)


class Analyse:
    """What fake analyses return: nothing in it but the right classes and sizes."""

    @staticmethod
    def face(self: Algorithm, arguments: dict[str, Any]) -> Face:
        zeros = np.zeros((68, 2), np.float32)
        return Face(zeros, np.zeros((0, 3), np.float32), np.zeros(4, np.float32), np.eye(2, 3), 256, 1.0)

    @staticmethod
    def person(self: Algorithm, arguments: dict[str, Any]) -> Person:
        empty = np.zeros((arguments["picture"].height, arguments["picture"].width), np.uint8)
        return Person(*([empty] * 6), np.zeros((0, 4), np.float32))


SHAPE = frozenset({Aspect.SILHOUETTE})


class Intense(Params):
    """One knob."""

    intensity: float = Field(0.5, ge=0, le=1, description="How much.")


def usual() -> Registry:
    """A registry like the light one, with a try-on that changes the silhouette."""
    return Registry(
        [
            algorithm(FACE_ALIGNMENT, "picture", SHAPE, name="mesh", seeded=False, work=Analyse.face),
            algorithm(PERSON_PARSING, "picture", SHAPE, name="light", seeded=False, work=Analyse.person),
            algorithm(
                MAKEUP_TRANSFER,
                "portrait, face, person, makeup=None, makeup_face=None",
                {Aspect.FACE},
                {Aspect.FACE},
                name="mesh",
                work=mark,
            ),
            algorithm(
                VIRTUAL_TRY_ON,
                "portrait, person, garment",
                {Aspect.CLOTHES},
                {Aspect.CLOTHES, Aspect.SILHOUETTE},
                work=mark,
            ),
            algorithm(
                BACKGROUND,
                "portrait, person, scene",
                SHAPE,
                {Aspect.BACKGROUND, Aspect.FOREGROUND},
                name="composite",
                work=mark,
            ),
            algorithm(SCENE, "", name="procedural", work=lambda self, a: Image(np.zeros((8, 8, 3), np.uint8))),
            algorithm(IDENTITY, "prompt", name="words", work=lambda self, a: Image(np.zeros((32, 32, 3), np.uint8))),
            algorithm(
                UPSCALING, "portrait", tuple(Aspect), {Aspect.FRAME}, name="double", work=lambda self, a: a["portrait"]
            ),
        ]
    )


def generator(registry: Registry | None = None) -> FlowGenerator:
    return FlowGenerator(registry or usual())


INPUTS = {"portrait": Kind.PORTRAIT, "makeup": Kind.MAKEUP, "garment": Kind.GARMENT, "scene": Kind.SCENE}
