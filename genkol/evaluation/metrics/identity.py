"""Whether it is still the same person: the distance between two face embeddings."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from genkol.artifacts import F32, F64, U8
from genkol.errors import WeightsMissing
from genkol.vision.landmarks import similarity

CHIP_SIDE = 150
PADDING = 0.25
"""Side of the chip that the network was trained on, pixels, and the margin around the face's own square."""

CORNERS = (36, 39, 42, 45, 33)
"""The iBUG points that hold the chip: both corners of either eye, left to right, and the base of the nose."""

REFERENCE = np.array(
    [(0.12058, 0.21373), (0.33409, 0.22906), (0.64606, 0.22897), (0.85957, 0.21350), (0.49011, 0.62780)], np.float64
)
"""Where those five lie in the face's own square: the reference face of dlib's ``get_face_chip``."""


def chip_of(pixels: U8, landmarks: F32) -> U8:
    """Return the (150, 150, 3) chip of a face, as the embedding network wants it.

    The similarity from our landmarks to the network's reference face; large faces are averaged down.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        landmarks: (68, 2) iBUG points, picture pixels.
    """
    matrix = chip_placement(landmarks)
    reduce = max(1, int(np.floor(1 / np.hypot(*matrix[:, 0]))))
    fine = matrix * reduce
    fine[:, 2] += (reduce - 1) / 2
    size = (CHIP_SIDE * reduce, CHIP_SIDE * reduce)
    chip = cv2.warpAffine(pixels, fine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(chip, (CHIP_SIDE, CHIP_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def chip_placement(landmarks: F32) -> F64:
    """Return the (2, 3) similarity from picture pixels to chip pixels."""
    to = (PADDING + REFERENCE) / (1 + 2 * PADDING) * CHIP_SIDE
    return similarity(landmarks[list(CORNERS)].astype(np.float64), to)


def identity_distance(one: F64, other: F64) -> float:
    """Return the Euclidean distance of two embeddings: 0 the same picture, under 0.6 the same person.

    The threshold is the network's own (King, "High Quality Face Recognition with Deep Metric Learning", 2017).
    """
    return float(np.linalg.norm(np.asarray(one) - np.asarray(other)))


class FaceEmbedder:
    """dlib's ResNet: a chip as 128 numbers. One call at a time.

    Args:
        path: of the weight ``face-recognition``.

    Raises:
        WeightsMissing: dlib is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            dlib: Any = import_module("dlib")
        except ImportError as error:
            raise WeightsMissing(
                "The identity of a face cannot be measured: dlib is not installed. "
                "Install it with: pip install 'genkol[evaluation]'.",
                weight="face-recognition",
            ) from error
        self._network = dlib.face_recognition_model_v1(str(path))

    def __call__(self, pixels: U8, landmarks: F32) -> F64:
        """Return the (128,) embedding of the face with these (68, 2) landmarks."""
        return np.array(self._network.compute_face_descriptor(chip_of(pixels, landmarks)), np.float64)
