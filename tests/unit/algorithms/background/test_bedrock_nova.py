"""A place in words behind the person: the person stays the portrait's own."""

from __future__ import annotations

import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.background.bedrock_nova import NovaBackground, behind
from genkol.artifacts import Image, Layer
from genkol.compose import compose
from genkol.errors import Cancelled, NoPerson, Unsuitable
from tests.bedrock_server import BedrockServer, painted, pixels_of
from tests.unit.vision.figures import disc, noise, person

W, H = 640, 800
PORTRAIT = Image(noise(6, H, W, smooth=2))
WHO = person(disc(H, W, radius=200, soft=24))


@pytest.fixture
def work(bedrock: BedrockServer) -> NovaBackground:
    algorithm = NovaBackground()
    algorithm.setup(None)
    return algorithm


def place(work: NovaBackground, who=WHO, prompt: str = "a beach", portrait: Image = PORTRAIT, **params) -> Layer:
    return work.run(portrait, who, prompt, params=NovaBackground.Params(**params), step=Step(seed=5))


def test_the_person_stays_and_the_rest_is_the_place(work, bedrock) -> None:
    out = compose(PORTRAIT, [place(work, harmonise=0)]).pixels.astype(int)
    assert np.abs(out - PORTRAIT.pixels)[WHO.matte == 255].max() == 0
    colour = painted(bedrock.requests[0])[0][0, 0]
    assert np.abs(out[WHO.matte == 0] - colour).max() <= 1


def test_nothing_of_the_old_background_shines_through_the_outline(work, bedrock) -> None:
    """A grey person before bright green: at the soft edge the green is gone."""
    green = np.zeros((H, W, 3), np.uint8)
    green[:] = (0, 255, 0)
    share = WHO.matte[..., None] / 255
    portrait = Image(np.rint(green * (1 - share) + 128 * share).astype(np.uint8))
    out = compose(portrait, [place(work, portrait=portrait, harmonise=0)]).pixels.astype(int)
    colour = painted(bedrock.requests[0])[0][0, 0].astype(int)
    assert out[..., 1].max() <= max(128, colour[1]) + 6


def test_the_request_says_what_the_parameters_say(work, bedrock) -> None:
    place(work, avoid="people, cars", outline="blended", quality="premium", size=2048)
    (request,) = bedrock.requests
    params = request["outPaintingParams"]
    assert request["taskType"] == "OUTPAINTING"
    assert pixels_of(params["image"]).shape == (H, W, 3)
    assert (params["text"], params["negativeText"], params["outPaintingMode"]) == ("a beach", "people, cars", "DEFAULT")
    assert request["imageGenerationConfig"]["seed"] == 5
    assert NovaBackground.needs(NovaBackground.Params(quality="premium", size=2048)).price_usd == 0.08


def test_a_picture_without_person_or_without_background_is_not_sent(work, bedrock) -> None:
    with pytest.raises(NoPerson):
        place(work, person(np.zeros((H, W), np.uint8)))
    with pytest.raises(Unsuitable, match="The person fills 100% of the picture"):
        place(work, person(np.full((H, W), 255, np.uint8)))
    with pytest.raises(Unsuitable, match="The prompt has 2,000 characters"):
        place(work, prompt="x" * 2000)
    assert bedrock.calls == 0


def test_a_cancelled_step_costs_nothing(work, bedrock) -> None:
    with pytest.raises(Cancelled):
        work.run(PORTRAIT, WHO, "x", params=NovaBackground.Params(), step=Step(is_cancelled=lambda: True))
    assert bedrock.calls == 0


def test_the_place_goes_on_behind_the_person() -> None:
    back = np.zeros((400, 320, 3), np.uint8)
    back[:, :160], back[:, 160:] = (200, 100, 0), (0, 100, 200)
    kept = (disc(400, 320, radius=90, soft=1) > 127).astype(np.uint8)
    shown = back.copy()
    shown[kept == 1] = 255
    out = behind(shown, kept)
    assert (out[kept == 0] == back[kept == 0]).mean() > 0.95
    assert np.abs(out[200, 80:90].astype(int) - (200, 100, 0)).max() < 12
    assert np.abs(out[200, 232:242].astype(int) - (0, 100, 200)).max() < 12
    assert out.max() < 230
