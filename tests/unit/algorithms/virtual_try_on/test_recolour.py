"""The clothes that are worn, in another colour, pattern or print."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.virtual_try_on.recolour import ClothesRecolour, rgb_of_name
from genkol.artifacts import Image, Person
from genkol.compose import compose
from genkol.conformance import violations
from genkol.errors import Unsuitable
from genkol.vision.colour import lab_of
from tests.unit.algorithms.virtual_try_on.dressed import BOTTOM, TOP, dressed, facing, folds, worn_by

INSIDE = np.s_[125:285, 105:215]  # of the top


def recoloured(portrait: Image, who: Person, garment: Image | None = None, **params: object) -> np.ndarray:
    work = ClothesRecolour()
    layer = work.run(portrait, who, garment, params=work.Params(**params), step=Step())
    return compose(portrait, [layer]).pixels


def lightness(pixels: np.ndarray) -> np.ndarray:
    return lab_of(np.ascontiguousarray(pixels))[..., 0]


def logo(ground: int = 255) -> Image:
    """A red square with a hole of the ground's colour, on an even ground."""
    pixels = np.full((120, 160, 3), ground, np.uint8)
    pixels[30:90, 40:120] = (200, 20, 30)
    pixels[50:70, 70:90] = ground
    return Image(pixels)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((40, 90, 200), (200, 60, 40)),
        ((235, 235, 232), (18, 18, 20)),
        ((26, 26, 28), (240, 240, 240)),
        ((200, 40, 40), (90, 160, 90)),
    ],
)
def test_the_cloth_takes_the_colour_and_keeps_its_folds(old, new):
    """Also from white to black and from black to white, without clipping the folds away."""
    portrait = dressed(old, (70, 70, 75))
    out = recoloured(portrait, worn_by(portrait), colour="#{:02x}{:02x}{:02x}".format(*new))
    wanted = lab_of(np.array([[new]], np.uint8))[0, 0]
    got = np.median(lab_of(np.ascontiguousarray(out[INSIDE])).reshape(-1, 3), axis=0)
    assert np.linalg.norm(got - wanted) < 12
    before, after = lightness(portrait.pixels[INSIDE]).ravel(), lightness(out[INSIDE]).ravel()
    assert np.corrcoef(before, after)[0, 1] > 0.9
    assert np.ptp(np.percentile(after, (5, 95))) > 4


def test_black_is_worn_darker_in_its_folds_than_white():
    """The same folds span more light on black cloth than on white: that is what makes both believable."""
    portrait = dressed((120, 120, 120), (70, 40, 40))
    black, white = (
        np.ptp(np.percentile(np.log(lightness(recoloured(portrait, worn_by(portrait), colour=c))[INSIDE] + 2), (5, 95)))
        for c in ("black", "white")
    )
    assert black > 1.5 * white


def test_nothing_but_the_chosen_cloth_changes():
    portrait = dressed((40, 90, 200), (70, 70, 75))
    who = worn_by(portrait)
    out = recoloured(portrait, who, colour="red")
    changed = (out != portrait.pixels).any(axis=2)
    assert changed[INSIDE].all()
    assert not changed[cv2.dilate(who.clothes, np.ones((5, 5))) == 0].any()
    assert not changed[BOTTOM].any()


def test_the_bottom_and_all_are_chosen_by_region():
    portrait = dressed((40, 90, 200), (70, 70, 75))
    who = worn_by(portrait)
    below = (recoloured(portrait, who, colour="red", region="bottom") != portrait.pixels).any(axis=2)
    both = (recoloured(portrait, who, colour="red", region="all") != portrait.pixels).any(axis=2)
    assert below[BOTTOM].mean() > 0.98
    assert not below[INSIDE].any()
    assert both[BOTTOM].mean() > 0.98
    assert both[INSIDE].all()


