"""Cloth told from hair and skin by its colour, on a drawn person whose truth is known."""

from dataclasses import replace

import numpy as np

from genkol.algorithms.virtual_try_on.arm import arm_of
from genkol.algorithms.virtual_try_on.told import told_apart
from genkol.artifacts import Person
from tests.unit.algorithms.virtual_try_on.dressed import HEIGHT, SKIN, WIDTH, dressed, facing, worn_by

HAIR = (25, 20, 18)
RED = (210, 30, 40)
BRAIDS = np.s_[30:230, 100:130]
GAP = np.s_[130:230, 112:117]


def with_braids() -> tuple[np.ndarray, Person]:
    """A red top, and dark hair over its side; the parser takes the gap between two braids for hair."""
    portrait = dressed(RED, (60, 70, 90), np.ones((HEIGHT, WIDTH), np.float32))
    pixels, person = portrait.pixels.copy(), worn_by(portrait)
    pixels[BRAIDS] = HAIR
    pixels[GAP] = RED
    hair, clothes = person.hair.copy(), person.clothes.copy()
    hair[BRAIDS], clothes[BRAIDS] = 250, 3
    return pixels, replace(person, hair=hair, clothes=clothes, matte=np.maximum(person.matte, hair))


def test_cloth_between_braids_is_given_back_to_the_clothes():
    pixels, person = with_braids()
    told = told_apart(pixels, person)
    middle = np.s_[140:220, 113:116]
    assert told.clothes[middle].mean() > 200
    assert told.hair[middle].mean() < 50


def test_braids_stay_hair_and_the_rest_stays_as_it_was():
    pixels, person = with_braids()
    told = told_apart(pixels, person)
    assert told.hair[140:220, 103:110].mean() > 230
    assert told.hair[40:100, 103:127].mean() > 230
    chest = np.s_[120:290, 140:220]
    assert np.abs(told.clothes[chest].astype(int) - person.clothes[chest]).max() < 3


def test_a_hand_that_is_half_taken_for_cloth_is_skin():
    portrait = dressed(RED, (60, 70, 90), np.ones((HEIGHT, WIDTH), np.float32))
    pixels, person = portrait.pixels.copy(), worn_by(portrait)
    hand = np.s_[200:240, 150:190]
    pixels[180:240, 150:230] = SKIN
    skin, clothes = person.body_skin.copy(), person.clothes.copy()
    skin[180:240, 150:230], clothes[180:240, 150:230] = 250, 3
    skin[hand], clothes[hand] = 130, 120
    told = told_apart(pixels, replace(person, body_skin=skin, clothes=clothes))
    assert told.body_skin[205:235, 155:185].mean() > 220
    assert told.clothes[205:235, 155:185].mean() < 30


def test_a_forearm_that_the_pose_guesses_beside_the_bare_skin_is_laid_on_it():
    portrait = dressed(RED, (60, 70, 90))
    person, pose = worn_by(portrait), facing()
    pose[14, :2], pose[16, :2], pose[16, 3] = (100, 200), (160, 280), 0.4
    skin = np.zeros((HEIGHT, WIDTH), np.uint8)
    skin[240:330, 88:112] = 255
    arm = arm_of(pose.astype(np.float64), replace(person, body_skin=skin, pose=pose), 0, -1, 100.0)
    assert abs(arm.bone[2, 0] - 100) < 12
    seen = pose.copy()
    seen[16, 3] = 0.9
    sure = arm_of(seen.astype(np.float64), replace(person, body_skin=skin, pose=seen), 0, -1, 100.0)
    assert np.allclose(sure.bone[2], (160, 280)), "a wrist that is seen is believed"
