"""What stands out in a picture, whatever it is: U2-Net."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.models import OnnxModel

SIDE = 256
"""Side at which it looks, pixels: two thirds of the work at the 320 of its file, and what it finds is as good."""
_STATED = bytes.fromhex("0a0308c0020a0308c002")
_ASKED = bytes.fromhex("0a030880020a03088002")
"""A height and width of 320 and of 256, as ONNX writes them where it states a shape."""
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class SalientFinder:
    """U2-Net (Qin et al., 2020): the salient object.

    Args:
        path: the .onnx file: NCHW, first output in [0, 1]. It states 320 x 320, though its graph works at any size.
    """

    def __init__(self, path: Path) -> None:
        self._model = OnnxModel(path.read_bytes().replace(_STATED, _ASKED))

    def __call__(self, pixels: U8) -> F32:
        """Return (H, W) in [0, 1] for (H, W, 3) uint8 sRGB, stretched so that the picture's most salient is 1.

        A picture in which nothing stands out (at most 0.2) is not stretched.
        """
        height, width = pixels.shape[:2]
        small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        small = (small / max(1.0, float(small.max())) - _MEAN) / _DEVIATION
        found = self._model(small.transpose(2, 0, 1)[None])[0][0, 0]
        low, high = float(found.min()), float(found.max())
        if high > 0.2:
            found = (found - low) / (high - low)
        return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
