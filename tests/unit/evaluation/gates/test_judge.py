"""A good layer passes; each planted bad one is caught by its own gate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from genkol.artifacts import F32, F64, U8, Image, Layer, Person
from genkol.compose import at, change, cover
from genkol.errors import GateFailed
from genkol.evaluation.gates import Judge, Verdict
from genkol.evaluation.gates.trial import SeenFace
from genkol.services import (
    BACKGROUND,
    HAIR_EDITING,
    MAKEUP_TRANSFER,
    OBJECT_INTERACTION,
    SCENE,
    UPSCALING,
    VIRTUAL_TRY_ON,
    Aspect,
)
from tests.unit.flow.planning import algorithm

SIDE = 240
MARKS = ((70, 70), (170, 70), (120, 130))
"""Where the drawn face has its green eyes and its mouth."""
RED, SHIRT = (200, 40, 40), (60, 80, 150)


class DrawnEyes:
    """Knows a drawn face by its three green marks; its embedding is the mean colour of the face."""

    yaw = 0.0

    def faces(self, pixels: U8) -> Sequence[SeenFace]:
        green = (pixels[..., 1] > 200) & (pixels[..., 0] < 80) & (pixels[..., 2] < 80)
        count, _, _, centres = cv2.connectedComponentsWithStats(green.astype(np.uint8))
        if count != 4:
            return []
        left, right, mouth = sorted(centres[1:].tolist(), key=lambda p: (p[1] > centres[1:, 1].mean() + 5, p[0]))
        points = np.zeros((68, 2))
        points[:] = (np.add(left, right) + mouth) / 3
        points[[36, 39, 42, 45, 33]] = [left, np.add(left, [30, 0]), np.subtract(right, [30, 0]), right, mouth]
        return [SeenFace(points.astype(np.float32), self.yaw)]

    def embedding(self, pixels: U8, landmarks: F32) -> F64:
        x, y = landmarks[33].astype(int)
        return pixels[y - 40 : y - 15, x - 15 : x + 15].mean(axis=(0, 1)) / 255


def portrait() -> Image:
    """A skin-coloured head with green eyes over a body in a blue shirt with folds."""
    pixels = np.full((SIDE, SIDE, 3), 190, np.uint8)
    pixels[30:150, 40:200] = (200, 150, 120)
    for x, y in MARKS:
        pixels[y - 4 : y + 4, x - 4 : x + 4] = (20, 240, 20)
    folds = (1 - 0.5 * np.sin(np.arange(160) / 6) ** 2)[None, :, None]
    pixels[150:, 40:200] = (np.array(SHIRT) * folds).astype(np.uint8)
    return Image(pixels)


def mask(rows: slice, columns: slice = slice(40, 200)) -> U8:
    found = np.zeros((SIDE, SIDE), np.uint8)
    found[rows, columns] = 255
    return found


PORTRAIT = portrait()
CLOTHES, HAIR = mask(slice(150, 240)), mask(slice(10, 40))
PERSON = Person(
    mask(slice(10, 240)), HAIR, mask(slice(40, 150)), CLOTHES * 0, CLOTHES, CLOTHES * 0, np.zeros((0, 4), np.float32)
)
GARMENT = Image(np.full((100, 100, 3), RED, np.uint8), np.full((100, 100), 255, np.uint8))
JUDGE = Judge(DrawnEyes())

MAKEUP = algorithm(MAKEUP_TRANSFER, "portrait", writes={Aspect.FACE})
PLACE = algorithm(OBJECT_INTERACTION, "portrait", writes={Aspect.HANDS})
BACK = algorithm(BACKGROUND, "portrait", writes={Aspect.BACKGROUND})
DYE = algorithm(HAIR_EDITING, "portrait, person", writes={Aspect.HAIR})
DRESS = algorithm(VIRTUAL_TRY_ON, "portrait, person, garment", writes={Aspect.CLOTHES, Aspect.SILHOUETTE})
RECOLOUR = algorithm(VIRTUAL_TRY_ON, "portrait, person, garment", writes={Aspect.CLOTHES})
DOUBLE = algorithm(UPSCALING, "portrait", writes={Aspect.FRAME})


def judged(kind: Any, result: Any, params: dict[str, Any] | None = None, **more: Any) -> Verdict:
    return JUDGE.judge(kind, {"portrait": PORTRAIT, "person": PERSON, **more}, params or {}, result)


def over(rows: slice, columns: slice, colour: tuple[int, int, int]) -> Layer:
    picture = np.broadcast_to(np.array(colour, np.float32), PORTRAIT.pixels.shape)
    return cover(picture, mask(rows, columns))


def paler(rows: slice, columns: slice, by: float) -> Layer:
    return change(PORTRAIT.pixels, PORTRAIT.pixels * np.float32(1 - by), mask(rows, columns))


def broken(verdict: Verdict) -> set[str]:
    assert verdict.passed == (not verdict.reasons)
    return {re.split(r" is (?=[\d-]|inf)", reason)[0] for reason in verdict.reasons}


def test_a_slight_makeup_passes_with_its_numbers() -> None:
    verdict = judged(MAKEUP, paler(slice(80, 120), slice(70, 170), 0.1))
    assert verdict.passed
    assert 0 < verdict.measured["identity"] < 0.45
    assert verdict.measured["outside"] == 0
    assert verdict.measured["landmark_drift"] == 0


def test_another_face_breaks_the_identity() -> None:
    assert broken(judged(MAKEUP, paler(slice(80, 122), slice(80, 160), 0.9))) == {"the identity distance of the face"}


def test_a_smaller_change_of_the_face_breaks_what_is_no_makeup() -> None:
    layer = paler(slice(80, 122), slice(80, 160), 0.35)
    assert judged(MAKEUP, layer).passed
    assert broken(judged(BACK, layer)) == {"the identity distance of the face"}


def test_a_moved_eye_breaks_the_drift() -> None:
    after = PORTRAIT.pixels.copy()
    after[60:80, 60:80], after[66:74, 90:98] = (200, 150, 120), (20, 240, 20)
    assert "the drift of the face's landmarks (share of the eye distance)" in broken(
        judged(MAKEUP, change(PORTRAIT.pixels, after))
    )


def test_a_lost_face_breaks_identity_and_drift() -> None:
    verdict = judged(BACK, over(slice(30, 150), slice(40, 200), (90, 90, 90)))
    assert verdict.measured["identity"] == float("inf")
    assert len(broken(verdict)) == 3


def test_makeup_beside_the_face_is_stray() -> None:
    assert broken(judged(MAKEUP, paler(slice(200, 240), slice(0, 240), 0.2))) == {"the change outside the asked region"}


def test_a_product_over_the_face_hides_it() -> None:
    verdict = judged(PLACE, over(slice(85, 115), slice(75, 165), (200, 150, 120)))
    assert "the part of the face that is covered" in broken(verdict)
    assert judged(PLACE, over(slice(200, 230), slice(100, 150), RED)).passed


def test_dyed_skin_is_stray_and_flat_hair_has_lost_its_strands() -> None:
    picture = PORTRAIT.pixels.copy()
    picture[10:30, 40:200] = np.linspace(20, 120, 160)[None, :, None]
    streaked = Image(picture)

    def dyed(rows: slice, after: Any) -> Verdict:
        return JUDGE.judge(
            DYE, {"portrait": streaked, "person": PERSON}, {}, change(picture, after, mask(rows, slice(40, 200)))
        )

    assert dyed(slice(10, 30), picture * np.float32([1.2, 0.9, 0.8])).passed
    assert broken(dyed(slice(10, 60), picture * np.float32([1.2, 0.9, 0.8]))) >= {"the change outside the asked region"}
    backwards = picture.copy()
    backwards[10:30, 40:200] = picture[10:30, 199:39:-1]
    assert broken(dyed(slice(10, 30), backwards)) == {"the correlation of lightness before and after"}


def test_a_garment_of_the_right_colour_that_covers_passes() -> None:
    verdict = judged(DRESS, over(slice(150, 240), slice(40, 200), RED), garment=GARMENT)
    assert verdict.passed
    assert verdict.measured["garment_de"] == pytest.approx(0, abs=0.2)
    assert verdict.measured["coverage"] == 1
    assert verdict.measured["spill"] == 0


@pytest.mark.parametrize(
    ("rows", "columns", "colour", "reason"),
    [
        (
            slice(150, 240),
            slice(40, 200),
            (220, 90, 60),
            "the colour difference of the worn garment from its photo (dE)",
        ),
        (slice(150, 240), slice(40, 160), RED, "the part of the old clothes that is covered"),
        (slice(150, 240), slice(0, 240), RED, "the part of the garment beside the body"),
    ],
    ids=["wrong colour", "old clothes show", "beside the body"],
)
def test_a_bad_garment_is_caught(rows: slice, columns: slice, colour: Any, reason: str) -> None:
    assert broken(judged(DRESS, over(rows, columns, colour), garment=GARMENT)) == {reason}


def test_a_print_that_is_left_out_is_caught() -> None:
    from tests.unit.evaluation.metrics.test_prints import shirt

    photo, where = shirt()
    garment = Image(photo, where.astype(np.uint8) * 255)
    verdict = judged(DRESS, over(slice(150, 240), slice(40, 200), (40, 80, 150)), garment=garment)
    assert "the likeness of the print" in broken(verdict)


def test_recolouring_flat_loses_the_folds() -> None:
    red = np.float32(RED) * PORTRAIT.pixels[..., 2:].astype(np.float32) / SHIRT[2]
    good = change(PORTRAIT.pixels, red, CLOTHES)
    verdict = judged(RECOLOUR, good)
    assert verdict.passed
    assert verdict.measured["lightness_correlation"] > 0.95
    noise = np.random.default_rng(3).integers(0, 200, red.shape).astype(np.float32)
    assert broken(judged(RECOLOUR, change(PORTRAIT.pixels, noise, CLOTHES))) == {
        "the correlation of lightness before and after"
    }


def test_an_enlarged_picture_must_be_the_same_reduced() -> None:
    double = PORTRAIT.pixels.repeat(2, axis=0).repeat(2, axis=1)
    assert judged(DOUBLE, Image(double)).passed
    assert broken(judged(DOUBLE, Image((double * 0.8).astype(np.uint8)))) >= {
        "the difference of the reduced picture from its original (dE)"
    }


def test_where_there_is_no_face_nothing_is_asked_of_it() -> None:
    blank = Image(np.full((60, 60, 3), 120, np.uint8))
    verdict = JUDGE.judge(BACK, {"portrait": blank}, {}, cover(blank.pixels + np.uint8(40), 1.0, at(0, 0)))
    assert verdict.passed
    assert verdict.measured["identity"] is None


def test_of_a_profile_nothing_is_asked_that_its_far_side_decides() -> None:
    class Profile(DrawnEyes):
        yaw = -60.0

    verdict = Judge(Profile()).judge(PLACE, {"portrait": PORTRAIT}, {}, over(slice(85, 115), slice(75, 165), (0, 0, 0)))
    assert verdict.measured["landmark_drift"] is verdict.measured["face_hidden"] is None
    assert broken(verdict) == {"the identity distance of the face"}


def test_a_face_out_of_reach_of_the_layer_is_not_looked_for_again() -> None:
    class Once(DrawnEyes):
        looks = 0

        def faces(self, pixels: U8) -> Sequence[SeenFace]:
            self.looks += 1
            return super().faces(pixels)

    eyes = Once()
    long = Image(np.pad(PORTRAIT.pixels, ((0, 200), (0, 0), (0, 0)), mode="edge"))
    verdict = Judge(eyes).judge(PLACE, {"portrait": long}, {}, cover(np.zeros((9, 9, 3), np.uint8), 1.0, at(0, 400)))
    assert verdict.measured["identity"] == 0
    assert eyes.looks == 1


def test_a_refusal_has_the_numbers() -> None:
    layer = over(slice(150, 240), slice(40, 160), RED)
    with pytest.raises(GateFailed, match=r"the old clothes that is covered is 75\.0%, at least 98") as caught:
        JUDGE.require(DRESS, {"portrait": PORTRAIT, "person": PERSON, "garment": GARMENT}, {}, layer)
    assert caught.value.status == 422
    assert caught.value.context["measured"]["coverage"] == 0.75


def test_what_is_no_picture_passes_unmeasured() -> None:
    scene = algorithm(SCENE, "")
    assert JUDGE.judge(scene, {}, {}, PORTRAIT) == Verdict(True, {})
