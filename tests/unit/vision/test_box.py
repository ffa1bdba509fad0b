"""Boxes of whole pixels."""

import numpy as np

from genkol.vision.box import Box, box_of


def test_a_box_is_in_pixels_of_the_picture():
    mask = np.zeros((10, 10), bool)
    mask[2:5, 3:9] = True
    assert box_of(mask, 2, 4) == Box(6, 8, 18, 20)
    assert box_of(np.zeros((4, 4), bool), 1, 1) is None


def test_a_grown_box_stays_in_the_picture():
    assert Box(10, 10, 30, 50).grown(0.5, (60, 100)) == Box(0, 0, 50, 60)
