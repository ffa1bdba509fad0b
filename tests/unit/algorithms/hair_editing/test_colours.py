"""Names and hex of hair colours."""

import pytest

from genkol.algorithms.hair_editing.colours import COLOURS, hex_of, lab_of_colour
from genkol.algorithms.hair_editing.recolour import HairRecolour
from genkol.vision.colour import rgb_of


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Dark Brown", COLOURS["dark-brown"]),
        ("honey_blonde", COLOURS["honey-blond"]),
        ("gray", COLOURS["grey"]),
        ("#7A3b2e", "#7a3b2e"),
        ("#f0c", "#ff00cc"),
    ],
)
def test_colours_are_understood_as_people_write_them(said, meant):
    assert hex_of(said) == meant


@pytest.mark.parametrize("wrong", ["blnd", "#12345", "", "rgb(1,2,3)"])
def test_an_unknown_colour_is_refused_before_anything_runs(wrong):
    with pytest.raises(ValueError, match="no hair colour named"):
        HairRecolour.Params(colour=wrong)


def test_a_slip_of_the_pen_is_answered_with_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean 'chestnut'"):
        hex_of("chesnut")


def test_the_lab_of_a_colour_is_that_of_its_hex():
    assert rgb_of(lab_of_colour("#7a3b2e")) * 255 == pytest.approx([0x7A, 0x3B, 0x2E], abs=0.5)
