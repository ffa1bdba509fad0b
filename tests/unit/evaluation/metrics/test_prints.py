"""A print is found again where it is worn, with its turn and stretch, and is missed where it is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from genkol.evaluation.metrics.prints import Print, plain_region, print_fidelity, print_region

CLOTH = (40, 90, 170)


def shirt(printed: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A blue shirt with folds and, maybe, letters and shapes on its chest; and where it is."""
    photo = np.full((420, 420, 3), 255, np.uint8)
    cv2.rectangle(photo, (60, 40), (360, 400), CLOTH, -1)
    if printed:
        for row, text in enumerate(("GENKOL", "Layers", "2 0 4 8")):
            cv2.putText(photo, text, (125, 140 + 45 * row), cv2.FONT_HERSHEY_DUPLEX, 1.3, (250, 240, 80 * row), 3)
        cv2.circle(photo, (290, 255), 22, (220, 40, 40), -1)
    where = np.zeros((420, 420), np.bool_)
    where[40:401, 60:361] = True
    folds = 1 - 0.25 * np.sin(np.arange(420) / 25)[None, :, None] ** 2
    photo = np.where(where[..., None], photo * folds, photo).astype(np.uint8)
    return photo, where


def worn(turn: float = 0, stretch: float = 1, printed: bool = True) -> tuple[np.ndarray, ...]:
    """The shirt on a grey picture, turned clockwise by so many degrees, larger in one direction, darker to one side."""
    photo, where = shirt(printed)
    matrix = cv2.getRotationMatrix2D((210, 210), -turn, 0.8)
    matrix[:, 0] *= stretch
    matrix[:, 2] += 60
    size = (600, 600)
    there = cv2.warpAffine(where.astype(np.uint8), matrix, size) > 0
    picture = cv2.warpAffine(photo, matrix, size, borderValue=(120, 120, 120)).astype(np.float32)
    light = np.linspace(0.7, 1.0, 600)[:, None, None]
    picture = np.where(there[..., None], picture * light, 120).astype(np.uint8)
    return picture, there


def belly() -> tuple[np.ndarray, ...]:
    """The middle of the shirt without a print, as it is worn: room enough to look for one, and soon searched."""
    return tuple(np.ascontiguousarray(part[150:400, 170:430]) for part in worn(printed=False))


def fidelity(*on_person: np.ndarray) -> Print | None:
    return print_fidelity(*shirt(), *on_person)


def test_folds_are_no_print() -> None:
    assert print_region(*shirt(printed=False)) is None
    found = print_region(*shirt())
    assert found is not None
    assert found[110:250, 130:280].mean() > 0.5
    assert print_fidelity(*shirt(printed=False), *worn()) is None


def test_a_pattern_all_over_is_no_print() -> None:
    photo, where = shirt(printed=False)
    photo[:, ::20] = photo[:, 1::20] = photo[:, 2::20] = photo[:, 3::20] = photo[:, 4::20] = 250
    assert print_region(photo, where) is None


@pytest.mark.parametrize("turn", [0, 12, -30])
def test_an_upright_or_turned_print_is_known_by_its_turn(turn: float) -> None:
    found = fidelity(*worn(turn=turn))
    assert found is not None
    assert found.likeness > 0.85
    assert found.turn == pytest.approx(turn, abs=1.5)
    assert found.stretch == pytest.approx(1, abs=0.05)
    assert not found.mirrored


def test_a_stretched_print_is_known_by_its_stretch() -> None:
    found = fidelity(*worn(stretch=1.3))
    assert found is not None
    assert found.stretch == pytest.approx(1.3, abs=0.07)


def test_a_print_that_is_gone_is_not_found() -> None:
    found = fidelity(*belly())
    assert found is not None
    assert found.likeness < 0.3


def test_a_mirrored_print_is_mirrored_or_unlike() -> None:
    found = fidelity(*(np.ascontiguousarray(part[:, ::-1]) for part in worn()))
    assert found is not None
    assert found.mirrored or found.likeness < 0.5 or abs(found.turn) > 20


def logo() -> np.ndarray:
    """Two even discs, which have next to no points to match."""
    photo = np.full((120, 120, 3), 240, np.uint8)
    cv2.circle(photo, (60, 60), 55, (200, 40, 40), -1)
    cv2.circle(photo, (48, 44), 18, (30, 60, 140), -1)
    return photo


def disc() -> np.ndarray:
    """Where the logo is in its photo."""
    return cv2.circle(np.zeros((120, 120), np.uint8), (60, 60), 54, 1, -1)


@pytest.mark.parametrize("side", [50, 90])
def test_an_even_logo_is_found_by_its_pixels(side: int) -> None:
    person, there = belly()
    small = cv2.resize(logo(), (side, side), interpolation=cv2.INTER_AREA)
    inside = cv2.resize(disc(), (side, side)) > 0
    person[50 : 50 + side, 70 : 70 + side][inside] = small[inside]
    found = print_fidelity(logo(), disc() > 0, person, there, disc() > 0)
    assert found is not None
    assert found.likeness > 0.8
    assert abs(found.turn) <= 20


def test_an_even_logo_that_is_gone_is_not_found() -> None:
    missing = print_fidelity(logo(), disc() > 0, *belly(), disc() > 0)
    assert missing is not None
    assert missing.likeness < 0.5


def test_plain_cloth_is_what_has_its_colour_in_light_or_shade() -> None:
    plain = plain_region(*shirt(printed=False))
    assert plain[45:395, 65:355].all()
    printed = plain_region(*shirt())
    assert not printed[240:270, 280:300].any()
    assert printed[300:390, 70:350].all()
