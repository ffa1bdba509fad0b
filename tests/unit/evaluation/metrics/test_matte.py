"""Matte errors of drawn alphas."""

from __future__ import annotations

import numpy as np
import pytest

from genkol.errors import BadImage
from genkol.evaluation.metrics.matte import matte_error

EDGE = np.zeros((40, 50), np.float32)
EDGE[:, 25:] = 1


def test_an_exact_matte_has_no_error() -> None:
    error = matte_error(EDGE, EDGE)
    assert (error.sad, error.mse, error.gradient) == (0, 0, 0)


def test_a_constant_offset_has_known_sad_and_mse_and_no_gradient_error() -> None:
    error = matte_error(EDGE * 0.5 + 0.25, EDGE)
    assert error.sad == pytest.approx(0.25 * 40 * 50 / 1e3)
    assert error.mse == pytest.approx(0.0625)
    flat = matte_error(np.full_like(EDGE, 0.3), np.full_like(EDGE, 0.1))
    assert flat.gradient == pytest.approx(0, abs=1e-9)


def test_the_gradient_error_of_a_missed_edge_is_that_of_the_edge() -> None:
    """A step convolved with the derivative of a Gaussian is the Gaussian: the sum of squares is 1 / (2 s sqrt(pi))."""
    error = matte_error(np.zeros_like(EDGE), EDGE)
    assert error.gradient == pytest.approx(40 / (2 * 1.4 * np.sqrt(np.pi)) / 1e3, rel=0.03)


def test_only_what_counts_is_counted_and_sizes_must_agree() -> None:
    counted = np.zeros(EDGE.shape, np.bool_)
    counted[:, :20] = True
    assert matte_error(np.zeros_like(EDGE), EDGE, counted).sad == 0
    with pytest.raises(BadImage, match="resize it first"):
        matte_error(EDGE[:10], EDGE)
