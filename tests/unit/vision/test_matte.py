"""Fusing and refining mattes, on made-up pictures."""

import numpy as np
import pytest

from genkol.vision.box import Box
from genkol.vision.matte import continued, fused, laid, refined, touches_rim
from genkol.vision.unmix import unmixed

NOBODY = np.zeros((200, 200), np.float32)


def square(size: int, low: int, high: int) -> np.ndarray:
    out = np.zeros((size, size), np.float32)
    out[low:high, low:high] = 1
    return out


def test_an_island_without_a_person_goes():
    alpha = square(200, 20, 120)
    alpha[160:180, 160:180] = 1
    out = fused(alpha, square(200, 25, 115), NOBODY)
    assert out[170, 170] == 0
    assert out[70, 70] == 1


def test_what_touches_the_person_stays():
    alpha = square(200, 20, 120)
    alpha[60:100, 120:180] = 1
    assert fused(alpha, square(200, 25, 115), NOBODY)[80, 170] == 1


def test_a_hole_in_the_clothes_is_filled():
    alpha = square(200, 20, 180)
    alpha[90:110, 90:110] = 0
    assert fused(alpha, square(200, 20, 180), NOBODY)[100, 100] > 0.95


def test_a_gap_that_both_models_see_stays_open():
    alpha = square(200, 20, 180)
    alpha[80:120, 80:120] = 0
    assert fused(alpha, alpha, NOBODY)[100, 100] == 0


def test_a_matte_that_misses_the_body_is_mended_by_the_pose():
    body = square(200, 40, 160)
    assert fused(square(200, 40, 60), square(200, 40, 60), body)[120, 120] == 1
    nearly = square(200, 30, 120)
    assert fused(nearly, nearly, body)[145, 145] == 0


def cut_at(hem: int, thighs_until: int = 0) -> np.ndarray:
    """A torso 80 wide that ends at the hem, and the outer part of a thigh that the matte still has."""
    alpha = np.zeros((200, 200), np.float32)
    alpha[40:hem, 60:140] = 1
    alpha[hem:, 60:thighs_until] = 1
    return alpha


def cut_thighs() -> np.ndarray:
    """The waist from row 134, the hips at 150, the lower edge at 200."""
    out = np.zeros((200, 200), np.float32)
    out[134:150, 70:130] = 1
    out[150:, 60:140] = 1
    return out


@pytest.mark.parametrize("hem", [146, 160])
def test_a_body_that_the_frame_cuts_goes_on_to_the_frame(hem):
    out = continued(cut_at(hem, thighs_until=75), cut_thighs(), NOBODY)
    assert out[150:, 60:140].min() == 1
    assert out[130:150, 70:130].min() == 1
    assert np.array_equal(out[:130], cut_at(hem)[:130])
    assert out[150:, :60].max() == out[150:, 140:].max() == 0


def test_the_pose_alone_may_speak_for_the_thighs():
    alpha, body = cut_at(152), cut_at(200, thighs_until=140)
    assert np.array_equal(continued(alpha, cut_thighs(), NOBODY), alpha)
    assert continued(alpha, cut_thighs(), body)[199, 60:140].min() == 1


@pytest.mark.parametrize(
    ("alpha", "thighs"),
    [
        (cut_at(120), cut_thighs()),
        (cut_at(150), cut_thighs()),
        (cut_at(150, thighs_until=125), cut_thighs()),
        (cut_at(150, thighs_until=75), NOBODY),
    ],
    ids=["behind a desk", "a counter at the hips", "most of it is there", "not cut by the frame"],
)
def test_the_matte_stays_where_nothing_says_that_thighs_were_lost(alpha, thighs):
    assert np.array_equal(continued(alpha, thighs, NOBODY), alpha)


def test_nothing_stays_nothing():
    empty = np.zeros((64, 64), np.float32)
    assert fused(empty, empty, empty).max() == 0


def test_the_refined_outline_lies_on_that_of_the_picture():
    """The alpha is 3 pixels too wide at 4 pixels each; the picture knows better."""
    pixels = np.full((400, 400, 3), (240, 240, 235), np.uint8)
    pixels[100:300, 100:300] = (90, 50, 40)
    truth = square(400, 100, 300)
    coarse = np.clip(square(100, 25, 75) + 0, 0, 1)
    soft = np.asarray(np.clip(coarse * 0.6 + 0.4 * np.roll(coarse, 1, axis=1), 0, 1), np.float32)
    out = refined(pixels, soft, np.ones((100, 100), np.float32)) / 255
    assert out.shape == (400, 400)
    assert np.abs(out - truth).mean() < 0.01


def test_background_seen_between_strands_is_taken_out():
    pixels = np.full((400, 400, 3), (40, 160, 220), np.uint8)
    pixels[:, :200] = (60, 40, 30)
    pixels[:, 192:196] = (40, 160, 220)
    alpha = np.zeros((400, 400), np.float32)
    alpha[:, :200] = 1
    out = unmixed(pixels, alpha, alpha, np.ones_like(alpha), np.ones((400, 400), bool))
    assert out[50:350, 193:195].max() < 0.2
    assert out[50:350, 197:199].min() > 0.8
    assert out[50:350, 100:190].min() > 0.95


def test_where_subject_and_background_look_alike_the_alpha_stays():
    pixels = np.full((200, 200, 3), 240, np.uint8)
    alpha = np.zeros((200, 200), np.float32)
    alpha[:, :100] = 1
    out = unmixed(pixels, alpha, alpha, np.ones_like(alpha), np.ones((200, 200), bool))
    assert np.array_equal(out, alpha)


def test_a_box_tells_whether_the_subject_goes_on_beyond_it():
    alpha = np.zeros((50, 50), np.float32)
    alpha[:, 10:] = 1
    assert not touches_rim(alpha, Box(10, 0, 100, 80), (80, 100))
    assert touches_rim(alpha, Box(10, 0, 90, 80), (80, 100))


def test_a_laid_map_is_zero_outside_its_box():
    out = laid(np.full((4, 5), 9, np.uint8), Box(2, 1, 7, 5), (10, 12))
    assert out.sum() == 9 * 20
    assert out[1:5, 2:7].min() == 9
