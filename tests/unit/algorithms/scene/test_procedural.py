"""Scenes painted by formula."""

import numpy as np
import pytest
from pydantic import ValidationError

from genkol.algorithm import Step
from genkol.algorithms.scene.palette import hex_of, linear_colour, ramp, shifted
from genkol.algorithms.scene.procedural import OWN_COLOURS, ProceduralScene
from genkol.artifacts import Image
from genkol.vision.colour import lab_of

STYLES = tuple(OWN_COLOURS)


def paint(seed: int = 0, width: int = 320, height: int = 288, **params) -> Image:
    knobs = ProceduralScene.Params(width=width, height=height, **params)
    return ProceduralScene().run(params=knobs, step=Step(seed=seed))


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_gives_the_same_picture_every_time_and_another_seed_another(style):
    assert paint(3, style=style).digest == paint(3, style=style).digest
    assert paint(3, style=style).digest != paint(4, style=style).digest


@pytest.mark.parametrize("style", ["gradient", "bokeh", "sunset"])
def test_another_seed_moves_more_than_the_grain(style):
    one, other = (paint(seed, style=style, grain=0).pixels.astype(float) for seed in (1, 2))
    assert np.abs(one - other).mean() > 3


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(256, 256), (1024, 256), (256, 1024)])
def test_a_scene_has_the_size_that_was_asked(style, size):
    assert paint(style=style, width=size[0], height=size[1]).size == size


@pytest.mark.parametrize("style", ["studio", "gradient"])
def test_smooth_tones_are_dithered_so_that_no_band_of_one_value_is_seen(style):
    """Without dither a row of a soft gradient is a few long runs of equal bytes."""
    pixels = paint(style=style, width=1024, height=1024, grain=0).pixels
    runs = [np.diff(np.nonzero(np.diff(row.astype(int)))[0]).max(initial=0) for row in pixels[::64, :, 1]]
    assert max(runs) < 40
    smooth = pixels.astype(float).reshape(64, 16, 64, 16, 3).mean((1, 3))
    assert len(np.unique(np.rint(smooth[..., 1] * 4))) > 60  # tones between the bytes survive


def test_the_papers_colour_is_the_studios_colour():
    for colour in ("#2f6f8f", "#e8c9b8", "#30343c"):
        found = lab_of(paint(colours=(colour,)).pixels).reshape(-1, 3).mean(0)
        wanted = lab_of(np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)]], np.uint8))[0]
        assert np.linalg.norm(found[1:] - wanted[1:]) < 6
        assert abs(found[0] - wanted[0]) < 14


def test_a_gradient_holds_each_of_its_colours():
    colours = ("#d94f4f", "#4f7fd9", "#f2e6c9")
    lab = lab_of(paint(5, style="gradient", colours=colours, amount=0.2, vignette=0).pixels)
    for colour in colours:
        wanted = lab_of(np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)]], np.uint8))[0]
        assert np.linalg.norm(lab - wanted, axis=-1).min() < 9


def test_a_sunset_sky_takes_its_colours_from_the_horizon_up():
    pixels = paint(style="sunset", colours=("#ff8800", "#0033cc"), amount=0, vignette=0).pixels.astype(float)
    top, low = pixels[:20].mean((0, 1)), pixels[170:190].mean((0, 1))
    assert top[2] > top[0]
    assert low[0] > low[2]


def test_the_sun_stands_where_the_light_is_asked():
    for light_x in (-0.8, 0.8):
        sky = paint(style="sunset", light_x=light_x, amount=0).pixels[:200].astype(float).mean((0, 2))
        assert np.sign(np.argmax(sky) - len(sky) / 2) == np.sign(light_x)


def test_more_lights_brighten_the_city():
    dim, bright = (paint(style="bokeh", amount=amount).pixels.mean() for amount in (0.0, 1.0))
    assert bright > dim + 5


@pytest.mark.parametrize("given", [["SALMON", "#FFF"], "salmon, #ffffff", ("#fa8072", "white")])
def test_equal_colours_in_any_spelling_are_equal_params(given):
    assert ProceduralScene.Params(colours=given).canonical()["colours"] == ["#fa8072", "#ffffff"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "salmn",
            "'salmn' is no colour. Give CSS hex such as '#d8b4a0' or a CSS name such as 'salmon'. "
            "Did you mean 'salmon'?",
        ),
        ("#12345", "'#12345' is no colour. Give CSS hex such as '#d8b4a0' or a CSS name such as 'salmon'."),
        ("rgb(1,2,3)", "'rgb(1,2,3)' is no colour."),
    ],
)
def test_a_bad_colour_is_named_with_what_would_be_good(word, said):
    with pytest.raises(ValidationError) as caught:
        ProceduralScene.Params(colours=(word,))
    assert said in str(caught.value)


def test_at_most_four_colours():
    with pytest.raises(ValidationError, match="at most 4"):
        ProceduralScene.Params(colours=("red",) * 5)


def test_a_scene_reports_its_progress():
    heard = []
    step = Step(on_progress=lambda fraction, _: heard.append(fraction))
    ProceduralScene().run(params=ProceduralScene.Params(width=256, height=256), step=step)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_ramp_meets_its_colours_at_their_stops_and_holds_beyond():
    at = np.array([-1.0, 0.0, 0.5, 1.0, 2.0], np.float32)
    mixed = ramp(("#ff0000", "#ffffff"), (0.0, 1.0), at)
    for index in (0, 1):
        assert np.allclose(mixed[index], linear_colour("#ff0000"), atol=2e-3)
    for index in (3, 4):
        assert np.allclose(mixed[index], linear_colour("#ffffff"), atol=2e-3)
    assert 0.05 < mixed[2][1] < 0.95


def test_a_colour_shifted_by_nothing_is_itself():
    for colour in ("#2f6f8f", "#fa8072", "#000000", "#ffffff"):
        assert shifted(colour, 0.0) == colour
    assert hex_of("#abc") == "#aabbcc"
