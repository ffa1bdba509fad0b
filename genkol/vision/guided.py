"""The colour guided filter: a soft map that follows the edges of a picture."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from genkol.artifacts import F32, U8


class Guide:
    """A picture that guides maps to its edges (He, Sun, Tang: Guided Image Filtering, 2013).

    The linear coefficients are found on a reduced copy and applied at full size (He, Sun: Fast Guided
    Filter, 2015), so one guide refines many maps cheaply.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        side: longest side of the reduced copy, pixels.
        radius: of the window, pixels of the reduced copy.
        eps: variance of colour (levels in [0, 1]) below which a window counts as flat.
    """

    def __init__(self, pixels: U8, side: int, radius: int, eps: float) -> None:
        h, w = pixels.shape[:2]
        scale = min(1.0, side / max(h, w))
        self.size = (max(1, round(w * scale)), max(1, round(h * scale)))
        self._window = (2 * radius + 1, 2 * radius + 1)
        self._pixels = pixels
        small = cv2.resize(pixels, self.size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        self._planes = [np.ascontiguousarray(small[..., k]) for k in range(3)]
        self._means = [self._box(plane) for plane in self._planes]
        self._inverse = self._inverse_covariance(eps)

    def __call__(self, map_: F32) -> F32:
        """Return the map (any size, values in [0, 1]) at the size of the picture, edges refined."""
        small = cv2.resize(map_, self.size, interpolation=cv2.INTER_LINEAR)
        mean = self._box(small)
        covariance = [self._box(p * small) - m * mean for p, m in zip(self._planes, self._means, strict=True)]
        slopes = [sum(i * c for i, c in zip(row, covariance, strict=True)) for row in self._inverse]
        offset = mean - sum(s * m for s, m in zip(slopes, self._means, strict=True))
        return self._apply(self._box(np.dstack([*(s / 255 for s in slopes), offset])))

    def _apply(self, coefficients: F32) -> F32:
        h, w = self._pixels.shape[:2]
        full = cv2.resize(coefficients, (w, h), interpolation=cv2.INTER_LINEAR)
        levels = cv2.merge([*cv2.split(self._pixels), self._ones]).astype(np.float32)
        cv2.multiply(full, levels, dst=full)
        return np.asarray(np.clip(cv2.transform(full, np.ones((1, 4), np.float32)), 0, 1), np.float32)

    @cached_property
    def _ones(self) -> U8:
        return np.ones(self._pixels.shape[:2], np.uint8)

    def _box(self, array: F32) -> F32:
        return np.asarray(cv2.boxFilter(array, -1, self._window, borderType=cv2.BORDER_REFLECT), np.float32)

    def _inverse_covariance(self, eps: float) -> tuple[tuple[F32, F32, F32], ...]:
        """Return the rows of the inverses of the windows' colour covariance, eps on the diagonal."""
        (r, g, b), (mr, mg, mb) = self._planes, self._means
        rr, gg, bb = (self._box(c * c) - m * m + eps for c, m in ((r, mr), (g, mg), (b, mb)))
        rg, rb, gb = self._box(r * g) - mr * mg, self._box(r * b) - mr * mb, self._box(g * b) - mg * mb
        c00, c01, c02 = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
        c11, c12, c22 = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
        det = rr * c00 + rg * c01 + rb * c02
        return tuple(
            (np.asarray(x / det, np.float32), np.asarray(y / det, np.float32), np.asarray(z / det, np.float32))
            for x, y, z in ((c00, c01, c02), (c01, c11, c12), (c02, c12, c22))
        )
