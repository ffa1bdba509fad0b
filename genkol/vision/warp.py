"""Warps: piecewise-affine between two faces by their meshes, and similarities to a crop and back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from genkol.artifacts import F32, F64, U8

STEP = 4  # the map is evaluated on every fourth pixel; within a triangle it is linear anyway


@dataclass(frozen=True, eq=False)
class DenseMap:
    """Values at the points of a mesh, for each pixel between them: most often where it lies in another picture.

    Args:
        values: (h, w, c) float32; outside the hull of the points they repeat those near the edge.
        inside: (h, w) float32; 1 within the hull, 0 outside.
    """

    values: F32
    inside: F32

    def pull(self, source: F32, first: int = 0) -> F32:
        """Return the source's values, bilinear, where two of the channels say; its border is repeated.

        Args:
            source: (H, W[, k]) float32.
            first: the channel that is x; the next one is y.
        """
        x, y = self.values[..., first], self.values[..., first + 1]
        return np.asarray(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def piecewise_affine(target: F32, values: F32, shape: tuple[int, int]) -> DenseMap:
    """Return the map that is affine on each triangle of the target's points and has their values there.

    The triangles are Delaunay's in the target, so that nothing folds there.

    Args:
        target: (n, 2) points in the picture to be filled.
        values: (n, c) at those points, for example the same points in the picture to be read.
        shape: (h, w) of the target.
    """
    h, w = shape
    nodes = np.stack(np.meshgrid(np.arange(0, w + STEP, STEP), np.arange(0, h + STEP, STEP)), -1).astype(np.float64)
    coarse = LinearNDInterpolator(target.astype(np.float64), values.astype(np.float64))(nodes).astype(np.float32)
    hull = np.isfinite(coarse[..., :1]).astype(np.float32)
    coarse = np.where(hull > 0, coarse, 0)
    near, weight = _blurred(coarse), _blurred(hull)
    coarse = np.where(hull > 0, coarse, near / np.maximum(weight, 1e-6))
    both = np.concatenate([coarse, hull], -1)
    size = (nodes.shape[1] * STEP, nodes.shape[0] * STEP)
    dense = np.dstack([_enlarged(np.ascontiguousarray(both[..., i]), size)[:h, :w] for i in range(both.shape[-1])])
    return DenseMap(np.ascontiguousarray(dense[..., :-1]), np.ascontiguousarray(dense[..., -1]))


def _blurred(array: F32) -> F32:
    parts = [cv2.blur(np.ascontiguousarray(array[..., i]), (3, 3)) for i in range(array.shape[-1])]
    return np.stack(parts, -1)


def _enlarged(plane: F32, size: tuple[int, int]) -> F32:
    """Return a plane of nodes STEP pixels apart at every pixel; the first node lies on the first pixel."""
    matrix = np.array([[STEP, 0, 0], [0, STEP, 0]], np.float64)
    return np.asarray(
        cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def crop_by(pixels: U8, matrix: F64, side: int) -> U8:
    """Return the (side, side, 3) crop that a (2, 3) similarity from picture to crop pixels cuts out.

    Borders are repeated: reflected ones would put upside-down eyes on a tight crop. A crop that shrinks
    is averaged, not sampled.
    """
    scale = float(np.hypot(*matrix[:, 0]))
    finer = int(np.clip(np.ceil(1 / max(scale, 1e-6)), 1, 8))
    fine = matrix * finer
    fine[:, 2] += (finer - 1) / 2
    size = (side * finer, side * finer)
    crop = cv2.warpAffine(pixels, fine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if finer > 1:
        crop = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)


def inverse(matrix: F64) -> F64:
    """Return the inverse of a (2, 3) affine transform: the placement of a layer painted on a crop."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)
