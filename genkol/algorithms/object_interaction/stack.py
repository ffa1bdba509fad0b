"""What a layer is painted from: shade, a table, the product, each laid over the former."""

from __future__ import annotations

import numpy as np

from genkol.artifacts import F32, Layer
from genkol.compose import affine


class Stack:
    """Coats of paint, the first one lowest, summed up as the affine change of what lies beneath.

    Args:
        height: of the picture, pixels.
        width: of the picture, pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self.paint: F32 = np.zeros((height, width, 3), np.float32)
        self.clear: F32 = np.ones((height, width), np.float32)

    def lay(self, levels: F32, coverage: F32, left: int = 0, top: int = 0) -> None:
        """Lay a coat over all the former.

        Args:
            levels: (h, w, 3) or (3,), 8-bit levels, not premultiplied.
            coverage: (h, w) in [0, 1]; what of it lies beyond the picture is cut off.
            left: the column of its corner.
            top: the row of its corner.
        """
        h, w = coverage.shape
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.clear.shape[1], left + w), min(self.clear.shape[0], top + h)
        if x0 >= x1 or y0 >= y1:
            return
        part, own = np.s_[y0:y1, x0:x1], np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        share = coverage[own][..., None]
        colour = levels[own] if levels.ndim == 3 else levels
        self.paint[part] += share * (colour - self.paint[part])
        self.clear[part] *= 1 - coverage[own]

    def layer(self, title: str) -> Layer:
        """Return what was painted; nothing beyond it."""
        return affine(self.paint, 1 - self.clear, title=title)