def test_a_print_on_plain_cloth_goes():
    """White letters on black leave no trace on white."""
    portrait = dressed((24, 24, 26), (90, 70, 60))
    pixels = portrait.pixels.copy()
    cv2.putText(pixels, "LOGO", (112, 210), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (240, 240, 240), 5, cv2.LINE_AA)
    letters = cv2.dilate(
        (np.abs(pixels.astype(int) - portrait.pixels).sum(axis=2) > 30).astype(np.uint8), np.ones((5, 5))
    )
    printed, plain = (
        lightness(recoloured(Image(p), worn_by(portrait), colour="#d8d8d8")) for p in (pixels, portrait.pixels.copy())
    )
    assert letters.sum() > 1000
    assert np.abs(printed - plain)[letters > 0].mean() < 4


def test_stripes_of_other_colours_go():
    portrait = dressed((40, 60, 190), (90, 70, 60), folds(0.15))
    other = dressed((235, 235, 235), (90, 70, 60), folds(0.15))
    pixels = portrait.pixels.copy()
    for y in range(120, 300, 40):
        pixels[y : y + 20] = other.pixels[y : y + 20]
    out = lightness(recoloured(Image(pixels), worn_by(portrait), colour="#3a8f5a"))[125:285, 120:200]
    rows = out.mean(axis=1)
    assert np.ptp(lightness(pixels)[125:285, 120:200].mean(axis=1)) > 40
    assert np.ptp(rows) < 14


def test_a_button_stays():
    portrait = dressed((40, 60, 120), (90, 70, 60), folds(0.1))
    pixels = portrait.pixels.copy()
    cv2.circle(pixels, (160, 200), 2, (225, 225, 215), -1, cv2.LINE_AA)
    out = lightness(recoloured(Image(pixels), worn_by(portrait), colour="#7a1f2b"))
    assert out[199:202, 159:162].mean() > out[185:215, 145:175].mean() + 8


def test_the_bit_of_shirt_that_a_waistcoat_leaves_free_is_not_dyed():
    suit = dressed((45, 45, 47), (50, 60, 90), folds(0.1))
    pixels = suit.pixels.copy()
    cv2.fillPoly(pixels, [np.array([(148, 111), (172, 111), (160, 128)])], (235, 232, 225))
    out = recoloured(Image(pixels), worn_by(suit), colour="crimson")
    assert np.abs(out[113:118, 156:164].astype(int) - pixels[113:118, 156:164]).max() < 3
    assert out[200, 120, 0] > 100


def test_the_intensity_scales_the_change():
    portrait = dressed((40, 90, 200))
    who = worn_by(portrait, bottom=False)
    none, half, whole = (
        recoloured(portrait, who, colour="red", intensity=i).astype(int)[INSIDE] - portrait.pixels[INSIDE]
        for i in (0, 0.5, 1)
    )
    assert not none.any()
    assert np.abs(half - whole / 2).max() <= 1


def test_a_pattern_lies_over_the_old_cloth_or_a_new_colour():
    portrait = dressed((40, 90, 200))
    who = worn_by(portrait, bottom=False)
    over = recoloured(portrait, who, pattern="stripes", pattern_colour="white")[INSIDE]
    kept = np.abs(over.astype(int) - portrait.pixels[INSIDE]).max(axis=2) <= 1
    assert 0.25 < kept.mean() < 0.75
    both = recoloured(portrait, who, pattern="stripes", pattern_colour="white", colour="#208040")[INSIDE]
    assert not (np.abs(both.astype(int) - portrait.pixels[INSIDE]).max(axis=2) <= 1).any()
    rows = lightness(both)[:, 45:65].mean(axis=1)
    assert np.ptp(rows) > 30


