"""Fakes for tests: small deterministic algorithms without weights, and an Engine over them.

    engine = fake_engine()
    result = engine.run(flow, {"portrait": fake_portrait()})

Every painter says in its title what it did, so that a test can see who painted. Plugin authors may use
them beside their own algorithm: ``fake_engine(Registry([*fake_registry(), MyAlgorithm]))``.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Params, Resources, Step
from genkol.artifacts import Face, Image, Layer, Person
from genkol.compose import at, change, cover
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.errors import NoFace, WeightsMissing
from genkol.kept import Keeper
from genkol.perform import Gate
from genkol.registry import Registry
from genkol.services import (
    BACKGROUND,
    FACE_ALIGNMENT,
    HAIR_EDITING,
    MAKEUP_TRANSFER,
    OBJECT_INTERACTION,
    PERSON_PARSING,
    SCENE,
    UPSCALING,
    VIRTUAL_TRY_ON,
    Aspect,
)

_CHEAP = Resources(memory_mib=1, seconds=0.01)


class FakeAlignment(Algorithm):
    """Puts a face into the middle of every picture that is not one flat colour."""

    service = FACE_ALIGNMENT
    name = "fake"
    effects = Effects(reads={Aspect.SILHOUETTE})
    resources = _CHEAP
    seeded = False

    def run(self, picture: Image, *, params: Params, step: Step) -> Face:
        step.progress(0.0)
        if int(picture.pixels.max()) - int(picture.pixels.min()) < 2:
            raise NoFace("There is no face in a picture of one flat colour. Give one with something on it.")
        w, h = picture.size
        box = np.array([w / 4, h / 4, w * 3 / 4, h * 3 / 4], np.float32)
        turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
        centre, radius = np.array([w, h]) / 2, np.array([w, h]) / 4
        landmarks = centre + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        return Face(
            landmarks=landmarks.astype(np.float32),
            mesh=np.zeros((0, 3), np.float32),
            box=box,
            alignment=np.array([[1, 0, -box[0]], [0, 1, -box[1]]], np.float64),
            crop_size=max(1, min(w, h) // 2),
            score=1.0,
        )


class FakeParsing(Algorithm):
    """Takes the middle half of the picture for the person: hair above, face, clothes below."""

    service = PERSON_PARSING
    name = "fake"
    effects = Effects(reads={Aspect.SILHOUETTE})
    resources = _CHEAP
    seeded = False

    def run(self, picture: Image, *, params: Params, step: Step) -> Person:
        step.progress(0.0)
        w, h = picture.size
        bands = [_band(w, h, top, bottom) for top, bottom in ((0.25, 0.75), (0.25, 0.35), (0.35, 0.55), (0.55, 0.75))]
        nothing = np.zeros((h, w), np.uint8)
        matte, hair, face, clothes = bands
        return Person(matte, hair, face, nothing, clothes, nothing, np.zeros((0, 4), np.float32))


class Tint(Algorithm):
    """Makeup: moves the face's pixels towards one colour, that of the reference when one is given."""

    service = MAKEUP_TRANSFER
    name = "tint"
    effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})
    resources = _CHEAP
    seeded = False

    class Params(Params):
        """Which colour, and how much."""

        look: Literal["none", "rose", "plum"] = Field("none", description="A named colour instead of a reference.")
        intensity: float = Field(0.5, ge=0, le=1, description="0 keeps the portrait, 1 paints the colour.")

    @classmethod
    def check(cls, params: Any, given: frozenset[str]) -> str | None:
        """Refuse a reference beside a named look, and neither of them."""
        if (params.look == "none") == ("makeup" not in given):
            return "Give a makeup reference or a look, one of the two."
        return None

    def run(
        self, portrait: Image, face: Face, makeup: Image | None = None, *, params: Tint.Params, step: Step
    ) -> Layer:
        step.progress(0.0)
        named = {"rose": (230, 90, 120), "plum": (110, 40, 90)}.get(params.look, (0, 0, 0))
        wanted = np.array(named) if makeup is None else makeup.pixels.mean(axis=(0, 1))
        x, y, right, bottom = face.box.astype(int)
        before = portrait.pixels[y:bottom, x:right]
        after = np.broadcast_to(wanted.astype(np.float32), before.shape)
        return change(before, after, params.intensity, at(int(x), int(y)), f"Tint {params.look}")


class Tailor(Algorithm):
    """Try-on: paints the garment's mean colour where the clothes are. Writes the silhouette too."""

    service = VIRTUAL_TRY_ON
    name = "tailor"
    effects = Effects(reads={Aspect.CLOTHES}, writes={Aspect.CLOTHES, Aspect.SILHOUETTE})
    resources = _CHEAP
    seeded = False

    def run(self, portrait: Image, person: Person, garment: Image, *, params: Params, step: Step) -> Layer:
        step.progress(0.0)
        colour = garment.pixels.mean(axis=(0, 1))
        return cover(np.broadcast_to(colour, portrait.pixels.shape).astype(np.float32), person.clothes, title="Tailor")


