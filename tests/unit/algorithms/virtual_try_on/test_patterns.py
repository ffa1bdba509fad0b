"""Patterns drawn by formula."""

from typing import get_args

import numpy as np
import pytest

from genkol.algorithms.virtual_try_on.dye.patterns import PATTERNS, Weave, grain_of
from genkol.algorithms.virtual_try_on.recolour import PatternName


def weave(repeat: float = 32.0, side: int = 128) -> Weave:
    v, u = np.mgrid[:side, :side].astype(np.float32) / np.float32(repeat)
    return Weave(u, v, grain_of(u, v))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_covers_a_part_and_repeats(name):
    drawn = PATTERNS[name](weave())
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert 0.05 < drawn.mean() < 0.6
    assert np.abs(drawn[:64, :64] - drawn[64:, 64:])[2:-2, 2:-2].max() < 1e-3


@pytest.mark.parametrize("name", PATTERNS)
def test_too_fine_a_pattern_fades_to_its_mean_rather_than_to_moire(name):
    coarse, fine = PATTERNS[name](weave(64)), PATTERNS[name](weave(1.37))
    assert fine.std() < 0.75 * coarse.std()


def test_a_grain_is_the_repeats_in_a_pixel():
    assert np.median(weave(40).grain) == pytest.approx(1 / 40, rel=0.01)


def test_every_pattern_has_its_name_in_the_params():
    assert set(get_args(PatternName)) == {"none", *PATTERNS}