def test_a_logo_is_cut_from_its_white_ground_and_lies_upright_in_the_middle():
    portrait = dressed((40, 90, 200), light=folds(0.05))
    out = recoloured(portrait, worn_by(portrait, bottom=False), logo())
    red = (out[..., 0].astype(int) - out[..., 2] > 60) & (portrait.pixels[..., 2] > 150)
    ys, xs = np.nonzero(red)
    assert abs(xs.mean() - 160) < 4
    assert ys.max() < 230
    assert 1.1 < np.ptp(xs) / np.ptp(ys) < 1.6
    hole = out[round(ys.mean()), round(xs.mean())].astype(int)
    assert hole[2] > 120
    assert hole[2] > hole[0] + 60  # the cloth shows through it


def test_the_alpha_of_a_logo_is_kept():
    portrait = dressed((40, 90, 200), light=folds(0.05))
    alpha = np.zeros((100, 100), np.uint8)
    alpha[:, :50] = 255
    white = Image(np.full((100, 100, 3), 255, np.uint8), alpha)
    out = lightness(recoloured(portrait, worn_by(portrait, bottom=False), white))
    assert (out[INSIDE] > 80).sum() > 300


def test_a_swatch_covers_all_of_the_cloth():
    portrait = dressed((40, 90, 200))
    swatch = Image(np.full((64, 64, 3), (230, 210, 60), np.uint8))
    out = recoloured(portrait, worn_by(portrait, bottom=False), swatch, use="fabric")[INSIDE].astype(int)
    assert (out[..., 0] > out[..., 2] + 40).all()


def test_an_empty_logo_is_refused():
    portrait = dressed((40, 90, 200))
    with pytest.raises(Unsuitable, match="The print is empty"):
        recoloured(portrait, worn_by(portrait), Image(np.full((40, 40, 3), 255, np.uint8)))


def test_a_print_is_refused_from_behind_and_without_a_pose():
    portrait = dressed((40, 90, 200))
    who = worn_by(portrait)
    with pytest.raises(Unsuitable, match="shows the back"):
        recoloured(portrait, replace(who, pose=facing(back=True)), logo())
    with pytest.raises(Unsuitable, match="No pose was found"):
        recoloured(portrait, replace(who, pose=who.pose[:0]), logo())


def test_without_clothes_or_without_the_asked_garment_it_refuses():
    portrait = dressed((40, 90, 200))
    who = worn_by(portrait, bottom=False)
    with pytest.raises(Unsuitable, match=r"Clothes cover 0\.00% of the picture; at least 0\.4% is needed"):
        recoloured(portrait, replace(who, clothes=np.zeros_like(who.clothes)), colour="red")
    with pytest.raises(Unsuitable, match="no garment of its own for region='bottom'"):
        recoloured(portrait, who, colour="red", region="bottom")


def test_without_a_pose_all_cloth_is_one_garment():
    portrait = dressed((40, 90, 200), (70, 70, 75))
    changed = (recoloured(portrait, worn_by(portrait, pose=False), colour="red") != portrait.pixels).any(axis=2)
    assert changed[BOTTOM].mean() > 0.98
    assert changed[TOP].mean() > 0.95


def test_lips_of_the_colour_of_the_cloth_are_left():
    portrait = dressed((200, 40, 40))
    who = worn_by(portrait)
    clothes = who.clothes.copy()
    clothes[88:92, 150:170] = 200
    out = recoloured(portrait, replace(who, clothes=clothes), colour="blue")
    assert np.array_equal(out[40:100], portrait.pixels[40:100])


def test_a_dark_picture_is_not_lit_up():
    portrait = dressed((40, 90, 200))
    dim = Image((portrait.pixels * 0.25).astype(np.uint8))
    out = lightness(recoloured(dim, worn_by(portrait), colour="white"))
    assert np.percentile(out[INSIDE], 95) < 40


