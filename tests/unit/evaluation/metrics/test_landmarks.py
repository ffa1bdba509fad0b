"""Drift, hull and hidden share of a drawn face."""

from __future__ import annotations

import numpy as np
import pytest

from genkol.evaluation.metrics.landmarks import face_region, hidden_share, landmark_drift

TURN = np.linspace(0, 2 * np.pi, 68, endpoint=False)
FACE = (np.stack([np.cos(TURN), np.sin(TURN)], axis=1) * 30 + 50).astype(np.float32)
EYES = float(np.linalg.norm(FACE[36] - FACE[45]))


def test_drift_is_the_mean_way_over_the_eye_distance() -> None:
    assert landmark_drift(FACE, FACE) == 0
    assert landmark_drift(FACE, FACE + np.float32([3, 4])) == pytest.approx(5 / EYES)


def test_the_region_of_a_face_is_its_hull_and_grows() -> None:
    disc = face_region(FACE, (100, 100, 3))
    assert disc.sum() == pytest.approx(np.pi * 30.5**2, rel=0.02)
    grown = face_region(FACE, (100, 100), grown=10 / EYES)
    assert grown.sum() == pytest.approx(np.pi * 40.5**2, rel=0.03)


def test_half_a_covered_face_is_hidden_by_half() -> None:
    opacity = np.zeros((100, 100), np.uint8)
    assert hidden_share(FACE, opacity) == 0
    opacity[:50] = 255
    assert hidden_share(FACE, opacity) == pytest.approx(0.5, abs=0.02)
    assert hidden_share(FACE, np.full((100, 100), 100, np.uint8)) == 0