class FlatScene(Algorithm):
    """Scene: one colour by name, with a little noise of the seed."""

    service = SCENE
    name = "flat"
    effects = Effects()
    resources = _CHEAP

    class Params(Params):
        """Which colour."""

        style: Literal["studio", "beach"] = Field("studio", description="A named place.")

    def run(self, *, params: FlatScene.Params, step: Step) -> Image:
        step.progress(0.0)
        colour = {"studio": (200, 200, 205), "beach": (120, 190, 230)}[params.style]
        noise = step.rng.integers(-4, 5, (96, 96, 3))
        return Image((np.array(colour) + noise).astype(np.uint8))


class Backdrop(Algorithm):
    """Background: lays the scene, stretched, over all that is not the person."""

    service = BACKGROUND
    name = "backdrop"
    effects = Effects(reads={Aspect.SILHOUETTE, Aspect.FOREGROUND}, writes={Aspect.BACKGROUND})
    resources = _CHEAP
    seeded = False

    def run(self, portrait: Image, person: Person, scene: Image, *, params: Params, step: Step) -> Layer:
        step.progress(0.0)
        rows = np.arange(portrait.height) * scene.height // portrait.height
        columns = np.arange(portrait.width) * scene.width // portrait.width
        return cover(scene.pixels[rows][:, columns], 255 - person.matte, title="Backdrop")


class NoOp(Algorithm):
    """Hair: changes nothing at all."""

    service = HAIR_EDITING
    name = "no-op"
    effects = Effects(reads={Aspect.HAIR}, writes={Aspect.HAIR})
    resources = _CHEAP
    seeded = False

    def run(self, portrait: Image, *, params: Params, step: Step) -> Layer:
        step.progress(0.0)
        return change(portrait.pixels, portrait.pixels, title="Nothing")


class Failing(Algorithm):
    """Product: raises, as a broken algorithm does; its message names a file that nobody outside may see."""

    service = OBJECT_INTERACTION
    name = "failing"
    effects = Effects(reads={Aspect.HANDS}, writes={Aspect.HANDS})
    resources = Resources(memory_mib=1, seconds=10.0)

    def run(self, portrait: Image, *, params: Params, step: Step) -> Layer:
        step.progress(0.0)
        raise RuntimeError("cannot open /srv/private/model.bin")


class Slow(Algorithm):
    """Product: takes its time, says how far it is, hears when it is cancelled; then turns a corner negative."""

    service = OBJECT_INTERACTION
    name = "slow"
    effects = Effects(reads={Aspect.HANDS}, writes={Aspect.HANDS})
    resources = Resources(memory_mib=1, seconds=1.0)
    seeded = False

    class Params(Params):
        """How slow."""

        seconds: float = Field(1.0, ge=0.01, le=60, description="How long it takes.")

    def run(self, portrait: Image, *, params: Slow.Params, step: Step) -> Layer:
        end = time.monotonic() + params.seconds
        while (left := end - time.monotonic()) > 0:
            step.progress(1 - left / max(params.seconds, 1e-9))
            time.sleep(min(0.01, left))
        corner = portrait.pixels[:8, :8]
        return change(corner, 255 - corner, title="Slow")


class Double(Algorithm):
    """Upscaling: every pixel four times."""

    service = UPSCALING
    name = "double"
    effects = Effects(reads={Aspect.FRAME}, writes={Aspect.FRAME})
    resources = _CHEAP
    seeded = False

    def run(self, portrait: Image, *, params: Params, step: Step) -> Image:
        step.progress(0.0)
        return Image(portrait.pixels.repeat(2, axis=0).repeat(2, axis=1))


FAKES: tuple[type[Algorithm], ...] = (
    FakeAlignment,
    FakeParsing,
    Tint,
    Tailor,
    FlatScene,
    Backdrop,
    NoOp,
    Slow,
    Failing,
    Double,
)
"""One fake for each service but `identity`; two for object-interaction, of which `slow` is the default."""


class NoWeights:
    """A `Setup` that has nothing: for algorithms that need no weights."""

    def weights(self, name: str) -> Path:
        raise WeightsMissing(f"There is no weight {name!r} in a test that has none.", weight=name)


def fake_registry() -> Registry:
    """A registry of all fakes."""
    return Registry(FAKES)


def fake_engine(registry: Registry | None = None, gate: Gate | None = None, keeper: Keeper | None = None) -> Engine:
    """An Engine that runs the fakes, or other algorithms without weights, in this process.

    Args:
        registry: the algorithms; the fakes by default.
        gate: judges the results of flows that say ``verify``.
        keeper: keeps the steps' results for the next run.
    """
    registry = registry or fake_registry()
    return Engine.over(registry, InProcess(registry, NoWeights(), gate=gate, keeper=keeper))


def fake_portrait(width: int = 128, height: int = 160, seed: int = 1) -> Image:
    """A picture with something on it, the same for the same arguments."""
    key = int.from_bytes(hashlib.sha256(f"{width}x{height}/{seed}".encode()).digest()[:8], "big")
    return Image(np.random.default_rng(key).integers(0, 256, (height, width, 3), np.uint8))


def _band(w: int, h: int, top: float, bottom: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(h, w) uint8: 255 in the middle half of the columns between two heights, given as shares."""
    mask = np.zeros((h, w), np.uint8)
    mask[int(h * top) : int(h * bottom), w // 4 : w * 3 // 4] = 255
    return mask
