"""A thing is found again where it was put, at its size and lean; elsewhere it is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from genkol.evaluation.metrics.found import find

HEIGHT = 120


def bottle() -> tuple[np.ndarray, np.ndarray]:
    """A bottle with a red cap and a striped label, and where it is."""
    pixels, where = np.full((200, 80, 3), 255, np.uint8), np.zeros((200, 80), np.uint8)
    cv2.rectangle(where, (10, 40), (70, 199), 1, -1)
    cv2.rectangle(where, (28, 0), (52, 45), 1, -1)
    pixels[where > 0] = (60, 110, 60)
    cv2.rectangle(pixels, (28, 0), (52, 20), (190, 30, 30), -1)
    cv2.rectangle(pixels, (10, 90), (70, 150), (240, 235, 200), -1)
    cv2.rectangle(pixels, (20, 110), (50, 120), (20, 20, 90), -1)
    return pixels, where > 0


def scene() -> np.ndarray:
    noise = np.random.default_rng(1).integers(80, 180, (40, 30, 3), np.uint8)
    return cv2.resize(noise, (300, 400), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(("size", "lean"), [(1.0, 0), (1.4, 0), (0.8, 0), (1.0, 33), (1.2, -50)])
def test_it_is_found_with_its_size_and_lean(size: float, lean: float) -> None:
    pixels, where = bottle()
    scale = HEIGHT * size / 200
    turn = cv2.getRotationMatrix2D((40, 100), -lean, scale)
    turn[:, 2] += (110, 90)
    picture = scene()
    cover = cv2.warpAffine(where.astype(np.float32), turn, (300, 400))[..., None]
    picture = np.rint(picture * (1 - cover) + cv2.warpAffine(pixels, turn, (300, 400)) * cover).astype(np.uint8)
    found = find(pixels, where, picture, cover[..., 0] > 0.5, HEIGHT)
    assert found is not None
    assert found.likeness > 0.9
    assert found.size == pytest.approx(size, rel=0.07)
    assert found.lean == pytest.approx(lean, abs=5)
    assert np.abs(found.placement @ [40, 100, 1] - turn @ [40, 100, 1]).max() < 0.04 * HEIGHT


def test_it_is_not_found_where_it_is_not() -> None:
    pixels, where = bottle()
    inside = np.zeros((400, 300), bool)
    inside[100:250, 100:200] = True
    found = find(pixels, where, scene(), inside, HEIGHT)
    assert found is not None
    assert found.likeness < 0.6


def test_where_there_is_no_room_nothing_is_found() -> None:
    pixels, where = bottle()
    assert find(pixels, where, scene()[:12, :12], np.ones((12, 12), bool), 400) is None
