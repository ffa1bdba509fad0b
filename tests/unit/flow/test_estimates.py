"""What steps take is learned from what ran."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.flow.estimates import Line, Lines, fitted

SIZES = (0.3, 0.8, 1.0, 2.1, 4.0)


def runs(truth, count=60, noise=0.05, spoilt=0.0, seed=1, sizes=SIZES):
    """(megapixels, seconds) of a place, some of them many times too long."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        x = float(rng.choice(sizes))
        yield x, truth.at(x) * rng.lognormal(0, noise) * (rng.uniform(5, 50) if rng.random() < spoilt else 1.0)


@given(
    st.builds(Line, st.floats(0.01, 3), st.floats(0.01, 3)),
    st.floats(0.05, 20),
    st.sampled_from([0.0, 0.15]),
    st.integers(0, 50),
)
def test_it_finds_the_line_through_noise_and_outliers_whatever_was_declared(truth, declared, spoilt, seed):
    line = fitted(list(runs(truth, spoilt=spoilt, seed=seed))[-32:], declared)
    for megapixels in (0.3, 1.0, 4.0):
        assert line.at(megapixels) == pytest.approx(
            truth.at(megapixels), abs=0.75 * max(truth.at(1.0), truth.at(megapixels))
        )


def test_the_mean_error_is_small():
    truth = Line(0.4, 0.6)
    off = [
        abs(fitted(list(runs(truth, spoilt=0.1, seed=seed))[-32:], 5.0).at(size) / truth.at(size) - 1)
        for seed in range(40)
        for size in SIZES
    ]
    assert np.mean(off) < 0.04


@given(st.lists(st.tuples(st.floats(0.01, 12), st.floats(0, 100)), max_size=32), st.floats(1e-6, 100))
def test_no_line_falls_or_starts_below_zero(seen, declared):
    line = fitted(seen, declared)
    assert line.start >= 0
    assert line.slope >= 0


def test_of_one_size_alone_the_declared_shape_says_how_others_go():
    line = fitted(list(runs(Line(3.0, 0.0), noise=0.0, sizes=(1.0,))), declared=0.1)
    assert line.at(1.0) == pytest.approx(3.0)
    assert line.at(4.0) == pytest.approx(3.0 * 2.5)


def test_nothing_is_known_of_a_place_where_nothing_ran_nor_of_one_that_had_its_cold_start_only():
    lines = Lines()
    assert lines.at("makeup-transfer/mesh", "aws", 1.0, 0.5) is None
    lines.learn("makeup-transfer/mesh", "aws", 1.0, 60.0)
    assert lines.at("makeup-transfer/mesh", "aws", 1.0, 0.5) is None
    lines.learn("makeup-transfer/mesh", "aws", 1.0, 0.2)
    assert lines.at("makeup-transfer/mesh", "aws", 1.0, 0.5) == pytest.approx(0.2)
    assert lines.at("makeup-transfer/mesh", "local", 1.0, 0.5) is None


def test_a_place_that_has_become_slow_is_known_to_be_after_some_runs_and_one_slow_run_says_nothing():
    lines = Lines()
    for _ in range(20):
        lines.learn("hair-editing/recolour", "local", 1.0, 1.0)
    lines.learn("hair-editing/recolour", "local", 1.0, 9.0)
    assert lines.at("hair-editing/recolour", "local", 1.0, 1.0) == pytest.approx(1.0)
    for _ in range(8):
        lines.learn("hair-editing/recolour", "local", 1.0, 9.0)
    assert lines.at("hair-editing/recolour", "local", 1.0, 1.0) == pytest.approx(9.0)
