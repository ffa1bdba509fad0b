"""The colour of dyed hair from shadow to shine."""

import numpy as np
import pytest

from genkol.algorithms.hair_editing.colours import COLOURS, lab_of_colour
from genkol.algorithms.hair_editing.dye import MOST_CHROMA, Dye
from genkol.algorithms.hair_editing.light import lightness
from genkol.algorithms.hair_editing.strands import Tone


def at(dye: Dye, light: float) -> np.ndarray:
    return dye.hue_at(np.array([light], np.float32))[0]


@pytest.mark.parametrize("name", COLOURS)
def test_the_middle_of_the_dye_is_its_colour(name):
    dye = Dye.of(lab_of_colour(name))
    assert at(dye, dye.lab[0]) == pytest.approx(dye.lab[1:], abs=1.5)


def test_shadows_of_blond_are_warmer_and_its_shine_is_paler():
    dye = Dye.of(lab_of_colour("blond"))
    (deep_a, _), (a, b), (_, shine_b) = (at(dye, light) for light in (45, 70, 92))
    assert deep_a > a + 2
    assert shine_b < b - 5


def test_neon_is_toned_down_to_what_hair_can_be():
    dye = Dye.of(lab_of_colour("#00ff00"))
    assert np.hypot(*dye.lab[1:]) == pytest.approx(MOST_CHROMA, abs=0.1)
    assert dye.lab[0] < 75


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("tone", [(3, 10, 30), (15, 45, 80), (40, 70, 95), (10, 10, 10), (0, 0, 0), (100, 100, 100)])
def test_lighter_strands_stay_lighter(name, tone):
    deep, middle, shine = tone
    own, dye = Tone(np.array([middle, 5, 10], np.float32), deep, shine), Dye.of(lab_of_colour(name))
    new = lightness(np.arange(0, 101, dtype=np.float32), own, dye, 1.0)
    assert (np.diff(new) >= -1e-4).all()
    assert new.min() >= 0
    assert new.max() <= 100
    if deep < middle < shine:
        assert new[middle] == pytest.approx(dye.lab[0], abs=0.5)


def test_without_lift_the_middle_keeps_its_lightness():
    own = Tone(np.array([12, 1, 1], np.float32), 4, 40)
    assert lightness(np.array([12], np.float32), own, Dye.of(lab_of_colour("blond")), 0.0)[0] == pytest.approx(
        12, abs=0.5
    )
