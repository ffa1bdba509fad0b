"""The guided filter: flat maps stay, edges move to where the picture has them."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkol.vision.guided import Guide
from genkol.vision.smooth import smoothed


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), level=st.floats(0, 1, width=32), height=st.integers(8, 70), width=st.integers(8, 70))
def test_a_constant_map_stays_constant_on_any_picture(seed, level, height, width):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    out = Guide(pixels, side=48, radius=3, eps=1e-3)(np.full((9, 9), level, np.float32))
    assert out.shape == (height, width)
    assert out == pytest.approx(np.full((height, width), level), abs=2e-3)


def test_a_blurred_edge_sharpens_to_the_edge_of_the_picture():
    pixels = np.full((80, 80, 3), 30, np.uint8)
    pixels[:, 43:] = (200, 120, 60)
    truth = np.zeros((80, 80), np.float32)
    truth[:, 43:] = 1
    blurred = cv2.GaussianBlur(truth, (0, 0), 4)
    out = Guide(pixels, side=80, radius=8, eps=1e-5)(blurred)
    assert (out[:, 43] - out[:, 42]).min() > 4 * (blurred[:, 43] - blurred[:, 42]).max()
    assert out[:, :40].max() < out[:, 46:].min() - 0.5


def test_the_map_stays_in_its_range():
    pixels = np.random.default_rng(3).integers(0, 256, (50, 40, 3), np.uint8)
    out = Guide(pixels, side=50, radius=2, eps=1e-6)(np.random.default_rng(4).random((50, 40), np.float32))
    assert out.min() >= 0
    assert out.max() <= 1


@pytest.mark.parametrize("sigma", [1.0, 9.0, 30.0])
def test_a_wide_blur_keeps_the_mean_and_comes_near_the_exact_one(sigma):
    array = np.zeros((96, 128, 6), np.float32)
    array[30:60, 50:90] = np.arange(6, dtype=np.float32)
    out = smoothed(array, sigma)
    assert out.shape == array.shape
    assert np.abs(out - cv2.GaussianBlur(array, (0, 0), sigma)).max() < 0.08 * array.max()
