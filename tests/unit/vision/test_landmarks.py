"""What landmarks mean: similarity, alignment, yaw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.vision.landmarks import IBUG_OF_MESH, TEMPLATE, alignment_of, landmarks_of, similarity, yaw_of


def moved(points: np.ndarray, angle: float, scale: float, offset: tuple[float, float]) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return scale * points @ np.array([[c, s], [-s, c]]) + offset


@given(st.floats(-3, 3), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_similarity_finds_back_a_rotation_scale_and_offset(angle, scale, x, y):
    source = np.array([(0, 0), (10, 1), (4, 9), (7, -3)], np.float64)
    target = moved(source, angle, scale, (x, y))
    matrix = similarity(source, target)
    assert np.allclose(source @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-6 * max(1, scale, abs(x), abs(y)))


def test_similarity_never_reflects():
    source = np.array([(0, 0), (10, 0), (5, 10), (2, 3)], np.float64)
    matrix = similarity(source, source * (-1, 1))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_alignment_takes_a_template_face_to_the_template():
    points = np.zeros((68, 2), np.float32)
    points[36:42], points[42:48] = TEMPLATE[0], TEMPLATE[1]
    points[30], points[48], points[54] = TEMPLATE[2:]
    placed = moved(points.astype(np.float64), 0.4, 300, (50, 900)).astype(np.float32)
    matrix = alignment_of(placed, 256)
    back = placed[[30, 48, 54]] @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(back, TEMPLATE[2:] * 256 - 0.5, atol=0.01)


def test_the_68_points_are_distinct_points_of_the_mesh():
    assert len(IBUG_OF_MESH) == len(set(IBUG_OF_MESH.tolist())) == 68
    mesh = np.arange(468 * 3, dtype=np.float32).reshape(468, 3)
    assert np.array_equal(landmarks_of(mesh)[36], mesh[33, :2])


@pytest.mark.parametrize("degrees", [-40, 0, 25, 60])
@pytest.mark.parametrize("roll", [-0.5, 0.0, 0.7])
def test_yaw_is_the_turn_out_of_the_picture(degrees, roll):
    from genkol.vision.mesh import MIRROR

    left = np.arange(468) < MIRROR
    mesh = np.zeros((468, 3))
    mesh[:, 0] = np.where(np.arange(468) == MIRROR, 0, np.where(left, -50, 50))
    turn = np.radians(degrees)
    yawed = np.column_stack([mesh[:, 0] * np.cos(turn), mesh[:, 1], mesh[:, 0] * np.sin(turn)])
    yawed[:, :2] = moved(yawed[:, :2], roll, 1, (300, 300))
    assert yaw_of(yawed.astype(np.float32)) == pytest.approx(degrees, abs=0.01)
