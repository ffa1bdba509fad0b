"""The subject freed of the old background."""

import numpy as np
import pytest

from genkol.vision.foreground import separated
from tests.unit.vision.figures import disc, noise


def over(subject: np.ndarray, backdrop: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.rint(subject * alpha[..., None] + backdrop * (1 - alpha[..., None])).astype(np.uint8)


def test_sure_pixels_keep_their_coverage_and_their_colour():
    pixels = noise(1, 200, 160, smooth=2)
    alpha = disc(200, 160, radius=60, soft=10).astype(np.float32) / 255
    coverage, colour = separated(pixels, alpha)
    sure = (alpha == 0) | (alpha == 1)
    assert np.array_equal(coverage[sure], alpha[sure])
    assert np.array_equal(colour[alpha == 1], pixels[alpha == 1])


@pytest.mark.parametrize("backdrop", [(255, 255, 255), (10, 200, 90), (0, 0, 0)])
def test_the_colour_under_a_soft_edge_is_the_subjects_own(backdrop):
    alpha = disc(240, 240, radius=80, soft=16).astype(np.float32) / 255
    subject = np.full((240, 240, 3), (170, 120, 90), float)
    pixels = over(subject, np.full_like(subject, backdrop), alpha)
    _, colour = separated(pixels, alpha)
    band = (alpha > 0.1) & (alpha < 1)
    assert np.abs(pixels.astype(float) - subject)[band].mean() > 25
    assert np.abs(colour - subject)[band].mean() < 5


def test_coverage_is_corrected_toward_the_truth_before_an_even_background():
    true = disc(320, 320, radius=90, soft=6).astype(np.float32) / 255
    drawn = disc(320, 320, radius=92, soft=14).astype(np.float32) / 255
    subject = np.full((320, 320, 3), (60, 50, 45), float)
    pixels = over(subject, np.full_like(subject, 235), true)
    coverage, _ = separated(pixels, drawn)
    assert np.abs(coverage - true).mean() < 0.7 * np.abs(drawn - true).mean()


def test_coverage_is_left_alone_where_subject_and_background_look_alike():
    drawn = disc(240, 240, radius=80, soft=14).astype(np.float32) / 255
    same = np.full((240, 240, 3), 200, np.uint8)
    coverage, colour = separated(same, drawn)
    assert np.array_equal(coverage, drawn)
    assert np.abs(colour[drawn > 0] - 200).max() < 1.5


def test_without_cleaning_the_coverage_is_the_mattes():
    pixels = noise(4, 120, 120, smooth=3)
    drawn = disc(120, 120, radius=40, soft=9).astype(np.float32) / 255
    assert separated(pixels, drawn, clean=0)[0] is drawn


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_matte_without_edge_is_no_trouble(value):
    pixels = noise(5, 64, 300, smooth=3)
    coverage, colour = separated(pixels, np.full((64, 300), value, np.float32))
    assert (coverage == value).all()
    assert np.isfinite(colour).all()
