"""Enlarging by Lanczos."""

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from genkol.algorithm import Step
from genkol.algorithms.upscaling.lanczos import Lanczos
from genkol.artifacts import Image
from genkol.errors import TooLarge


def enlarge(image: Image, **params) -> Image:
    return Lanczos().run(image, params=Lanczos.Params(**params), step=Step())


@pytest.mark.parametrize(("scale", "size"), [(1.5, (102, 150)), (2, (136, 200)), (2.7, (184, 270)), (4, (272, 400))])
def test_the_picture_is_as_many_times_larger_as_asked(scale, size):
    assert enlarge(Image(np.zeros((100, 68, 3), np.uint8)), scale=scale).size == size


@pytest.mark.parametrize("scale", [1, 4.5])
def test_other_scales_are_refused(scale):
    with pytest.raises(ValidationError):
        Lanczos.Params(scale=scale)


@pytest.mark.parametrize("sharpen", [0, 0.5, 1])
@pytest.mark.parametrize("scale", [1.5, 2, 4])
def test_an_edge_gets_no_halo(sharpen, scale):
    """Plain Lanczos overshoots this edge by over 10 levels."""
    pixels = np.full((80, 80, 3), 60, np.uint8)
    pixels[:, 40:] = 180
    found = enlarge(Image(pixels), scale=scale, sharpen=sharpen).pixels
    assert (found.min(), found.max()) == (60, 180)


def test_sharpening_makes_edges_steeper_and_leaves_flat_places_alone(photo):
    portrait = photo("person-halfbody-f-02.jpg", 320)
    contrasts = [cv2.Laplacian(enlarge(portrait, sharpen=s).pixels, cv2.CV_32F).std() for s in (0, 0.5, 1)]
    assert contrasts[0] * 1.1 < contrasts[1] < contrasts[2]
    grey = Image(np.full((70, 90, 3), 131, np.uint8))
    assert (enlarge(grey, sharpen=1).pixels == 131).all()


def test_reduced_again_it_is_the_portrait(photo):
    portrait = photo("person-halfbody-f-02.jpg", 320)
    again = cv2.resize(enlarge(portrait, sharpen=0).pixels, portrait.size, interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - portrait.pixels).mean() < 3


def test_bands_leave_no_seam():
    """A picture of 700 rows is sharpened in several bands, one of 100 rows in one; a repeating pattern tells."""
    pattern = np.random.default_rng(3).integers(0, 256, (25, 40, 3), np.uint8)
    tall, low = (enlarge(Image(np.tile(pattern, (n, 1, 1))), sharpen=1).pixels for n in (28, 4))
    for period in range(2, 26):
        assert np.abs(tall[50 * period : 50 * (period + 1)].astype(int) - low[100:150]).max() <= 1


def test_transparency_is_kept_and_hidden_white_does_not_bleed_into_the_rim():
    pixels, alpha = np.full((64, 64, 3), 255, np.uint8), np.zeros((64, 64), np.uint8)
    pixels[16:48, 16:48], alpha[16:48, 16:48] = (40, 90, 20), 255
    found = enlarge(Image(pixels, alpha))
    assert found.alpha is not None
    assert found.alpha[64, 64] == 255
    assert found.alpha[4, 4] == 0
    assert (found.pixels[found.alpha > 0] == (40, 90, 20)).all()
    assert (found.pixels[found.alpha == 0] == 255).all()


def test_more_pixels_than_allowed_are_refused_with_the_numbers_and_a_way_out():
    with pytest.raises(TooLarge) as refused:
        enlarge(Image(np.zeros((2048, 2048, 3), np.uint8)), scale=4)
    assert str(refused.value) == (
        "Enlarged 4 times, 2048 x 2048 pixels become 8192 x 8192: 67,108,864 in all, where 40,000,000 and 12,000 on a "
        "side are allowed. Ask for a scale of at most 3.08, or begin with a smaller portrait."
    )


def test_a_side_longer_than_allowed_is_refused_too():
    with pytest.raises(TooLarge, match=r"at most 3\.9,"):
        enlarge(Image(np.zeros((64, 3076, 3), np.uint8)), scale=4)
