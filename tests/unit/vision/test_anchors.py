"""The anchor grids and the suppression of doubles."""

import numpy as np
import pytest

from genkol.vision.anchors import anchor_centres, box_overlap, decode, merge_doubles


@pytest.mark.parametrize(
    ("side", "strides", "count"),
    [(224, (8, 16, 32, 32, 32), 2254), (192, (8, 16, 16, 16), 2016)],
    ids=["pose", "palm"],
)
def test_there_are_as_many_anchors_as_the_detector_has_outputs(side, strides, count):
    centres = anchor_centres(side, strides)
    assert centres.shape == (count, 2)
    assert centres.min() > 0
    assert centres.max() < 1


def test_anchors_run_along_rows_and_share_their_cell():
    centres = anchor_centres(32, (16, 16)) * 32
    assert centres[:4].tolist() == [[8, 8]] * 4
    assert centres[4].tolist() == [24, 8]
    assert centres[8].tolist() == [8, 24]


def test_a_box_overlaps_itself_wholly_and_a_far_one_not():
    box = np.array([0, 0, 2, 2], np.float32)
    others = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]], np.float32)
    assert box_overlap(box, others) == pytest.approx([1, 1 / 3, 0])


def test_decode_keeps_what_scores_above_the_floor():
    raw = np.zeros((2, 6), np.float32)
    raw[1] = [10, 0, 20, 40, 5, 5]
    centres = np.array([[0.5, 0.5], [0.2, 0.3]], np.float32)
    points, scores = decode(raw, np.array([-5, 5], np.float32), centres, 100, 0.5)
    assert scores == pytest.approx([0.9933], abs=1e-4)
    assert points[0] == pytest.approx(np.array([[0.2, 0.1], [0.4, 0.5], [0.25, 0.35]]))


def test_decode_of_nothing_keeps_its_shape():
    points, scores = decode(np.zeros((3, 18), np.float32), np.full(3, -9, np.float32), np.zeros((3, 2)), 192, 0.5)
    assert points.shape == (0, 9, 2)
    assert merge_doubles(points, scores)[0].shape == (0, 9, 2)


def test_doubles_become_one_and_neighbours_stay_two():
    boxes = np.array([[[0, 0], [1, 1]], [[0.1, 0], [1.1, 1]], [[3, 3], [4, 4]]], np.float32)
    points, scores = merge_doubles(boxes, np.array([0.6, 0.9, 0.7], np.float32))
    assert scores == pytest.approx([0.9, 0.7])
    assert points[0] == pytest.approx(np.array([[0.06, 0], [1.06, 1]]), abs=1e-6)
