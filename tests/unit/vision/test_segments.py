"""Boxes and part maps, on made-up probabilities."""

import numpy as np

from genkol.vision.box import Box
from genkol.vision.guided import Guide
from genkol.vision.segments import (
    BACKGROUND,
    CLOTHES,
    FACE_SKIN,
    HAIR,
    head_box,
    inside,
    parts_of,
    person_crops,
    plausible_skin,
)

GREY = np.full((120, 80, 3), 128, np.uint8)


def halves() -> np.ndarray:
    """(60, 40, 6): hair above, clothes below, each with certainty."""
    out = np.zeros((60, 40, 6), np.float32)
    out[:30, :, HAIR] = 1
    out[30:, :, CLOTHES] = 1
    return out


def test_a_long_person_is_cropped_twice_and_a_filling_one_not_at_all():
    assert person_crops(Box(0, 0, 90, 100), (100, 100)) == []
    upper, lower = person_crops(Box(40, 0, 60, 100), (100, 100))
    assert upper.top == 0
    assert lower.bottom == 100
    assert upper.bottom > lower.top


def test_the_head_is_found_by_its_face():
    maps = np.zeros((100, 100, 6), np.float32)
    maps[20:40, 40:60, FACE_SKIN] = 1
    assert head_box(maps, (200, 200)) == Box(50, 10, 150, 110)
    assert head_box(np.zeros((10, 10, 6), np.float32), (200, 200)) is None


def test_the_view_inside_a_box_is_that_of_the_map():
    ramp = np.tile(np.linspace(0, 1, 100, dtype=np.float32), (50, 1))[..., None].repeat(2, axis=2)
    part = inside(ramp, Box(100, 0, 200, 100), (100, 200), (20, 20))
    assert part.shape == (20, 20, 2)
    assert np.abs(part[5, :, 0] - np.linspace(50.75, 98.25, 20) / 99).max() < 0.002


def test_parts_cover_the_matte_and_nothing_outside_it():
    matte = np.zeros((120, 80), np.uint8)
    matte[20:110, 10:70] = 255
    parts = np.stack(parts_of(halves(), matte, Guide(GREY, 64, 2, 1e-3)))
    assert np.abs(parts.sum(axis=0, dtype=np.int32) - matte).max() <= 3
    assert parts[0][25:50, 20:60].min() > 240
    assert parts[3][75:105, 20:60].min() > 240


def test_where_the_model_saw_nothing_the_nearest_part_reaches_in():
    maps = halves()
    maps[44:48, 18:22] = 0
    maps[44:48, 18:22, BACKGROUND] = 1
    clothes = parts_of(maps, np.full((120, 80), 255, np.uint8), Guide(GREY, 64, 2, 1e-3))[3]
    assert clothes[85:100, 30:50].min() > 230


def test_what_is_far_from_every_part_is_an_accessory():
    maps = np.zeros((60, 40, 6), np.float32)
    maps[..., BACKGROUND] = 1
    maps[:4, :4] = 0
    maps[:4, :4, CLOTHES] = 1
    accessories = parts_of(maps, np.full((120, 80), 255, np.uint8), Guide(GREY, 64, 2, 1e-3))[4]
    assert accessories[100:, 60:].min() > 200


def test_black_cloth_is_not_taken_for_the_skin_of_a_light_face():
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:50] = (224, 172, 150)
    maps = np.zeros((100, 100, 6), np.float32)
    maps[:40, :, FACE_SKIN] = 1
    maps[40:, :, 2] = 0.6
    maps[40:, :, CLOTHES] = 0.4
    out = plausible_skin(maps, pixels)
    assert out[80, 50, 2] == 0
    assert out[80, 50, CLOTHES] == 1
    assert out[44, 50, 2] == np.float32(0.6)
