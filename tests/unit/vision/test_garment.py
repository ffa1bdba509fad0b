"""Cut-outs and landmarks of flat garments: drawn ones, whose corners are known, and real photographs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from genkol.artifacts import Image, Kind
from genkol.errors import Unsuitable
from genkol.inputs import read_input
from genkol.vision.garment_cutout import cut_out
from genkol.vision.garment_landmarks import landmarks_of

ROOT = Path(__file__).parents[3]
LEFT = [(240, 120), (200, 130), (90, 200), (120, 280), (190, 250), (190, 500)]
RIGHT = [(410, 500), (410, 250), (480, 280), (510, 200), (400, 130), (360, 120), (300, 165)]
SHIRT = np.array([*LEFT, *RIGHT])
KINDS = {
    "garment-tshirt-red.png": "t-shirt",
    "garment-tshirt-teal.png": "t-shirt",
    "garment-tshirt-wave.png": "t-shirt",
    "garment-hoodie-blue.png": "hoodie",
    "garment-polo-black.png": "shirt",
}


def drawn(alpha: bool) -> Image:
    mask = np.zeros((640, 600), np.uint8)
    cv2.fillPoly(mask, [SHIRT], 255)
    pixels = np.where(mask[..., None] > 0, (40, 90, 160), (238, 236, 232)).astype(np.uint8)
    return Image(pixels, mask if alpha else None)


@pytest.mark.parametrize("alpha", [True, False])
def test_a_drawn_shirt_is_cut_out_to_the_pixel(alpha):
    truth = drawn(True).alpha > 127
    found = cut_out(drawn(alpha)).mask
    assert (truth & found).sum() / (truth | found).sum() > 0.98


def test_landmarks_lie_at_the_corners_of_a_drawn_shirt():
    marks = landmarks_of(cut_out(drawn(True)))
    assert marks.kind == "t-shirt"
    assert np.abs(marks.armpits - [(190, 250), (410, 250)]).max() < 16, (
        "where the sleeve leaves the side, or a little above"
    )
    assert np.abs(marks.corners - [(240, 120), (360, 120)]).max() < 8
    assert abs(marks.hem - 500) < 4
    assert marks.sleeves is not None
    assert np.linalg.norm(marks.sleeves[0].upper[-1] - (90, 200)) < 8
    assert np.linalg.norm(marks.sleeves[1].lower[-1] - (480, 280)) < 8


def test_a_given_kind_wins():
    assert landmarks_of(cut_out(drawn(True)), "shirt").kind == "shirt"


def test_an_even_picture_holds_no_garment():
    with pytest.raises(Unsuitable, match="No garment stands out"):
        cut_out(Image(np.full((300, 300, 3), 128, np.uint8)))


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_of_a_real_garment_is_found(name):
    places = (ROOT / "examples" / "photos", ROOT.parent / "shared" / "data" / "samples")
    file = next((p / name for p in places if (p / name).exists()), None)
    if file is None:
        pytest.skip(f"{name} is not shipped, and the shared samples are not here (../shared/data/samples)")
    marks = landmarks_of(cut_out(read_input("garment", Kind.GARMENT, file.read_bytes())))
    assert marks.kind == KINDS[name]
    assert marks.sleeves is not None
