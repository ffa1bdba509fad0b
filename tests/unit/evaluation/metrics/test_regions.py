"""Metrics of regions give the answers that are known beforehand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from genkol.evaluation.metrics.regions import (
    by_colour,
    lightness_correlation,
    local_difference,
    median_lab,
    outside_difference,
    region_difference,
    stray_share,
)
from genkol.vision.colour import bytes_of, lab_of, rgb_of

GREY = np.full((20, 30, 3), 100, np.uint8)
LEFT = np.zeros((20, 30), np.bool_)
LEFT[:, :10] = True
WHOLE = np.ones((20, 30), np.bool_)


def changed(x: int, by: int) -> np.ndarray:
    picture = GREY.copy()
    picture[5, x, 1] += by
    return picture


def test_outside_is_the_largest_difference_beyond_the_region() -> None:
    assert outside_difference(GREY, changed(3, 50), LEFT) == 0
    assert outside_difference(GREY, changed(20, 7), LEFT) == 7
    assert outside_difference(GREY, changed(20, 7), WHOLE) == 0


def test_stray_is_the_share_of_the_change_beyond_the_region() -> None:
    assert stray_share(GREY, GREY, LEFT) == 0
    both = changed(3, 30)
    both[5, 20, 1] += 10
    assert stray_share(GREY, both, LEFT) == pytest.approx(0.25)


def test_a_region_has_the_median_colour() -> None:
    picture = GREY.copy()
    picture[0, :4] = 255
    white = np.full_like(GREY, 255)
    found = median_lab(white, WHOLE)
    assert found is not None
    assert found == pytest.approx([100, 0, 0], abs=0.05)
    assert region_difference(picture, LEFT, GREY, WHOLE) == pytest.approx(0, abs=1e-3)


def test_black_and_white_lie_a_hundred_apart() -> None:
    black, white = np.zeros_like(GREY), np.full_like(GREY, 255)
    assert region_difference(black, WHOLE, white, LEFT) == pytest.approx(100, abs=0.1)
    assert region_difference(black, np.zeros_like(LEFT), white, LEFT) is None


def test_lightness_correlates_when_folds_are_kept_and_not_when_they_are_turned_round() -> None:
    ramp = np.repeat(np.arange(60, 120, 2, np.uint8)[None, :, None], 20, axis=0).repeat(3, axis=2)
    brighter = (ramp * 1.5).astype(np.uint8)
    assert lightness_correlation(ramp, brighter, WHOLE) == pytest.approx(1, abs=0.01)
    assert lightness_correlation(ramp, ramp[:, ::-1], WHOLE) == pytest.approx(-1, abs=0.01)
    assert lightness_correlation(ramp, GREY, WHOLE) is None


def folded(colour: tuple[int, int, int]) -> np.ndarray:
    """Cloth of one colour in vertical folds, 60 x 120."""
    light = 1 - 0.4 * np.sin(np.arange(120) / 7) ** 2
    return np.rint(np.array(colour) * light[None, :, None]).astype(np.uint8).repeat(60, axis=0)


def test_stripes_do_not_hide_that_the_folds_are_kept() -> None:
    before, after = folded((200, 200, 205)), folded((30, 40, 90))
    after[np.arange(60) // 10 % 2 == 0] = folded((240, 240, 240))[0]
    everywhere = np.ones(before.shape[:2], bool)
    assert (lightness_correlation(before, after, everywhere) or 0) < 0.5
    assert (lightness_correlation(before, after, everywhere, patterned=True) or 0) > 0.95
    noise = np.random.default_rng(1).integers(0, 255, after.shape, np.uint8)
    assert abs(lightness_correlation(before, noise, everywhere, patterned=True) or 0) < 0.2


def test_a_pattern_is_parted_into_its_colours() -> None:
    thirds = np.vstack([folded(colour)[:20] for colour in ((200, 60, 60), (30, 60, 160), (240, 240, 240))])
    assert [part.mean() for part in by_colour(lab_of(thirds).reshape(-1, 3))] == pytest.approx([1 / 3] * 3, abs=0.06)


def striped(shift: int) -> np.ndarray:
    """Stripes, a third of them light."""
    rows = (np.arange(200) + shift) % 12 < 4
    picture = np.where(rows[:, None, None], np.uint8([230, 220, 200]), np.uint8([40, 40, 60]))
    return np.broadcast_to(picture, (200, 160, 3)).copy()


def test_a_pattern_that_is_shifted_or_shaded_at_its_sides_keeps_its_colour_and_a_dye_does_not() -> None:
    photo, everywhere = striped(0), np.ones((200, 160), np.bool_)
    half = np.float64([[0.5, 0, 0], [0, 0.5, 0]])
    worn = cv2.resize(striped(5), (320, 400), interpolation=cv2.INTER_NEAREST)
    worn[:, :40] = (0.7 * worn[:, :40]).astype(np.uint8)
    there = np.ones((400, 320), np.bool_)
    there[:90] = False
    found = local_difference(photo, everywhere, worn, there, half, 30)
    assert found is not None
    assert found < 2
    for dye in ((8, 0, 0), (-8, 0, 0), (0, 8, 0), (0, 0, -8)):
        dyed = bytes_of(rgb_of(lab_of(worn) + np.float32(dye)))
        other = local_difference(photo, everywhere, dyed, there, half, 30)
        assert other is not None
        assert other > 6, dye
    assert local_difference(photo, ~everywhere, worn, there, half, 30) is None
