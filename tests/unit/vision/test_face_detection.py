"""Face boxes: merging and tiles; the detector itself is tested in face-alignment."""

from itertools import pairwise

import numpy as np
import pytest

from genkol.vision.face_detection import Detection, overlap_of, suppressed, tiles


def box(left: float, top: float, side: float, score: float) -> Detection:
    corners = np.array([left, top, left + side, top + side], np.float32)
    return Detection(corners, np.full((6, 2), left, np.float32), score)


def test_boxes_of_one_face_become_their_weighted_mean():
    (one,) = suppressed([box(0, 0, 100, 0.3), box(10, 0, 100, 0.9)])
    assert one.score == 0.9
    assert one.box[0] == pytest.approx(7.5)
    assert one.side == pytest.approx(100)


def test_boxes_of_two_faces_stay_two_best_first():
    found = suppressed([box(0, 0, 50, 0.5), box(200, 0, 50, 0.8)])
    assert [d.score for d in found] == [0.8, 0.5]


def test_a_box_within_another_is_the_same_face():
    assert overlap_of(box(0, 0, 100, 1).box, box(40, 40, 50, 1).box) > 0.3
    assert overlap_of(box(0, 0, 100, 1).box, box(120, 0, 50, 1).box) == 0


@pytest.mark.parametrize(
    ("height", "width", "tile"), [(100, 100, 100), (900, 1200, 300), (301, 77, 192), (1000, 999, 250)]
)
def test_tiles_cover_the_picture_and_overlap_by_half(height, width, tile):
    covered = np.zeros((height, width), int)
    for left, top, right, bottom in tiles((height, width), tile):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert max(right - left, bottom - top) <= tile
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1
    lefts = sorted({t[0] for t in tiles((height, width), tile)})
    assert all(b - a <= tile / 2 + 1 for a, b in pairwise(lefts))