@pytest.mark.parametrize(
    ("params", "given", "said"),
    [
        ({}, set(), "nothing to do: set 'colour' or 'pattern'"),
        ({"use": "print", "region": "bottom"}, {"garment"}, "a print goes on the chest"),
        ({"colour": "red"}, set(), None),
        ({"pattern": "dots"}, set(), None),
        ({}, {"garment"}, None),
    ],
)
def test_a_use_without_sense_is_told_before_it_runs(params, given, said):
    told = ClothesRecolour.check(ClothesRecolour.Params(**params), frozenset(given))
    assert (told is None) if said is None else (told is not None and said in told)


def test_a_colour_is_a_css_name_or_notation():
    assert rgb_of_name("teal") == (0, 128, 128)
    assert rgb_of_name(" #c8102e ") == (200, 16, 46)
    assert rgb_of_name("Navy") == (31, 42, 68)  # that of cloth, not of a screen
    with pytest.raises(ValueError, match=r"no colour 'crimsn'\. Did you mean 'crimson'\?"):
        ClothesRecolour.Params(colour="crimsn")
    with pytest.raises(ValueError, match="Give a CSS name or #rrggbb"):
        ClothesRecolour.Params(pattern_colour="#12")


@pytest.mark.weights
def test_it_conforms_in_a_pattern_too(photo, person_of, weights_setup):
    portrait = photo("person-halfbody-m-02.jpg", 640)
    inputs = {"portrait": portrait, "person": person_of(portrait)}
    assert violations(ClothesRecolour, inputs, weights_setup, {"pattern": "tartan", "region": "all"}) == []


@pytest.mark.weights
@pytest.mark.parametrize("name", ["person-halfbody-f-01.jpg", "person-halfbody-m-02.jpg", "person-halfbody-f-02.jpg"])
def test_on_photographs_face_and_hands_stay_to_the_byte(photo, person_of, name):
    portrait = photo(name, 768)
    who = person_of(portrait)
    changed = (recoloured(portrait, who, colour="#20603f", region="all") != portrait.pixels).any(axis=2)
    assert changed[who.clothes > 225].mean() > 0.97
    kept = np.maximum.reduce([who.face_skin, who.body_skin]) > 235
    assert changed[kept].mean() < 0.002
    assert not changed[who.matte == 0].any()
    x, y = (round(float(v)) for v in who.pose[0, :2])
    assert not changed[y - 20 : y + 20, x - 20 : x + 20].any()


@pytest.mark.weights
def test_a_hood_of_the_same_cloth_is_dyed_with_it(photo, person_of):
    portrait = photo("person-halfbody-f-03.jpg", 1024)
    hood = np.s_[: round(0.41 * portrait.height)]
    changed = np.abs(recoloured(portrait, person_of(portrait), colour="black").astype(int) - portrait.pixels).max(
        axis=2
    )
    assert (changed[hood] > 60).sum() > 2500


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("person-halfbody-f-02.jpg", r"seen from the side: the shoulders span 0\.\d+ of the torso's length"),
        ("person-halfbody-f-03.jpg", r"Only \d+% of the print would lie on the garment, at least 80% is needed"),
    ],
)
def test_a_print_is_refused_where_the_chest_is_turned_away_or_hidden(photo, person_of, name, said):
    portrait = photo(name, 1024)
    with pytest.raises(Unsuitable, match=said):
        recoloured(portrait, person_of(portrait), logo())


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("person-hard-noface-01.jpg", r"The head shows no face: 0 pixels, at least \d+ are needed"),
        ("person-hard-occluded-mask-01.jpg", r"The head shows no face: \d+ pixels, at least \d+ are needed"),
        ("person-hard-dark-01.jpg", r"It is too dark to tell the clothes: the brightest hundredth reaches \d+% of"),
        ("person-hard-grayscale-01.jpg", r"The portrait is black and white .* would look painted on"),
    ],
)
def test_hard_photographs_are_refused_with_what_was_measured(photo, person_of, name, said):
    portrait = photo(name, 1024)
    with pytest.raises(Unsuitable, match=said):
        recoloured(portrait, person_of(portrait), colour="#c8102e")
