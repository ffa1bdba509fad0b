"""The colour guided filter: a soft map that follows the edges of a picture."""

from __future__ import annotations

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
        self._small = cv2.resize(pixels, self.size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        self._mean = self._box(self._small)
        self._inverse = self._inverse_covariance(eps)

    def __call__(self, map_: F32) -> F32:
        """Return the map (any size, values in [0, 1]) at the size of the picture, edges refined."""
        small = cv2.resize(map_, self.size, interpolation=cv2.INTER_LINEAR)
        mean = self._box(small)
        covariance = self._box(self._small * small[..., None]) - self._mean * mean[..., None]
        slope = np.einsum("hwij,hwj->hwi", self._inverse, covariance)
        offset = mean - np.einsum("hwi,hwi->hw", slope, self._mean)
        return self._apply(self._box(slope), self._box(offset))

    def _apply(self, slope: F32, offset: F32) -> F32:
        h, w = self._pixels.shape[:2]
        both = cv2.resize(np.dstack([slope / 255, offset]), (w, h), interpolation=cv2.INTER_LINEAR)
        out = both[..., 3]
        for channel in range(3):
            out = out + both[..., channel] * self._pixels[..., channel]
        return np.asarray(np.clip(out, 0, 1), np.float32)

    def _box(self, array: F32) -> F32:
        return np.asarray(cv2.boxFilter(array, -1, self._window, borderType=cv2.BORDER_REFLECT), np.float32)

    def _inverse_covariance(self, eps: float) -> F32:
        """Return the (h, w, 3, 3) inverses of the windows' colour covariance, eps on the diagonal."""
        r, g, b = cv2.split(self._small)
        mr, mg, mb = cv2.split(self._mean)
        rr, gg, bb = (self._box(c * c) - m * m + eps for c, m in ((r, mr), (g, mg), (b, mb)))
        rg, rb, gb = self._box(r * g) - mr * mg, self._box(r * b) - mr * mb, self._box(g * b) - mg * mb
        c00, c01, c02 = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
        c11, c12, c22 = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
        det = rr * c00 + rg * c01 + rb * c02
        rows = [np.stack(row, axis=-1) for row in ((c00, c01, c02), (c01, c11, c12), (c02, c12, c22))]
        return np.asarray(np.stack(rows, axis=-2) / det[..., None, None], np.float32)
