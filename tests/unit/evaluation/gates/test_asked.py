"""A result is held to what was asked for: the colour of hair and clothes, the product and its size, the place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import Field

from genkol import algorithm as base
from genkol.artifacts import F32, F64, U8, Image, Layer, Person
from genkol.compose import change, cover
from genkol.evaluation.gates import Judge, Verdict
from genkol.evaluation.gates.trial import SeenFace
from genkol.services import BACKGROUND, HAIR_EDITING, OBJECT_INTERACTION, VIRTUAL_TRY_ON, Aspect
from genkol.vision.colour import lab_of, rgb_of
from tests.unit.evaluation.metrics.test_found import bottle
from tests.unit.flow.planning import algorithm

HEIGHT, WIDTH = 400, 300
EYES = 60.0
"""Pixels between the outer eye corners, 8.9 cm."""


class OneFace:
    """Sees the same face in every picture."""

    def faces(self, pixels: U8) -> Sequence[SeenFace]:
        points = np.full((68, 2), (150, 70), np.float32)
        points[[36, 39, 42, 45, 33]] = [(120, 60), (140, 60), (160, 60), (180, 60), (150, 80)]
        return [SeenFace(points)]

    def embedding(self, pixels: U8, landmarks: F32) -> F64:
        return np.zeros(128)


def part(top: int, bottom: int, left: int = 90, right: int = 210) -> U8:
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    found[top:bottom, left:right] = 255
    return found


NOISE = np.random.default_rng(2).integers(90, 150, (HEIGHT, WIDTH, 3), np.uint8)
NOISE[:24, :80] = 250  # a white, by which the picture is known to be well lit
PORTRAIT = Image(cv2.GaussianBlur(NOISE, (0, 0), 1.5))
HAIR, SKIN, CLOTHES = part(10, 40), part(40, 150), part(150, 400)
PERSON = Person(part(10, 400), HAIR, SKIN, CLOTHES * 0, CLOTHES, CLOTHES * 0, np.zeros((0, 4), np.float32))


class Colour(base.Params):
    colour: str = Field("red", description="Of the dye.")
    intensity: float = Field(1.0, description="Of the dye.")
    use: str = Field("print", description="Of the garment.")


class Placed(base.Params):
    height_cm: float = Field(20.0, description="Of the product.")


class Framed(base.Params):
    scene_x: float = Field(0.5, description="Of the scene.")
    scene_y: float = Field(0.5, description="Of the scene.")
    zoom: float = Field(1.0, description="Of the scene.")
    mirror: bool = Field(False, description="Of the scene.")


def red(params: Any) -> tuple[int, int, int]:
    return (170, 40, 40)


DYE = algorithm(HAIR_EDITING, "portrait, person", writes={Aspect.HAIR}, Params=Colour, asked_colour=staticmethod(red))
RECOLOUR = algorithm(
    VIRTUAL_TRY_ON, "portrait, person, garment", writes={Aspect.CLOTHES}, Params=Colour, asked_colour=staticmethod(red)
)
PLACE = algorithm(OBJECT_INTERACTION, "portrait, product", writes={Aspect.HANDS}, Params=Placed)
BACK = algorithm(BACKGROUND, "portrait, person, scene", writes={Aspect.BACKGROUND}, Params=Framed)


def judged(kind: Any, result: Layer, params: dict[str, Any] | None = None, **more: Any) -> Verdict:
    return Judge(OneFace()).judge(kind, {"portrait": PORTRAIT, "person": PERSON, **more}, params or {}, result)


def dyed(where: U8, colour: tuple[int, int, int], share: float = 1.0) -> Layer:
    """A dye that keeps light and shade."""
    light = PORTRAIT.pixels.mean(axis=2, keepdims=True) / 120
    after = PORTRAIT.pixels * (1 - share) + np.float32(colour) * light * share
    return change(PORTRAIT.pixels, np.clip(after, 0, 255).astype(np.float32), where)


@pytest.mark.parametrize(("kind", "where", "metric"), [(DYE, HAIR, "hair_de"), (RECOLOUR, CLOTHES, "cloth_de")])
def test_what_is_dyed_is_held_to_the_asked_colour_and_strength(kind: Any, where: U8, metric: str) -> None:
    good = judged(kind, dyed(where, (170, 40, 40)))
    assert good.passed, good.reasons
    assert good.measured[metric] < 6
    half = judged(kind, dyed(where, (170, 40, 40), 0.5), {"intensity": 0.5})
    assert half.measured[metric] < 10
    wrong = judged(kind, dyed(where, (40, 40, 170)))
    assert wrong.measured[metric] > 60
    assert not wrong.passed


@pytest.mark.parametrize("off", [(8, 0, 0), (-8, 0, 0), (0, 8, 0), (0, -8, 0), (0, 0, 8), (0, 0, -8)])
def test_clothes_of_another_dye_are_caught_and_folds_are_none(off: tuple[int, int, int]) -> None:
    shade = np.where(np.arange(WIDTH) % 90 < 20, 0.6, 1.0)[None, :, None]
    colour = lab_of(np.uint8([[red(None)]]))
    good, wrong = ((rgb_of(colour + np.float32(by)) * 255 * shade).astype(np.float32) for by in ((0, 0, 0), off))
    whole = np.ones((HEIGHT, 1, 1), np.float32)
    assert judged(RECOLOUR, change(PORTRAIT.pixels, good * whole, CLOTHES)).measured["cloth_de"] < 2
    assert judged(RECOLOUR, change(PORTRAIT.pixels, wrong * whole, CLOTHES)).measured["cloth_de"] > 6


def test_dye_on_skin_is_spill() -> None:
    verdict = judged(DYE, dyed(np.maximum(HAIR, part(52, 62)), (170, 40, 40)))
    assert verdict.measured["hair_spill"] == pytest.approx(1 / 3, abs=0.05)
    assert not verdict.passed
    assert judged(DYE, dyed(HAIR, (170, 40, 40))).measured["hair_spill"] == 0


def test_a_fabric_is_held_to_the_whole_photo_and_a_logo_to_itself() -> None:
    fabric = Image(np.full((90, 90, 3), (60, 120, 60), np.uint8))
    layer = dyed(CLOTHES, (60, 120, 60))
    assert judged(RECOLOUR, layer, {"use": "fabric"}, garment=fabric).measured["garment_de"] < 6
    assert judged(RECOLOUR, dyed(CLOTHES, (170, 40, 40)), {"use": "fabric"}, garment=fabric).measured["garment_de"] > 40
    as_logo = judged(RECOLOUR, layer, {"use": "print"}, garment=fabric)
    assert as_logo.measured["garment_de"] is None
    assert as_logo.measured["print_likeness"] == 0


def placed(size: float = 1.0, hide: float = 0.0, tint: tuple[float, float, float] = (1, 1, 1)) -> Verdict:
    """Judge a bottle of 20 cm at a multiple of its size, its lower part hidden."""
    pixels, where = bottle()
    height = 20 * EYES / 8.9 * size
    matrix = np.array([[height / 200, 0, 150 - 40 * height / 200], [0, height / 200, 120]])
    paint = cv2.warpAffine(pixels, matrix, (WIDTH, HEIGHT)) * np.float32(tint)
    alpha = cv2.warpAffine(where.astype(np.float32), matrix, (WIDTH, HEIGHT))
    alpha[round(120 + height * (1 - hide)) :] = 0
    photo = Image(pixels, where.astype(np.uint8) * 255)
    return judged(PLACE, cover(np.clip(paint, 0, 255), alpha), product=photo)


def test_a_product_of_the_right_size_and_colour_passes() -> None:
    verdict = placed()
    assert verdict.passed, verdict.reasons
    assert verdict.measured["product_likeness"] > 0.9
    assert verdict.measured["product_visible"] > 0.95
    assert verdict.measured["product_size"] == pytest.approx(1, abs=0.08)
    assert verdict.measured["product_de"] < 3


@pytest.mark.parametrize(
    ("how", "metric"),
    [({"size": 2.0}, "product_size"), ({"hide": 0.6}, "product_visible"), ({"tint": (0.3, 0.4, 1.8)}, "product_de")],
    ids=["twice as large", "mostly hidden", "in another colour"],
)
def test_a_bad_product_is_caught(how: dict[str, Any], metric: str) -> None:
    verdict = placed(**how)
    assert not verdict.passed
    from genkol.evaluation.gates import limits_for

    what = next(limit.what for limit in limits_for(PLACE) if limit.metric == metric)
    assert any(reason.startswith(what) for reason in verdict.reasons), verdict.reasons


def test_the_place_is_held_to_the_scene_as_it_is_framed() -> None:
    columns = np.linspace(0, 255, 500)[None, :, None] * np.ones((HEIGHT, 1, 3))
    scene = Image(columns.astype(np.uint8))
    behind = 255 - PERSON.matte

    def laid(x: float) -> Layer:
        left = round(200 * x)
        return cover(columns[:, left : left + WIDTH].astype(np.float32), behind)

    good = judged(BACK, laid(1.0), {"scene_x": 1.0}, scene=scene)
    assert good.passed, good.reasons
    assert good.measured["scene_de"] < 1
    wrong = judged(BACK, laid(0.0), {"scene_x": 1.0}, scene=scene)
    assert "the colour difference of the place from its picture (dE)" in wrong.reasons[0]
