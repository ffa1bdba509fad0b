"""How a person stands or sits, and the shadow of standing feet."""

import numpy as np
import pytest

from genkol.vision.shadow import LEAST_FALL, contact_shadow, stands, thigh_fall
from tests.unit.vision.figures import standing_pose

HEIGHT, WIDTH = 480, 320


def figure() -> np.ndarray:
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[50:442, 130:190] = 1
    return alpha


def test_a_person_stands_only_with_both_feet_seen_inside_the_picture():
    pose = standing_pose(HEIGHT, WIDTH)
    assert stands(pose, WIDTH, HEIGHT)
    assert not stands(np.zeros((0, 4), np.float32), WIDTH, HEIGHT)
    hidden = pose.copy()
    hidden[28, 3] = 0.2
    assert not stands(hidden, WIDTH, HEIGHT)
    cut = pose.copy()
    cut[31, 1] = HEIGHT + 3
    assert not stands(cut, WIDTH, HEIGHT)


def test_thighs_fall_where_one_stands_and_are_not_judged_where_the_knees_are_out_of_view():
    pose = standing_pose(HEIGHT, WIDTH)
    assert thigh_fall(pose, WIDTH, HEIGHT) == pytest.approx((0.71 - 0.54) / (0.54 - 0.35), abs=0.01)
    sitting = pose.copy()
    sitting[25:27, 1] = pose[23:25, 1] + 10
    fall = thigh_fall(sitting, WIDTH, HEIGHT)
    assert fall is not None
    assert fall < LEAST_FALL
    assert thigh_fall(np.zeros((0, 4), np.float32), WIDTH, HEIGHT) is None
    hidden = pose.copy()
    hidden[26, 3] = 0.2
    assert thigh_fall(hidden, WIDTH, HEIGHT) is None
    assert thigh_fall(pose, WIDTH, round(0.7 * HEIGHT)) is None


def test_it_is_darkest_where_the_soles_touch_and_leaves_the_rest_lit():
    shade = contact_shadow(figure(), standing_pose(HEIGHT, WIDTH), 0.0)
    assert shade is not None
    assert shade.min() > 0
    assert shade.max() <= 1
    assert shade[444, 160] < 0.5
    assert shade[444, 160] < shade[460, 160] < shade[478, 160]
    assert shade[:200].min() > 0.99


def test_it_falls_away_from_the_light():
    left, right = (contact_shadow(figure(), standing_pose(HEIGHT, WIDTH), side) for side in (-1.0, 1.0))
    assert left is not None
    assert right is not None
    assert left[430:460, 200:280].mean() < right[430:460, 200:280].mean()
    assert np.allclose(left[:, ::-1][:, 1:], right[:, :-1], atol=0.08)


def test_no_feet_in_the_matte_cast_no_shadow():
    assert contact_shadow(np.zeros((HEIGHT, WIDTH), np.float32), standing_pose(HEIGHT, WIDTH), 0.0) is None
