"""The light of a place, and a subject in it."""

import numpy as np

from genkol.vision.colour import lab_of
from genkol.vision.relight import light_of, relit, strength, wrapped

SKIN = np.full((40, 40, 3), (205, 160, 135), np.float32)


def flat(*colour: int) -> np.ndarray:
    return np.full((90, 120, 3), colour, np.uint8)


def test_no_amount_changes_nothing():
    assert relit(SKIN, light_of(flat(10, 20, 200)), 0) is SKIN
    assert wrapped(SKIN, np.ones((40, 40), np.float32), flat(255, 255, 255)[:40, :40], 0) is SKIN


def test_a_dark_place_darkens_and_a_bright_one_hardly_brightens():
    dark, bright = (relit(SKIN, light_of(flat(level, level, level)), 1.0).mean() for level in (15, 240))
    assert dark < 0.85 * SKIN.mean()
    assert SKIN.mean() < bright < 1.1 * SKIN.mean()


def test_the_darker_the_place_the_more_of_its_light_is_taken_but_never_where_none_is_asked_for():
    day, dusk, night = (light_of(flat(level, level, level)) for level in (200, 75, 20))
    assert strength(day, 0.45) == 0.45
    assert 0.45 < strength(dusk, 0.45) < strength(night, 0.45) < 0.8
    assert strength(night, 0.9) == 1.0
    assert strength(night, 0.0) == 0.0


def test_light_tints_toward_the_place_yet_skin_stays_skin():
    skin = lab_of(SKIN[0, 0] / 255)
    for place, warmer in ((flat(255, 120, 20), True), (flat(20, 60, 255), False), (flat(0, 200, 60), None)):
        moved = lab_of(relit(SKIN, light_of(place), 0.45)[0, 0] / 255) - skin
        assert np.linalg.norm(moved[1:]) < 8
        if warmer is not None:
            assert bool(moved[2] > 0) is warmer


def test_nothing_bright_is_clipped():
    white = np.full((8, 8, 3), 250, np.float32)
    lit = relit(white, light_of(flat(255, 250, 240)), 1.0)
    assert 250 <= lit.max() < 255


def test_the_brighter_side_is_where_the_light_comes_from():
    place = np.repeat(np.linspace(10, 250, 120)[None, :, None], 90, 0).repeat(3, 2).astype(np.uint8)
    assert light_of(place).side > 0.3
    assert light_of(place[:, ::-1]).side < -0.3
    assert abs(light_of(flat(90, 90, 90)).side) < 0.01
    lit = relit(np.full((60, 60, 3), 120, np.float32), light_of(place), 0.6)
    assert lit[:, -10:].mean() > lit[:, :10].mean()


def test_wrap_brightens_the_outline_of_the_subject_only():
    alpha = np.zeros((200, 200), np.float32)
    alpha[:, 100:] = 1
    dim = np.full((200, 200, 3), 60, np.float32)
    lit = wrapped(dim, alpha, np.full((200, 200, 3), 230, np.uint8), 0.5)
    assert lit[100, 101].mean() > 75
    assert np.abs(lit[:, 130:] - 60).max() < 0.5
    shaded = wrapped(dim, alpha, np.full((200, 200, 3), 5, np.uint8), 0.5)
    assert np.abs(shaded - 60).max() == 0
