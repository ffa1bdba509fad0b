"""Coverage, spill and the garment's region have known answers."""

from __future__ import annotations

import numpy as np
import pytest

from genkol.evaluation.metrics.garment import coverage, garment_region, spill

CLOTHES = np.zeros((40, 40), np.uint8)
CLOTHES[10:30, 10:30] = 255


def test_coverage_is_the_painted_share_of_the_old_clothes() -> None:
    painted = np.zeros(CLOTHES.shape, np.bool_)
    painted[:, :25] = True
    assert coverage(CLOTHES, painted) == pytest.approx(0.75)
    assert coverage(CLOTHES, ~painted) == pytest.approx(0.25)
    assert coverage(np.zeros_like(CLOTHES), painted) is None


def test_coverage_counts_only_the_rows_that_the_garment_shall_reach() -> None:
    painted = np.zeros(CLOTHES.shape, np.bool_)
    painted[:20] = True
    assert coverage(CLOTHES, painted) == pytest.approx(0.5)
    assert coverage(CLOTHES, painted, slice(0, 20)) == 1


def test_spill_is_the_painted_share_beside_the_body() -> None:
    painted = np.zeros(CLOTHES.shape, np.bool_)
    painted[10:30, 10:35] = True
    assert spill(painted, CLOTHES, tolerance=0) == pytest.approx(0.2)
    assert spill(painted, CLOTHES, tolerance=5) == 0
    assert spill(np.zeros_like(painted), CLOTHES, tolerance=0) is None


def test_a_garment_is_found_by_its_alpha_or_by_the_colour_of_the_border() -> None:
    photo = np.full((60, 60, 3), 250, np.uint8)
    photo[15:45, 20:40] = (30, 60, 160)
    photo[54:56, 50:54] = 0  # a speck beside it
    photo = photo.repeat(4, axis=0).repeat(4, axis=1)
    found = garment_region(photo, None)
    assert found[64:176, 84:156].all()
    assert not found[200:].any()
    alpha = np.zeros((60, 60), np.uint8)
    alpha[:30] = 255
    assert (garment_region(photo[:60, :60], alpha) == (alpha > 0)).all()


def test_a_swatch_in_which_nothing_stands_out_counts_whole() -> None:
    assert garment_region(np.full((60, 60, 3), 250, np.uint8), None).all()
