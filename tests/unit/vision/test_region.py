"""Turned squares: what a model sees of a picture, and its points back in the picture."""

import numpy as np
import pytest

from genkol.vision.region import Region, upright_angle, whole


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0, 3.1])
def test_the_middle_of_a_crop_is_the_middle_of_the_region(angle):
    region = Region(40.0, 25.0, 30.0, angle)
    middle = np.array([[31.5, 31.5, 2.0]], np.float32)
    assert region.to_picture(middle, 64)[0] == pytest.approx([40, 25, 2 * 30 / 64], abs=1e-4)


@pytest.mark.parametrize("head", [(10, -5), (0, 8), (-3, -3), (1, 0)])
def test_a_region_is_turned_so_that_the_head_is_up(head):
    tail = np.array([50, 50], np.float32)
    tip = tail + np.array(head, np.float32)
    region = Region(50, 50, 100, upright_angle(tail, tip))
    up = region.to_picture(np.array([[49.5, 0, 0]], np.float32), 100)[0, :2] - tail
    assert up / np.linalg.norm(up) == pytest.approx(np.array(head) / np.linalg.norm(head), abs=1e-3)


def test_an_unturned_region_crops_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    crop = Region(29.5, 19.5, 20.0).crop(pixels, 20)
    assert np.array_equal(crop, pixels[10:30, 20:40])


def test_the_whole_of_a_wide_picture_has_black_above_and_below():
    crop = whole(np.full((20, 40, 3), 255, np.uint8)).crop(np.full((20, 40, 3), 255, np.uint8), 40)
    assert crop[:9].max() == 0
    assert crop[11:29].min() == 255
