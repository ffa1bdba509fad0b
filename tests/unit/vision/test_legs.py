"""The gap between the legs."""

import numpy as np
import pytest

from genkol.vision.legs import parted
from tests.unit.vision.figures import standing_pose

HEIGHT, WIDTH = 480, 320
GAP = np.s_[360:400, 154:166]


def standing(trousers=(30, 30, 36), gap=(225, 228, 235)):
    """Dark trousers before bright rock, a gap between the legs that shows it, and a matte that closes the gap."""
    rng = np.random.default_rng(2)
    pixels = rng.normal((225, 228, 235), 18, (HEIGHT, WIDTH, 3))
    matte = np.zeros((HEIGHT, WIDTH), np.uint8)
    matte[50:442, 125:195] = 255
    pixels[50:442, 125:195] = trousers
    pixels[GAP] = gap
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8), matte


def pose() -> np.ndarray:
    found = standing_pose(HEIGHT, WIDTH)
    found[[23, 25, 27], 0], found[[24, 26, 28], 0] = 140, 180
    return found


def test_what_shows_the_background_between_plain_trousers_is_emptied_and_nothing_else():
    pixels, matte = standing()
    out = parted(pixels, matte, pose())
    assert out[364:396, 157:163].max() < 40
    around = matte.copy()
    around[350:410, 146:174] = 0
    assert (out[around > 0] == 255).all()


@pytest.mark.parametrize("gap", [(120, 20, 20), (45, 45, 50)])
def test_a_patch_unlike_the_background_or_like_the_trousers_stays(gap):
    pixels, matte = standing(gap=gap)
    assert (parted(pixels, matte, pose()) == matte).all()


def test_patterned_trousers_and_legs_out_of_view_are_left_alone():
    pixels, matte = standing()
    striped = pixels.copy()
    striped[50:442:2, 125:195] = (240, 240, 240)
    assert (parted(striped, matte, pose()) == matte).all()
    sitting = pose()
    sitting[25:27, 1] = sitting[23:25, 1]
    for unseen in (np.zeros((0, 4), np.float32), sitting, pose() * np.float32([1, 1, 1, 0])):
        assert (parted(pixels, matte, unseen) == matte).all()


@pytest.mark.weights
@pytest.mark.shared
def test_a_waterfall_does_not_stay_between_the_legs_of_a_photograph(photo, person_of):
    portrait = photo("person-fullbody-m-03.jpg")
    matte = person_of(portrait).matte
    gap = np.s_[640:740, 524:549]
    bright = portrait.pixels[gap].min(axis=2) > 190
    assert bright.sum() > 200
    assert (matte[gap][bright] > 128).mean() < 0.1
