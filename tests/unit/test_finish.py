"""The finished picture, when a finisher makes it larger than the portrait."""

from __future__ import annotations

import io
import zipfile

import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import Kind
from genkol.engine import Result
from genkol.finish import Wanted
from genkol.flow.flow import implied_flow
from genkol.testing import fake_engine, fake_portrait

PORTRAIT, GARMENT = fake_portrait(), fake_portrait(32, 32, seed=2)
INPUTS = {"portrait": Kind.PORTRAIT, "garment": Kind.GARMENT}


def made(upscaled: bool, **wanted: bool) -> Result:
    flow = implied_flow(INPUTS, look="rose", params={"upscaling": {}} if upscaled else {})
    return fake_engine().run(flow, {"portrait": PORTRAIT, "garment": GARMENT}, Wanted(**wanted))


def opened(data: bytes, name: str | None = None) -> np.ndarray:
    file = io.BytesIO(data)
    return np.asarray(Pillow.open(file if name is None else zipfile.ZipFile(file).open(name)).convert("RGB"))


def test_the_finishers_picture_is_the_result_with_all_layers_in_it():
    large, small = made(upscaled=True), made(upscaled=False)
    assert (large.report()["width"], large.report()["height"]) == (256, 320)
    assert (opened(large.picture)[::2, ::2] == opened(small.picture)).all()
    assert (opened(small.picture) != PORTRAIT.pixels).any()


def test_layers_are_reported_in_the_pixels_of_the_portrait_whatever_the_pictures_size():
    large, small = made(upscaled=True).report(), made(upscaled=False).report()
    assert large["layers"] == small["layers"]
    assert len(large["layers"]) == 2
    assert large["frame"] == small["frame"] == [PORTRAIT.width, PORTRAIT.height]


def test_openraster_holds_the_layers_at_the_portraits_size_and_their_composition():
    """The merged image of the format is as large as its layers; the larger picture is the finisher's alone."""
    outcome = made(upscaled=True, layers=True).outcome
    merged = opened(outcome.finished.ora, "mergedimage.png")
    assert merged.shape == PORTRAIT.pixels.shape
    assert (merged == opened(made(upscaled=False).picture)).all()


def test_swatches_are_as_large_as_their_boxes():
    for layer in made(upscaled=True, swatches=True).outcome.finished.layers:
        left, top, right, bottom = layer.box
        assert opened(layer.swatch).shape[:2] == (bottom - top, right - left)
