"""What is sent to Nova Canvas, and what is made of its answers."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from genkol.algorithm import Resources, Step
from genkol.artifacts import Image
from genkol.errors import Moderated, RemoteFailed, Unsuitable
from genkol.remote import nova
from genkol.remote.faults import Place
from tests.bedrock_server import painted, pixels_of, png
from tests.unit.vision.figures import noise

PLACE = Place("amazon.nova-canvas-v1:0", "us-east-1")
SMALL = np.full((320, 336, 3), 90, np.uint8)
SIZE = (336, 320)


def body(answer: object) -> bytes:
    return json.dumps(answer).encode()


@given(st.integers(64, 6000), st.integers(64, 6000), st.sampled_from([1024, 2048]))
def test_every_size_that_is_sent_is_within_the_limits(w: int, h: int, most: int) -> None:
    widest = min(4.0, most / 320)
    if max(w, h) > widest * min(w, h):
        with pytest.raises(Unsuitable):
            nova.fitted((w, h), most)
        return
    a, b = nova.fitted((w, h), most)
    assert a % 16 == b % 16 == 0
    assert 320 <= min(a, b) <= max(a, b) <= most
    assert a * b < 4_194_304
    assert max(a, b) <= 4 * min(a, b)
    assert abs((a / b) / (w / h) - 1) < 0.06
    assert max(a, b) <= max(w, h) + 8 or min(a, b) == 320


def test_a_narrow_picture_is_refused_with_its_shape() -> None:
    with pytest.raises(Unsuitable, match=r"400 x 2000 pixels, 5\.0 times as long as wide; .* 3\.2 times at size 1024"):
        nova.fitted((400, 2000), 1024)


@pytest.mark.parametrize(("seed", "sent"), [(0, 0), (7, 7), (2_147_483_646, 2_147_483_646), (2_147_483_647, 0)])
def test_the_seed_is_passed_on_within_its_range(seed: int, sent: int) -> None:
    assert nova.NovaParams().config(seed) == {
        "numberOfImages": 1, "quality": "standard", "cfgScale": 6.5, "seed": sent,
    }  # fmt: skip


def test_the_price_follows_the_parameters() -> None:
    prices = [
        nova.priced(Resources(seconds=3), nova.NovaParams(size=size, quality=quality)).price_usd
        for size in (1024, 2048)
        for quality in ("standard", "premium")
    ]
    assert prices == [0.04, 0.06, 0.06, 0.08]


def try_on(garment: Image) -> dict:
    return nova.try_on_request(
        SMALL,
        garment,
        garment_class="UPPER_BODY",
        styling={"tuckingStyle": "TUCKED"},
        merge="BALANCED",
        config=nova.NovaParams().config(3),
    )


def test_a_try_on_asks_for_the_documented_fields() -> None:
    request = try_on(Image(noise(1, 400, 400, 3)))
    assert set(request) == {"taskType", "virtualTryOnParams", "imageGenerationConfig"}
    params = request["virtualTryOnParams"]
    assert (pixels_of(params.pop("sourceImage")) == SMALL).all()
    assert pixels_of(params.pop("referenceImage")).shape == (400, 400, 3)
    assert params == {
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY", "garmentStyling": {"tuckingStyle": "TUCKED"}},
        "maskExclusions": {"preserveFace": "ON", "preserveHands": "ON", "preserveBodyPose": "ON"},
        "mergeStyle": "BALANCED",
        "returnMask": True,
    }


def test_a_garment_is_sent_on_white_and_in_a_shape_that_is_taken() -> None:
    alpha = np.zeros((900, 100), np.uint8)
    alpha[200:700] = 255
    sent = pixels_of(try_on(Image(np.full((900, 100, 3), 30, np.uint8), alpha))["virtualTryOnParams"]["referenceImage"])
    h, w = sent.shape[:2]
    assert h <= 1024
    assert h / w < 3.2
    assert h % 16 == w % 16 == 0
    assert (sent[0] == 255).all()
    assert (sent[:, 0] == 255).all()
    assert sent[h // 2, w // 2].max() < 40


def test_a_background_keeps_the_person_black_and_changes_the_white() -> None:
    kept = np.zeros((320, 336), np.uint8)
    kept[100:200, 100:200] = 1
    request = nova.backdrop_request(
        SMALL, kept, text=" a beach at dawn ", avoid="people", precise=True, config=nova.NovaParams().config(0)
    )
    params = request["outPaintingParams"]
    mask = pixels_of(params["maskImage"])
    assert set(np.unique(mask)) == {0, 255}
    assert ((mask[..., 0] == 0) == (kept == 1)).all()
    assert (params["text"], params["negativeText"], params["outPaintingMode"]) == (
        "a beach at dawn",
        "people",
        "PRECISE",
    )
    assert (painted(request)[0][100:200, 100:200] == 90).all()


@pytest.mark.parametrize("text", ["", "  ", "x" * 1025])
def test_a_prompt_of_no_or_too_many_words_is_refused(text: str) -> None:
    with pytest.raises(Unsuitable, match=r"The prompt has [\d,]+ characters; Nova Canvas takes 1 to 1,024"):
        nova.backdrop_request(SMALL, SMALL[..., 0], text=text, avoid="", precise=False, config={})


def test_the_first_of_several_pictures_is_taken() -> None:
    answer = nova.parsed(body({"images": [png(SMALL), png(SMALL + 1)], "error": None}), SIZE, PLACE)
    assert (answer.pixels == SMALL).all()
    assert answer.changed is None


def test_a_picture_beside_blocked_ones_is_taken() -> None:
    said = "Some of the generated images have been blocked by our content filters."
    assert (nova.parsed(body({"images": [png(SMALL)], "error": said}), SIZE, PLACE).pixels == SMALL).all()


def test_the_mask_is_white_where_the_picture_was_changed() -> None:
    mask = np.full_like(SMALL, 255)
    mask[50:60] = 0
    answer = nova.parsed(body({"images": [png(SMALL)], "maskImage": png(mask)}), SIZE, PLACE)
    assert ((answer.changed == 255) == (mask[..., 0] == 0)).all()


def test_a_blocked_answer_is_moderated() -> None:
    said = "All of the generated images have been blocked by our content filters."
    with pytest.raises(Moderated, match=f"{said} Try another seed"):
        nova.parsed(body({"images": [], "error": said}), SIZE, PLACE)


def jpeg_cut() -> str:
    file = io.BytesIO()
    Pillow.fromarray(noise(2, 320, 336, 1)).save(file, "JPEG")
    return base64.b64encode(file.getvalue()[:2000]).decode()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "0 bytes that are no JSON"),
        (b"<html>", "no JSON"),
        (b'{"images": ["', "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[1]", "a JSON list instead of an object"),
        (b"{}", r"no picture \(no reason given\)"),
        (body({"images": None, "error": "Oops."}), r"no picture \(Oops\.\)"),
        (body({"images": "abc"}), "no picture"),
        (body({"images": [None]}), "base64 is broken"),
        (body({"images": [{"a": 1}]}), "base64 is broken"),
        (body({"images": [png(SMALL)[:-3]]}), "base64 is broken"),
        (body({"images": [png(SMALL)[:400]]}), "a picture that cannot be read"),
        (body({"images": [jpeg_cut()]}), "a picture that cannot be read"),
        (body({"images": ["aGVsbG8="]}), "a picture that cannot be read"),
        (body({"images": [png(SMALL[:, :320])]}), "320 x 320 pixels where 336 x 320 was sent"),
        (body({"images": [png(SMALL)], "maskImage": png(SMALL[:300])}), "a mask of 336 x 300 pixels"),
        (body({"images": [png(SMALL)], "maskImage": 7}), "a mask whose base64 is broken"),
    ],
)
def test_a_malformed_answer_is_told(data: bytes, what: str) -> None:
    with pytest.raises(RemoteFailed, match=f"answered with .*{what}.* may have been charged") as e:
        nova.parsed(data, SIZE, PLACE)
    assert e.value.context["repeatable"] is False


def test_the_waiting_is_heard_as_progress(bedrock) -> None:
    from genkol.settings import settings
    from tests.bedrock_server import answering

    bedrock.then(answering({"images": [png(SMALL)]}, delay_s=0.7))
    heard: list[float] = []
    step = Step(on_progress=lambda fraction, _: heard.append(fraction))
    nova.NovaCanvas(settings()).paint({"taskType": "TEXT_IMAGE"}, SIZE, step)
    assert heard[0] == 0.1
    assert heard[-1] == 0.8
    assert len(heard) > 3
    assert heard == sorted(heard)
