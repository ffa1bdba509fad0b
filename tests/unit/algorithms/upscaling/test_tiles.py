"""Tiles that fade into each other."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.algorithms.upscaling.tiles import OVERLAP, doubled, spans
from genkol.errors import Cancelled


def twice(pixels):
    return pixels.repeat(2, axis=0).repeat(2, axis=1).astype(np.float32)


@given(st.integers(1, 3000).map(lambda n: 2 * n), st.integers(64, 512).map(lambda n: 2 * n))
def test_spans_cover_all_with_weights_that_add_up_to_one_in_even_tiles_of_one_size(length, tile):
    found = spans(length, tile)
    total = np.zeros(2 * length)
    for span in found:
        total[2 * span.start : 2 * span.stop] += span.weight
    assert np.allclose(total, 1, atol=1e-6)
    assert (found[0].start, found[-1].stop) == (0, length)
    assert len({span.stop - span.start for span in found}) == 1
    assert all(span.start % 2 == 0 and span.stop % 2 == 0 and span.stop - span.start <= tile for span in found)
    assert all(one.stop - other.start >= OVERLAP - 2 for one, other in itertools.pairwise(found))


@pytest.mark.parametrize("size", [(64, 64), (97, 301), (300, 129), (511, 260)])
def test_what_each_tile_paints_of_its_own_is_put_together_without_a_trace(size):
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert (doubled(pixels, twice, 128, lambda fraction: None) == twice(pixels)).all()


def test_tiles_that_disagree_fade_into_each_other():
    """Each tile is one flat tone of its own; along a row no step is a visible edge."""
    tones = iter(range(0, 256, 20))
    pixels = np.zeros((100, 400, 3), np.uint8)
    row = doubled(pixels, lambda tile: np.full_like(twice(tile), next(tones)), 128, lambda f: None)[50, :, 0]
    assert row[0] == 0
    assert row[-1] >= 60
    assert np.abs(np.diff(row.astype(int))).max() <= 1


def test_no_tile_is_larger_than_asked_and_the_fraction_is_told_before_each():
    shapes, heard = [], []
    doubled(np.zeros((301, 500, 3), np.uint8), lambda t: (shapes.append(t.shape), twice(t))[1], 160, heard.append)
    assert max(max(shape) for shape in shapes) <= 160
    assert len(heard) == len(shapes) > 4
    assert heard[0] == 0
    assert heard == sorted(heard)
    assert heard[-1] < 1


def test_what_the_listener_raises_ends_the_work():
    painted = []

    def listen(fraction):
        if painted:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        doubled(np.zeros((400, 400, 3), np.uint8), lambda t: (painted.append(1), twice(t))[1], 128, listen)
    assert len(painted) == 1
