"""Enlarging by Real-ESRGAN."""

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.upscaling.real_esrgan import RealEsrgan
from genkol.artifacts import Image
from genkol.errors import Cancelled, TooLarge
from genkol.weights import weight_named

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def network(weights_setup):
    algorithm = RealEsrgan()
    algorithm.setup(weights_setup)
    return algorithm


@pytest.fixture(scope="module")
def face(photo):
    """An eye, skin and hair: (111, 151), the sides are not even on purpose."""
    return Image(np.ascontiguousarray(photo("person-halfbody-f-02.jpg").pixels[160:271, 300:451]))


def enlarge(network, image, step=None, **params):
    return network.run(image, params=RealEsrgan.Params(**params), step=step or Step())


def reduced(image, size):
    return cv2.resize(image.pixels, size, interpolation=cv2.INTER_AREA).astype(int)


def test_its_licence_is_said_with_what_is_not_known():
    weight = weight_named("real-esrgan")
    assert (weight.licence, weight.commercial) == ("BSD-3-Clause", True)
    assert "names no author" in weight.licence_note


@pytest.fixture(scope="module")
def whole(network, face):
    """The face enlarged in one tile."""
    return enlarge(network, face, tile=256)


def test_the_face_stays_the_persons_and_gains_detail(network, face, whole):
    """Tones are the portrait's: reduced again, it differs by few levels, and not at all on average."""
    found = enlarge(network, face)
    assert found.size == (302, 222)
    change = reduced(found, face.size) - face.pixels
    assert np.abs(change).mean() < 3
    assert np.abs(change.mean(axis=(0, 1))).max() < 0.5
    plain = enlarge(network, face, strength=0)
    detail = [cv2.Laplacian(picture.pixels, cv2.CV_32F).std() for picture in (plain, found)]
    assert detail[1] > 1.1 * detail[0]


def test_tiles_leave_no_seam(network, face, whole):
    """Tiled or at once, an interior picture is the same within a level but for a few pixels."""
    change = np.abs(enlarge(network, face, tile=128).pixels.astype(int) - whole.pixels)
    assert 0 < change.mean() < 0.4
    assert np.percentile(change, 99) <= 2


def test_where_nothing_is_to_be_drawn_no_network_runs(weights_setup):
    """A ramp of the studio's paper; the network is not even set up."""
    ramp = np.linspace(90, 200, 300).astype(np.uint8)
    paper = Image(np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (200, 300, 3))))
    found = enlarge(RealEsrgan(), paper, tile=128)
    assert np.abs(np.diff(found.pixels.astype(int), axis=1)).max() <= 1


def test_four_times_is_twice_and_then_lanczos(network, face):
    small = Image(np.ascontiguousarray(face.pixels[:80, :90]))
    found = enlarge(network, small, scale=4)
    assert found.size == (360, 320)
    twice = enlarge(network, small)
    assert np.abs(reduced(found, twice.size) - twice.pixels).mean() < 3


def test_it_hears_between_tiles_that_it_is_not_wanted(network, face):
    heard = []
    step = Step(on_progress=lambda fraction, _: heard.append(fraction), is_cancelled=lambda: len(heard) == 1)
    with pytest.raises(Cancelled):
        enlarge(network, face, step, tile=128)
    assert heard == [0.0]


def test_transparency_is_kept_and_hidden_white_does_not_bleed_into_the_rim(network):
    pixels, alpha = np.full((96, 96, 3), 255, np.uint8), np.zeros((96, 96), np.uint8)
    pixels[24:72, 24:72] = np.random.default_rng(1).integers(20, 60, (48, 48, 3))
    alpha[24:72, 24:72] = 255
    found = enlarge(network, Image(pixels, alpha))
    assert found.alpha is not None
    assert found.alpha[96, 96] == 255
    assert found.alpha[4, 4] == 0
    assert found.pixels[found.alpha > 0].max() < 120
    assert (found.pixels[found.alpha == 0] == 255).all()


def test_more_pixels_than_allowed_are_refused_before_any_work():
    with pytest.raises(TooLarge, match="67,108,864 in all"):
        enlarge(RealEsrgan(), Image(np.zeros((2048, 2048, 3), np.uint8)), scale=4)
