"""Brightening of pictures taken in the dark."""

import numpy as np

from genkol.vision.light import brightened


def test_a_picture_in_daylight_is_left_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert brightened(pixels) is pixels


def test_a_dark_picture_gets_brighter_and_keeps_its_order():
    pixels = np.tile(np.arange(60, dtype=np.uint8)[:, None, None], (1, 60, 3))
    out = brightened(pixels)
    assert out[-8].mean() > 130
    assert (np.diff(out[:, 0, 0].astype(int)) >= 0).all()


def test_a_black_picture_stays_finite():
    assert brightened(np.zeros((32, 32, 3), np.uint8)).max() == 0


def test_a_dark_room_with_a_lamp_is_left_as_it_is():
    pixels = np.full((80, 80, 3), 30, np.uint8)
    pixels[:16, :16] = 230
    assert brightened(pixels) is pixels
