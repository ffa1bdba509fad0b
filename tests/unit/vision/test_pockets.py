"""Pockets of the old background within a matte."""

import numpy as np
import pytest

from genkol.vision.pockets import emptied

WALL, SHIRT = (214, 120, 150), (40, 60, 90)
HOLE = np.s_[150:190, 120:136]


def scene(wall=WALL, shirt=SHIRT, noise=1.0):
    """A shirt before a wall, a slit between arm and side that shows the wall, and a matte that covers the slit."""
    rng = np.random.default_rng(1)
    pixels = np.full((300, 260, 3), wall, np.float32)
    matte = np.zeros((300, 260), np.uint8)
    matte[60:, 60:200] = 255
    pixels[60:, 60:200] = shirt
    pixels[HOLE] = wall
    pixels += rng.normal(0, noise, pixels.shape)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8), matte


def suspected(level):
    behind = np.zeros((300, 260), np.float32)
    behind[HOLE] = level
    return behind


def test_a_slit_that_shows_the_wall_and_that_the_segmentation_doubts_is_emptied():
    pixels, matte = scene()
    out = emptied(pixels, matte, suspected(0.4))
    assert out[152:188, 122:134].max() < 30
    around = matte.copy()
    around[145:195, 115:141] = 0
    assert (out[around > 0] == 255).all()


def test_colour_alone_empties_nothing():
    """A shirt may have a patch of the wall's colour."""
    pixels, matte = scene()
    assert (emptied(pixels, matte, suspected(0.0)) == matte).all()


def test_doubt_alone_empties_nothing():
    pixels, matte = scene()
    pixels[HOLE] = SHIRT
    assert (emptied(pixels, matte, suspected(0.9)) == matte).all()


@pytest.mark.parametrize("wall", [(120, 118, 116), (18, 18, 20)])
def test_a_grey_or_dark_wall_has_the_colour_of_cloth_and_empties_nothing(wall):
    pixels, matte = scene(wall=wall, shirt=(200, 40, 40))
    assert (emptied(pixels, matte, suspected(0.9)) == matte).all()


def test_on_a_cluttered_background_nothing_is_emptied():
    pixels, matte = scene()
    clutter = np.random.default_rng(3).integers(0, 255, (75, 65, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    pixels = np.where(matte[..., None] > 0, pixels, clutter)
    assert (emptied(pixels, matte, suspected(0.9)) == matte).all()


def test_a_person_who_fills_the_picture_stays_whole():
    pixels, _ = scene()
    whole = np.full(pixels.shape[:2], 255, np.uint8)
    assert (emptied(pixels, whole, suspected(0.9)) == whole).all()


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("person-halfbody-f-02.jpg", 0.46, 0.56),  # yellow wall between hair and collar
        ("person-halfbody-f-04.jpg", 0.965, 0.85),  # pink wall within the bent arm
    ],
)
def test_the_wall_goes_from_the_pockets_of_a_photograph(name, x, y, photo, person_of):
    portrait = photo(name)
    row, column = round(y * portrait.height), round(x * portrait.width)
    assert person_of(portrait).matte[row - 3 : row + 4, column - 3 : column + 4].mean() < 80


@pytest.mark.weights
@pytest.mark.shared
def test_a_white_shirt_before_white_paper_stays(photo, person_of):
    portrait = photo("person-halfbody-f-09.jpg")
    assert person_of(portrait).matte[340:440, 290:330].min() > 240
