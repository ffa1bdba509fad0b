"""The outline of the body, laid over the picture."""

import numpy as np

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
