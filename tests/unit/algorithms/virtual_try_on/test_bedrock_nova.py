"""A garment put on by Nova Canvas: only the region that was asked for changes."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.virtual_try_on.asked import region_asked, region_told
from genkol.algorithms.virtual_try_on.bedrock_nova import NovaTryOn
from genkol.artifacts import Hand, Image, Layer, Person
from genkol.compose import compose
from genkol.errors import Cancelled, NoPerson, RemoteFailed
from tests.bedrock_server import BedrockServer, Reply, answering, painted, painting, pixels_of, png
from tests.unit.vision.figures import noise, person, standing_pose

W, H = 700, 900


@pytest.fixture(scope="module")
def portrait() -> Image:
    """Noise, with dark hair."""
    pixels = noise(6, H, W, smooth=1)
    hair = np.s_[int(0.1 * H) : int(0.6 * H), int(0.3 * W) : int(0.36 * W)]
    pixels[hair] = pixels[hair] // 16 + 20
    return Image(pixels)


@pytest.fixture(scope="module")
def garment() -> Image:
    return Image(np.full((500, 400, 3), (200, 40, 60), np.uint8))


def block(top: float, bottom: float, left: float, right: float) -> np.ndarray:
    part = np.zeros((H, W), np.uint8)
    part[int(top * H) : int(bottom * H), int(left * W) : int(right * W)] = 255
    return part


@pytest.fixture(scope="module")
def who() -> Person:
    hair, face, clothes = block(0.1, 0.6, 0.3, 0.36), block(0.1, 0.35, 0.36, 0.64), block(0.35, 0.95, 0.3, 0.7)
    arms, nothing = block(0.4, 0.7, 0.2, 0.3), block(0, 0, 0, 0)
    clothes = np.minimum(clothes, 255 - hair)
    points = np.zeros((21, 3), np.float32)
    points[:, :2] = np.random.default_rng(0).uniform((0.21 * W, 0.62 * H), (0.29 * W, 0.68 * H), (21, 2))
    matte = np.maximum.reduce([hair, face, clothes, arms])
    return Person(matte, hair, face, arms, clothes, nothing, standing_pose(H, W), (Hand(points, "left", 1.0),))


@pytest.fixture
def work(bedrock: BedrockServer) -> NovaTryOn:
    algorithm = NovaTryOn()
    algorithm.setup(None)
    return algorithm


def dress(work: NovaTryOn, portrait: Image, who: Person, garment: Image, seed: int = 3, **params) -> Layer:
    return work.run(portrait, who, garment, params=NovaTryOn.Params(**params), step=Step(seed=seed))


def unmasked(request: dict) -> Reply:
    return answering({"images": [png(painted(request)[0])]})(request)


@pytest.mark.parametrize("answer", [painting, unmasked])
def test_nothing_changes_outside_the_region_nor_on_face_hair_and_hands(
    work, bedrock, portrait, who, garment, answer
) -> None:
    bedrock.then(answer)
    out = compose(portrait, [dress(work, portrait, who, garment)]).pixels
    told = np.zeros((H, W), bool)
    near = 2 if answer is painting else 12  # where no mask says it, the change itself fades out
    told[int(0.4 * H) - near : int(0.9 * H) + near, int(0.2 * W) - near : int(0.8 * W) + near] = True
    changed = (out != portrait.pixels).any(axis=2)
    assert not changed[~told].any()
    for part in (who.hair, who.face_skin):
        assert not changed[part == 255].any()
    points = np.rint(who.hands[0].landmarks[:, :2]).astype(int)
    assert not changed[points[:, 1], points[:, 0]].any()
    middle = changed[int(0.45 * H) : int(0.58 * H), int(0.4 * W) : int(0.6 * W)]
    assert middle.mean() > 0.99


def test_the_new_garment_covers_the_old_pattern(work, bedrock, portrait, who, garment) -> None:
    out = compose(portrait, [dress(work, portrait, who, garment)]).pixels
    inside = out[int(0.5 * H) : int(0.8 * H), int(0.4 * W) : int(0.6 * W)].astype(int)
    assert np.ptp(inside.reshape(-1, 3), axis=0).max() <= 2
    assert np.ptp(portrait.pixels[int(0.5 * H) : int(0.8 * H)].reshape(-1, 3), axis=0).min() > 100


def test_a_large_portrait_is_sent_reduced_and_stays_sharp(work, bedrock, who, garment) -> None:
    large = Image(noise(6, 2 * H, 2 * W, smooth=1))
    twice = {
        name: cv2.resize(getattr(who, name), (2 * W, 2 * H), interpolation=cv2.INTER_NEAREST)
        for name in ("matte", "hair", "face_skin", "body_skin", "clothes", "accessories")
    }
    layer = dress(work, large, Person(**twice, pose=who.pose * (2, 2, 2, 1)), garment)
    sent = bedrock.requests[0]["virtualTryOnParams"]["sourceImage"]
    assert pixels_of(sent).shape == (1024, 800, 3)
    out = compose(large, [layer]).pixels
    changed = (out != large.pixels).any(axis=2)
    assert not changed[: int(0.78 * H)].any()
    assert changed.mean() > 0.15


def test_the_request_says_what_the_parameters_say(work, bedrock, portrait, who, garment) -> None:
    dress(
        work, portrait, who, garment, seed=2_147_483_650, kind="full-body", sleeves="up", tucking="untucked",
        outer="open", merge="detailed", quality="premium", guidance=3.5,
    )  # fmt: skip
    (request,) = bedrock.requests
    params = request["virtualTryOnParams"]
    assert request["taskType"] == "VIRTUAL_TRY_ON"
    assert params["garmentBasedMask"] == {
        "garmentClass": "FULL_BODY",
        "garmentStyling": {"longSleeveStyle": "SLEEVE_UP", "tuckingStyle": "UNTUCKED", "outerLayerStyle": "OPEN"},
    }
    assert params["mergeStyle"] == "DETAILED"
    assert request["imageGenerationConfig"] == {
        "numberOfImages": 1, "quality": "premium", "cfgScale": 3.5, "seed": 3,
    }  # fmt: skip


def test_what_was_not_asked_is_not_said(work, bedrock, portrait, who, garment) -> None:
    dress(work, portrait, who, garment)
    assert bedrock.requests[0]["virtualTryOnParams"]["garmentBasedMask"] == {"garmentClass": "UPPER_BODY"}


def test_another_picture_than_the_one_sent_is_refused(work, bedrock, portrait, who, garment) -> None:
    bedrock.then(lambda request: answering({"images": [png(255 - painted(request)[0])]})(request))
    with pytest.raises(RemoteFailed, match=r"not the picture that was sent: it differs by \d+ levels"):
        dress(work, portrait, who, garment)


def test_an_unchanged_picture_is_no_success(work, bedrock, portrait, who, garment) -> None:
    def same(request: dict) -> Reply:
        return Reply(body=json.dumps({"images": [request["virtualTryOnParams"]["sourceImage"]]}).encode())

    bedrock.then(same)
    with pytest.raises(RemoteFailed, match="The picture came back unchanged"):
        dress(work, portrait, who, garment)


def test_a_cancelled_step_costs_nothing(work, bedrock, portrait, who, garment) -> None:
    with pytest.raises(Cancelled):
        work.run(portrait, who, garment, params=NovaTryOn.Params(), step=Step(is_cancelled=lambda: True))
    assert bedrock.calls == 0


def test_nobody_is_not_sent(work, bedrock, portrait, garment) -> None:
    with pytest.raises(NoPerson):
        dress(work, portrait, person(np.zeros((H, W), np.uint8)), garment)
    assert bedrock.calls == 0


def test_a_told_region_that_misses_the_body_is_not_believed(portrait: Image, who: Person) -> None:
    corner = np.zeros((320, 320), np.uint8)
    corner[:30, :30] = 255
    assert region_told(corner, who, portrait.pixels) is None


def test_old_clothes_between_the_strands_are_not_kept_as_hair(portrait: Image, who: Person) -> None:
    pixels = np.full((H, W, 3), (200, 30, 40), np.uint8)
    strands = (who.hair > 0) & (np.arange(W) % 8 < 4)[None]
    pixels[strands] = (25, 20, 18)
    pixels[: int(0.4 * H)][who.hair[: int(0.4 * H)] > 0] = (25, 20, 18)
    told = np.zeros((H, W), np.uint8)
    told[int(0.4 * H) : int(0.9 * H)] = 255
    region = region_told(told, who, pixels)
    rows, hair = np.s_[int(0.45 * H) : int(0.55 * H)], who.hair > 0
    assert region[rows][strands[rows]].max() == 0
    assert region[rows][(hair & ~strands)[rows]].min() > 0.9


@pytest.mark.parametrize(
    ("kind", "top", "bottom"),
    [("upper-body", 0.35, 0.72), ("lower-body", 0.5, 1.0), ("full-body", 0.35, 1.0), ("footwear", 0.55, 1.0)],
)
def test_the_region_of_a_kind_lies_on_its_part_of_the_body(
    portrait: Image, who: Person, kind: str, top: float, bottom: float
) -> None:
    region = region_asked(who, portrait.pixels, kind)
    rows = np.flatnonzero(region.any(axis=1)) / H
    assert rows.min() >= top - 0.04
    assert rows.max() <= bottom + 0.04
    assert region[:, : int(0.15 * W)].max() == 0
    assert region.max() == 1
