"""Every built-in algorithm keeps the contract, on real photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Params, Setup, Step
from genkol.artifacts import Face, Image, Kind, Layer, Person, Value
from genkol.compose import change
from genkol.conformance import violations
from genkol.inputs import read_input
from genkol.registry import Registry, ports_of
from genkol.services import MAKEUP_TRANSFER, Aspect

REGISTRY = Registry.from_entry_points()

PHOTOS = {
    "portrait": "person-halfbody-f-01.jpg",
    "picture": "person-halfbody-f-01.jpg",
    "makeup": "makeup-f-natural-01.jpg",
    "scene": "background-loft-01.jpg",
}

PARAMS: Mapping[str, Mapping[str, Any]] = {
    "scene/procedural": {"style": "bokeh", "width": 512, "height": 512},
    "hair-editing/recolour": {"colour": "auburn"},
    "virtual-try-on/recolour": {"colour": "navy"},
}

ALONE = {"hair-editing/recolour", "virtual-try-on/recolour"}
"""Those that take a reference instead of a colour."""

SMALL = {"upscaling/real-esrgan": 80}
"""Side of the crop on which a slow finisher is tried, pixels."""


@pytest.fixture(scope="module")
def values(
    shipped_photos: Path,
    photo: Callable[[str], Image],
    face_of: Callable[[Image], Face],
    person_of: Callable[[Image], Person],
) -> dict[str, Value]:
    """A value for every port: photographs, and what the default analyses say of them."""
    found: dict[str, Value] = {port: photo(name) for port, name in PHOTOS.items()}
    found["garment"] = read_input("garment", Kind.GARMENT, (shipped_photos / "garment-tshirt-red.png").read_bytes())
    found["product"] = read_input("product", Kind.PRODUCT, (shipped_photos / "product-juice-orange.png").read_bytes())
    portrait, makeup = photo(PHOTOS["portrait"]), photo(PHOTOS["makeup"])
    return {**found, "face": face_of(portrait), "makeup_face": face_of(makeup), "person": person_of(portrait)}


@pytest.mark.weights
@pytest.mark.parametrize("algorithm", [a for a in REGISTRY if a.remote is None], ids=lambda a: a.key())
def test_conforms(algorithm: type[Algorithm], values: Mapping[str, Value], weights_setup: Setup) -> None:
    uses = [use.port.name for use in ports_of(algorithm) if use.required or algorithm.key() not in ALONE]
    inputs = {name: values[name] for name in uses}
    if algorithm.key() in SMALL:
        side, portrait = SMALL[algorithm.key()], inputs["portrait"]
        assert isinstance(portrait, Image)
        inputs["portrait"] = Image(portrait.pixels[300 : 300 + side, 400 : 400 + side])
    assert violations(algorithm, inputs, weights_setup, PARAMS.get(algorithm.key())) == []


class NoSetup:
    """For algorithms without weights."""

    def weights(self, name: str) -> Path:
        raise AssertionError(name)


class Careless(Algorithm):
    """Breaks what can be broken and still run."""

    service = MAKEUP_TRANSFER
    name = "careless"
    seeded = False
    effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})

    class Params(Params):
        """One knob."""

        fault: str = Field("", description="Which rule to break.")

    def run(self, portrait: Image, *, params: Any, step: Step) -> Layer:
        """Lighten the picture, and break one rule."""
        if params.fault != "silent":
            step.is_cancelled = None if params.fault == "deaf" else step.is_cancelled
            step.progress(0.5)
        before = portrait.pixels[:8, :8]
        if params.fault == "writes":
            portrait.pixels.flags.writeable = True
            portrait.pixels[0, 0] += np.uint8(1)
        shift = {"seed": step.seed, "random": np.random.default_rng().integers(1, 90), "nothing": -40}.get(
            params.fault, 0
        )
        if params.fault == "grey" and portrait.pixels.std() == 0:
            raise ZeroDivisionError
        return change(before, before.astype(np.float32) + 40 + float(shift))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("silent", "`run` never calls `step.progress`"),
        ("deaf", "A cancelled run went on to its end"),
        ("writes", "`run` changed its inputs"),
        ("seed", "`seeded` is False, but another seed gave another result"),
        ("random", "The same inputs, params and seed gave another result"),
        ("grey", "Plain grey pictures raised ZeroDivisionError()"),
        ("nothing", "The layer changes nothing"),
    ],
)
def test_a_broken_rule_is_told(fault: str, sentence: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 90, (32, 32, 3), dtype=np.uint8)
    pixels.flags.writeable = True
    image = Image(pixels)
    object.__setattr__(image, "pixels", pixels)
    found = violations(Careless, {"portrait": image}, NoSetup(), {"fault": fault})
    assert any(sentence in text for text in found), found


def test_a_careful_algorithm_has_no_violations() -> None:
    image = Image(np.random.default_rng(0).integers(0, 90, (32, 32, 3), dtype=np.uint8))
    assert violations(Careless, {"portrait": image}, NoSetup()) == []


def test_a_missing_case_value_is_told() -> None:
    assert violations(Careless, {}, NoSetup()) == ["The case has no value for portrait."]
