"""The chip is cut where the network wants it, and distances tell persons apart."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.face_alignment.mesh import MeshAlignment
from genkol.artifacts import Image
from genkol.errors import WeightsMissing
from genkol.evaluation.metrics import identity
from genkol.evaluation.metrics.identity import (
    CORNERS,
    FaceEmbedder,
    chip_of,
    chip_placement,
    identity_distance,
)
from genkol.weights import WeightsSetup

POINTS = np.zeros((68, 2), np.float32)
POINTS[list(CORNERS)] = [(100, 200), (160, 205), (240, 205), (300, 200), (200, 290)]


def test_the_eyes_come_to_lie_level_and_at_the_reference() -> None:
    placed = POINTS[list(CORNERS)] @ chip_placement(POINTS)[:, :2].T + chip_placement(POINTS)[:, 2]
    assert placed[0] == pytest.approx([37.06, 46.4], abs=3)
    assert placed[3] == pytest.approx([110.96, 46.4], abs=3)


def test_a_chip_follows_a_turned_and_enlarged_face() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (20, 20, 3), np.uint8)
    picture = cv2.resize(picture, (400, 400), interpolation=cv2.INTER_CUBIC)
    matrix = cv2.getRotationMatrix2D((200, 200), 20, 1.5)
    matrix[:, 2] += 150
    turned = cv2.warpAffine(picture, matrix, (700, 700), borderMode=cv2.BORDER_REPLICATE)
    moved = (POINTS @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    apart = cv2.absdiff(chip_of(picture, POINTS), chip_of(turned, moved))
    assert apart.shape == (150, 150, 3)
    assert apart.mean() < 6


def test_the_distance_is_euclidean() -> None:
    assert identity_distance(np.zeros(128), np.full(128, 0.5)) == pytest.approx(0.5 * 128**0.5)


def test_without_dlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(identity, "import_module", missing)
    with pytest.raises(WeightsMissing, match=r"pip install 'genkol\[evaluation\]'"):
        FaceEmbedder(tmp_path)  # type: ignore[arg-type]


@pytest.mark.weights
def test_the_same_person_in_other_light_is_near_and_another_person_far(
    photo: Callable[..., Image], aligner: MeshAlignment, weights_setup: WeightsSetup
) -> None:
    pytest.importorskip("dlib", reason="the extra `evaluation` (dlib-bin) is not installed")
    embed = FaceEmbedder(weights_setup.weights("face-recognition"))

    def known(picture: Image) -> np.ndarray:
        face = aligner.run(picture, params=aligner.Params(), step=Step())
        return embed(picture.pixels, face.landmarks)

    one, other = photo("person-halfbody-f-01.jpg"), photo("person-halfbody-f-02.jpg")
    warm = Image(np.clip(one.pixels * [1.05, 0.95, 0.8], 0, 255).astype(np.uint8))
    assert identity_distance(known(one), known(one)) == 0
    assert identity_distance(known(one), known(warm)) < 0.25
    assert identity_distance(known(one), known(other)) > 0.6
