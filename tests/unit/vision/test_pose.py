"""The outline of the body, laid over the picture."""

import numpy as np
import pytest

from genkol.vision.pose import NO_POSE, Pose
from genkol.vision.region import Region


def test_the_silhouette_lies_where_the_region_is():
    body = np.zeros((256, 256), np.float32)
    body[64:192, 64:192] = 1
    pose = Pose(NO_POSE, 1.0, 1.0, body, Region(149.5, 99.5, 100.0))
    out = pose.silhouette((200, 300), (100, 150))
    ys, xs = np.nonzero(out > 0.3)
    assert abs(xs.mean() - 74.5) < 0.3
    assert abs(ys.mean() - 49.5) < 0.3
    assert 24 <= np.ptp(xs) + 1 <= 26
    assert 24 <= np.ptp(ys) + 1 <= 26


def test_without_a_pose_there_is_no_silhouette():
    assert Pose(NO_POSE, 0.0, 0.3).silhouette((20, 30), (10, 15)).max() == 0


def cut_pose(knees: float = 260.0, visibility: float = 0.97, hips: float = 170.0) -> Pose:
    """One that faces us in a picture 200 x 200: shoulders at 80, hips and knees at the rows given."""
    landmarks = np.zeros((33, 4), np.float32)
    for left, y in ((11, 80.0), (23, hips), (25, knees)):
        landmarks[left : left + 2, :2] = (120, y), (80, y)
    landmarks[23:25, 3] = visibility
    return Pose(landmarks, 1.0, 1.0)


def test_thighs_that_the_frame_cuts_run_from_the_waist_to_the_lower_edge():
    out = cut_pose().cut_thighs((200, 200), (100, 100))
    assert out.max() == 1
    rows, columns = np.nonzero(out > 0.5)
    assert abs(rows.min() - (170 - 0.4 * 40) / 2) <= 1
    assert rows.max() == 99
    assert abs(columns.min() - 30) <= 1
    assert abs(columns.max() - 70) <= 1
    assert (out[99] > 0.5).sum() < (out[85] > 0.5).sum(), "legs taper"


def test_seen_from_the_side_a_thigh_is_as_wide_as_the_torso_is_deep():
    pose = cut_pose()
    pose.landmarks[23:27, 0] = 100
    assert abs((pose.cut_thighs((200, 200), (200, 200))[175] > 0.5).sum() - 2 * 0.3 * 90) < 4


@pytest.mark.parametrize(
    "pose",
    [
        Pose(NO_POSE, 0.0, 0.3),
        cut_pose(visibility=0.8),
        cut_pose(knees=190),
        cut_pose(hips=205),
    ],
    ids=["no pose", "hips hidden", "a knee inside", "hips below the picture"],
)
def test_no_thighs_are_cut(pose):
    assert pose.cut_thighs((200, 200), (100, 100)).max() == 0
