"""Gaps beside hair open where the other model and the colours agree, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from genkol.vision.unmix import opened

BACK, RED = (220, 180, 90), (160, 30, 20)
GAP = np.s_[60:72, 106:116]


def drawn():
    """A red body on yellow, with a gap that the alpha covers; hair about the gap."""
    pixels = np.full((160, 160, 3), BACK, np.uint8)
    pixels[40:160, 40:120] = RED
    pixels[GAP] = BACK
    alpha = np.zeros((160, 160), np.float32)
    alpha[40:160, 40:120] = 1
    foreground = alpha.copy()
    foreground[GAP] = 0.1
    hair = np.zeros_like(alpha)
    hair[45:80, 70:118] = 1
    return pixels, alpha, foreground, hair


def test_a_gap_that_looks_like_the_background_opens():
    pixels, alpha, foreground, hair = drawn()
    out = opened(pixels, alpha, foreground, hair)
    assert (out[GAP] < 0.05).mean() > 0.8
    out[GAP] = alpha[GAP]
    assert np.array_equal(out, alpha)


@pytest.mark.parametrize("reason", ["another colour", "a person is seen", "no hair", "nothing to tell them by"])
def test_else_it_stays(reason):
    pixels, alpha, foreground, hair = drawn()
    if reason == "another colour":
        pixels[GAP] = (90, 60, 120)
    elif reason == "a person is seen":
        foreground[GAP] = 0.9
    elif reason == "no hair":
        hair[:] = 0
    else:
        pixels[:] = BACK
    assert np.array_equal(opened(pixels, alpha, foreground, hair), alpha)
