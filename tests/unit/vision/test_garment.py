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


def test_the_edge_of_a_bright_print_is_not_taken_for_the_neckline():
    plain = drawn(True)
    pixels = plain.pixels.copy()
    cv2.circle(pixels, (300, 285), 60, (250, 250, 250), -1)
    opening = landmarks_of(cut_out(Image(pixels, plain.alpha))).opening
    assert opening[:, 1].max() < 190, "the print begins at 225, and no other edge lies below the notch at 165"


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


def drawn_as(*corners: tuple[int, int]) -> Image:
    mask = np.zeros((640, 600), np.uint8)
    cv2.fillPoly(mask, [np.array(corners)], 255)
    return Image(np.full((640, 600, 3), (40, 90, 160), np.uint8), mask)


def test_what_only_grows_wider_is_a_skirt():
    with pytest.raises(Unsuitable, match="a skirt"):
        landmarks_of(cut_out(drawn_as((180, 100), (420, 100), (520, 540), (80, 540))))


def test_a_lopsided_outline_is_refused_with_how_far_its_halves_agree():
    with pytest.raises(Unsuitable, match="left and right half agree by") as refused:
        landmarks_of(cut_out(drawn_as((100, 100), (250, 60), (330, 330), (540, 420), (500, 560), (140, 500))))
    assert refused.value.context["value"] < 0.75


def test_a_folded_sleeve_is_drawn_from_the_other():
    one_armed = [*LEFT, (410, 500), (410, 250), (405, 220), (400, 130), (360, 120), (300, 165)]
    marks = landmarks_of(cut_out(drawn_as(*one_armed)))
    assert marks.sleeves is not None
    assert np.array_equal(marks.sleeves[0].upper, marks.sleeves[1].upper)


@pytest.mark.shared
def test_a_grey_hoodie_on_white_is_cut_out_whole(public_photos):
    """Its bright cloth is like a shadow on the ground; taken for one, a bite out of its side was missing."""
    picture = read_input("garment", Kind.GARMENT, (public_photos / "garment-hoodie-grey-02.jpg").read_bytes())
    mask = cut_out(picture).mask
    rows = np.flatnonzero(mask.any(axis=1))
    lower = mask[int(rows[0] + 0.6 * len(rows)) : int(rows[0] + 0.9 * len(rows))]
    columns = np.flatnonzero(mask.any(axis=0))
    middle = (columns[0] + columns[-1]) // 2
    left, right = lower[:, :middle].sum(), lower[:, middle:].sum()
    assert 0.93 < left / right < 1.07
