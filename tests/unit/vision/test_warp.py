"""Piecewise-affine maps and similarity crops."""

import cv2
import numpy as np
import pytest

from genkol.vision.warp import crop_by, inverse, piecewise_affine
from tests.unit.vision.figures import noise


def grid(side: int, step: int) -> np.ndarray:
    return (
        np.stack(np.meshgrid(np.arange(0, side, step), np.arange(0, side, step)), -1).reshape(-1, 2).astype(np.float32)
    )


def test_equal_meshes_map_every_pixel_to_itself():
    points = grid(101, 25)
    map_ = piecewise_affine(points, points, (101, 101))
    picture = noise(3, 101, 101, smooth=2).astype(np.float32)
    assert np.abs(map_.pull(picture) - picture).max() < 0.05
    assert map_.inside.min() == 1


def test_an_affine_move_of_the_mesh_is_that_move_of_every_pixel():
    target = grid(120, 17)
    matrix = np.array([[0.8, 0.1, 7], [-0.1, 1.2, 4]])
    map_ = piecewise_affine(target, (target @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), (110, 115))
    ys, xs = np.mgrid[0:110, 0:115]
    expected = np.stack([xs, ys], -1) @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(map_.values - expected)[map_.inside > 0.999].max() < 1e-3


def test_outside_the_hull_is_not_inside_and_stays_finite():
    points = grid(60, 15) + 20
    map_ = piecewise_affine(points, points, (100, 100))
    assert map_.inside[:10].max() == 0
    assert map_.inside[40, 40] == 1
    assert np.isfinite(map_.values).all()


def test_more_values_than_a_place_are_carried():
    points = grid(64, 9)
    values = np.column_stack([points, points[:, ::-1], points.sum(1)])
    map_ = piecewise_affine(points, values, (60, 60))
    assert map_.values[30, 12, 4] == pytest.approx(42, abs=1e-3)
    picture = noise(4, 64, 64, smooth=3).astype(np.float32)
    assert np.abs(map_.pull(picture, 2) - picture[:60, :60].transpose(1, 0, 2)).max() < 0.05


def test_a_crop_by_a_similarity_shows_what_the_similarity_says():
    picture = noise(5, 200, 200, smooth=4)
    shift = np.array([[1, 0, -40], [0, 1, -30]], np.float64)
    assert np.array_equal(crop_by(picture, shift, 64), picture[30:94, 40:104])


def test_a_crop_that_shrinks_is_averaged():
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[::2] = 255  # single lines, which plain sampling would turn into bars
    half = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]])
    assert np.ptp(crop_by(picture, half, 64).astype(int)) <= 2


def test_a_crop_beyond_the_border_repeats_it():
    picture = np.full((50, 50, 3), 90, np.uint8)
    away = np.array([[1, 0, 20], [0, 1, 20]], np.float64)
    assert crop_by(picture, away, 96).min() == 90


def test_the_inverse_takes_a_crop_back():
    matrix = np.vstack([cv2.getRotationMatrix2D((30, 40), 25, 1.7), (0, 0, 1)])
    assert np.allclose(np.vstack([inverse(matrix[:2]), (0, 0, 1)]) @ matrix, np.eye(3))
