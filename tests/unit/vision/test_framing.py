"""Fitting one picture behind another."""

import numpy as np
import pytest

from genkol.vision.framing import covering, defocused
from tests.unit.vision.figures import noise


@pytest.mark.parametrize("size", [(640, 64), (64, 640), (300, 300), (33, 17)])
@pytest.mark.parametrize("source", [(40, 400), (400, 40), (1, 1), (120, 160)])
@pytest.mark.parametrize("zoom", [1.0, 3.7])
def test_it_fills_any_frame_from_any_picture(size, source, zoom):
    out = covering(noise(1, *source, smooth=1), *size, zoom=zoom)
    assert out.shape == (size[1], size[0], 3)


def test_a_picture_of_the_frames_size_is_itself():
    pixels = noise(2, 90, 120, smooth=2)
    assert np.array_equal(covering(pixels, 120, 90), pixels)
    assert np.array_equal(covering(pixels, 120, 90, mirror=True), pixels[:, ::-1])


def test_nothing_is_stretched():
    """A disc stays round."""
    y, x = np.ogrid[:200, :600]
    disc = np.where(np.hypot(y - 100, x - 300) < 60, 255, 0).astype(np.uint8)[..., None].repeat(3, 2)
    out = covering(disc, 150, 300)[..., 0] > 127
    wide, tall = np.ptp(np.nonzero(out.any(0))[0]), np.ptp(np.nonzero(out.any(1))[0])
    assert abs(int(wide) - 150) <= 1 or abs(int(wide) - int(tall)) <= 2
    assert abs(int(tall) - 180) <= 3


def test_x_and_y_choose_the_part():
    pixels = np.zeros((100, 400, 3), np.uint8)
    pixels[:, :100], pixels[:, 300:] = 50, 200
    assert (covering(pixels, 100, 100, x=0) == 50).all()
    assert (covering(pixels, 100, 100, x=1) == 200).all()
    tall = pixels.transpose(1, 0, 2)
    assert (covering(tall, 100, 100, y=0) == 50).all()
    assert (covering(tall, 100, 100, y=1) == 200).all()


def test_defocus_softens_all_but_the_ground_underfoot():
    pixels = noise(3, 300, 200, smooth=0.6)

    def detail(rows: slice, out: np.ndarray) -> float:
        return float(np.abs(np.diff(out[rows].astype(float), axis=1)).mean())

    top, feet = slice(0, 60), slice(285, 300)
    soft, grounded = defocused(pixels, 0.5), defocused(pixels, 0.5, ground=285)
    assert detail(top, soft) < 0.5 * detail(top, pixels)
    assert detail(feet, soft) < 0.5 * detail(feet, pixels)
    assert np.array_equal(grounded[top], soft[top])
    assert np.array_equal(grounded[feet], pixels[feet])
    assert defocused(pixels, 0) is pixels
