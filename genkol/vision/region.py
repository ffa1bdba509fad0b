"""A turned square of a picture, as the landmark models take it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, F64, U8


@dataclass(frozen=True)
class Region:
    """A turned square.

    Args:
        x, y: its centre, picture pixels.
        side: picture pixels.
        angle: radians; positive turns the square clockwise as seen (y points down).
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def matrix(self, size: int) -> F64:
        """Return the (2, 3) similarity from pixels of a ``size`` crop to picture pixels."""
        scale = self.side / size
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        middle = (size - 1) / 2
        turn = np.array([[c, -s], [s, c]], np.float64)
        shift = np.array([self.x, self.y]) - turn @ np.array([middle, middle])
        return np.hstack([turn, shift[:, None]])

    def crop(self, pixels: U8, size: int) -> U8:
        """Return the (size, size, 3) crop; black beyond the picture."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(pixels, self.matrix(size), (size, size), flags=flags), np.uint8)

    def to_picture(self, points: F32, size: int) -> F32:
        """Return (n, 2+) points of a ``size`` crop in picture pixels; a third column (depth) is scaled."""
        matrix = self.matrix(size)
        out = points.astype(np.float32).copy()
        out[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        out[:, 2:3] *= self.side / size
        return out


def upright_angle(tail: F32, head: F32) -> float:
    """Return the angle by which a region is turned so that ``tail`` to ``head`` points up in its crop."""
    dx, dy = (head - tail).tolist()[:2]
    return float(np.arctan2(dx, -dy))


def whole(pixels: U8) -> Region:
    """Return the least square that holds the whole picture, centred on it."""
    h, w = pixels.shape[:2]
    return Region((w - 1) / 2, (h - 1) / 2, float(max(h, w)))
