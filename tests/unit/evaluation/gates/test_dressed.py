"""Real garments on real persons: what looks right passes, and each fault planted in a print or a dye is caught."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.person_parsing.light import LightParsing
from genkol.algorithms.virtual_try_on.warp import GarmentWarp
from genkol.artifacts import F32, U8, Face, Image, Person
from genkol.compose import at, cover
from genkol.evaluation.gates import Verdict, limits_for, verdict_on
from genkol.evaluation.gates.measure import measure
from genkol.evaluation.gates.trial import Trial
from genkol.evaluation.metrics.garment import garment_region
from genkol.evaluation.metrics.prints import print_region
from genkol.pictures import read_image
from genkol.vision.colour import lab_of, rgb_of
from genkol.weights import WeightsSetup
from tests.unit.evaluation.gates.test_judge import DrawnEyes

WOMAN = "person-halfbody-f-05.jpg"
PRINT = ("print_likeness", "print_turn", "print_stretch")
ROOT = Path(__file__).parents[4]

Dressed = Callable[[str, Image], Trial]


@cache
def garment(name: str, max_side: int = 1024) -> Image:
    places = (ROOT / "examples" / "photos", ROOT.parent / "shared" / "data" / "public")
    file = next((place / name for place in places if (place / name).exists()), None)
    if file is None:
        pytest.skip(f"{name} is not shipped, and the shared photographs are not here (../shared/data/public)")
    return read_image(file.read_bytes(), max_side=max_side, keep_alpha=True)


def region(name: str, max_side: int = 1024) -> U8 | None:
    photo = garment(name, max_side)
    found = print_region(photo.pixels, garment_region(photo.pixels, photo.alpha))
    return None if found is None else found.astype(np.uint8)


@pytest.mark.parametrize("side", [400, 512, 1024])
@pytest.mark.parametrize("name", ["garment-tshirt-wave.png", "garment-tshirt-teal.png", "garment-tshirt-red.png"])
def test_a_motif_with_bounds_is_a_print_whatever_the_size_of_its_photo(name: str, side: int) -> None:
    found = region(name, side)
    assert found is not None
    assert 0.03 < found.mean() < 0.2


@pytest.mark.parametrize("side", [400, 512, 1024])
def test_thin_lines_all_over_are_no_print_whatever_the_size_of_the_photo(side: int) -> None:
    assert region("garment-polo-black.png", side) is None


@pytest.mark.shared
@pytest.mark.parametrize("name", ["shirt-02", "dress-02", "dress-03", "skirt-01", "tshirt-01", "tshirt-04"])
def test_checks_flowers_stripes_and_labels_are_no_print(name: str) -> None:
    assert region(f"garment-{name}.jpg") is None


@pytest.fixture(scope="module")
def dressed(weights_setup: WeightsSetup, photo: Callable[[str], Image], face_of: Callable[[Image], Face]) -> Dressed:
    """Dresses the woman in a garment, and holds the picture to a photo that may be another."""
    parsing, work = LightParsing(), GarmentWarp()
    parsing.setup(weights_setup)
    work.setup(weights_setup)

    @cache
    def known() -> tuple[Image, Face, Person]:
        portrait = photo(WOMAN)
        return portrait, face_of(portrait), parsing.run(portrait, params=parsing.Params(), step=Step())

    def dress(held_to: str, worn: Image) -> Trial:
        portrait, face, person = known()
        layer = work.run(portrait, face, person, worn, params=work.Params(), step=Step())
        return Trial(GarmentWarp, {"portrait": portrait, "person": person, "garment": garment(held_to)}, layer, NO_EYES)

    return dress


NO_EYES = DrawnEyes()


def verdict(trial: Trial, *metrics: str) -> Verdict:
    return verdict_on(measure(trial, metrics), limits_for(GarmentWarp))


def planted(name: str, moved: F32 | None) -> Image:
    """The garment with its print taken out and, if there is a (2, 3) move about the print's middle, laid on anew."""
    photo, printed = garment(name), region(name)
    assert printed is not None
    reach = max(5, photo.pixels.shape[0] // 40) | 1
    hole = cv2.dilate(printed, np.ones((reach, reach), np.uint8))
    small = cv2.resize(photo.pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    gap = (cv2.resize(hole, small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    bare = cv2.inpaint(small, cv2.dilate(gap, np.ones((3, 3), np.uint8)), 5, cv2.INPAINT_TELEA)
    cloth = cv2.resize(bare, photo.size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    soft = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), reach / 4)[..., None]
    shown = photo.pixels + (cloth - photo.pixels) * soft
    if moved is not None:
        x, y, w, h = cv2.boundingRect(printed)
        middle = np.float32([x + w / 2, y + h / 2])
        matrix = np.column_stack([moved, middle - moved @ middle])
        there = cv2.warpAffine(soft, matrix, photo.size)[..., None]
        shown += (cv2.warpAffine(photo.pixels, matrix, photo.size) - shown) * there
    return Image(np.clip(np.rint(shown), 0, 255).astype(np.uint8), photo.alpha)


TURNED = np.float32([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])
FAULTS = {
    "mirrored": (np.float32([[-1, 0], [0, 1]]), "the likeness of the print"),
    "turned by 30 degrees": (TURNED, "the turn of the print in degrees"),
    "missing": (None, "the likeness of the print"),
    "squashed by 1.6": (np.float32([[1, 0], [0, 1 / 1.6]]), "the stretch of the print"),
}


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize("name", ["garment-tshirt-wave.png", "garment-tshirt-teal.png"])
def test_a_print_passes_as_it_is(dressed: Dressed, name: str) -> None:
    trial = dressed(name, garment(name))
    found = verdict(trial, *PRINT)
    assert found.passed, found.reasons
    assert found.measured["print_likeness"] > 0.6
    assert found.measured["print_stretch"] < 1.25


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize("fault", FAULTS)
def test_a_print_with_a_fault_is_caught(dressed: Dressed, fault: str) -> None:
    moved, reason = FAULTS[fault]
    found = verdict(dressed("garment-tshirt-wave.png", planted("garment-tshirt-wave.png", moved)), *PRINT)
    assert not found.passed
    assert found.reasons[0].startswith(reason), found


DYES = ((8, 0, 0), (-8, 0, 0), (0, 8, 0), (0, -8, 0), (0, 0, 8), (0, 0, -8))
"""What a dye adds to L*, a*, b*."""


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["garment-shirt-02.jpg", "garment-dress-03.jpg", "garment-tshirt-01.jpg", "garment-polo-black.png"]
)
def test_a_pattern_has_its_own_colour_and_a_dyed_one_has_not(dressed: Dressed, name: str) -> None:
    trial = dressed(name, garment(name))
    assert measure(trial, ["garment_de"])["garment_de"] < 2
    assert verdict(trial, *PRINT).measured["print_likeness"] is None
    for dye in DYES:
        lab = lab_of(trial.after) + np.float32(dye)
        other = cover(rgb_of(lab) * 255, trial.worn.astype(np.float32), at(0, 0))
        again = verdict(Trial(GarmentWarp, trial.arguments, other, NO_EYES), "garment_de")
        assert not again.passed, dye
