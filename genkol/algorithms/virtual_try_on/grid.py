"""A piece of cloth as a grid of knots, and how it is drawn on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from genkol.artifacts import F32, F64

FINE = 3
"""Pixels of the outline's mask to one of the picture."""
DENSE = 1.4
"""Scattered points to one pixel of the reduced map, along either axis."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Knots of a piece of cloth.

    Args:
        source: (n, m, 2) pixels of the cut-out.
        target: (n, m, 2) pixels of the picture.
        across: (m,) -1 to 1 from edge to edge.
        along: (n,) 0 to 1 from the shoulder down.
    """

    source: F64
    target: F64
    across: F64
    along: F64

    def drawn(self, shape: tuple[int, int]) -> Piece:
        """Return the piece on an (H, W) picture: where each of its pixels comes from, read backwards.

        The map is smooth: it is scattered at half size and enlarged. The outline is drawn fine.
        """
        left, top, right, bottom = self._box(shape)
        if right - left < 4 or bottom - top < 4:
            nothing = np.zeros(shape, np.float32)
            return Piece(nothing, nothing, nothing, nothing, nothing)
        moved = self.target - [left, top]
        over, down = np.broadcast_arrays(self.across, self.along[:, None])
        knots = np.dstack([(moved - 0.5) / 2, self.source, over, down]).astype(np.float32)
        rows = int(DENSE * np.linalg.norm(np.diff(knots[..., :2], axis=0), axis=-1).sum(0).max()) + 2
        columns = int(DENSE * np.linalg.norm(np.diff(knots[..., :2], axis=1), axis=-1).sum(1).max()) + 2
        size = (right - left, bottom - top)
        half = _scattered(_refined(knots, rows, columns).reshape(-1, 6), ((size[1] + 1) // 2, (size[0] + 1) // 2))
        whole = cv2.resize(half, (half.shape[1] * 2, half.shape[0] * 2), interpolation=cv2.INTER_LINEAR)
        planes = np.zeros((5, *shape), np.float32)
        planes[:4, top:bottom, left:right] = whole[: size[1], : size[0]].transpose(2, 0, 1)
        planes[4, top:bottom, left:right] = _outline(moved, size)
        return Piece(planes[0], planes[1], planes[2], planes[3], planes[4])

    def _box(self, shape: tuple[int, int]) -> tuple[int, int, int, int]:
        low, high = np.floor(self.target.min(axis=(0, 1))) - 2, np.ceil(self.target.max(axis=(0, 1))) + 3
        (left, top), (right, bottom) = (np.clip(ends, 0, (shape[1], shape[0])).astype(int) for ends in (low, high))
        return int(left), int(top), int(right), int(bottom)


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of cloth as it lies in the picture, all (H, W).

    Args:
        x, y: where each pixel comes from in the cut-out.
        across, along: where it lies on the piece, see `Grid`.
        inside: 1 where the grid reaches.
    """

    x: F32
    y: F32
    across: F32
    along: F32
    inside: F32

    def pull(self, source: F32) -> F32:
        """Return the source's values at the piece's pixels, bilinear, 0 beyond the source."""
        return np.asarray(
            cv2.remap(source, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.float32
        )


def _refined(knots: F32, rows: int, columns: int) -> F32:
    n, m = knots.shape[:2]
    x = np.broadcast_to(np.linspace(0, m - 1, columns, dtype=np.float32), (rows, columns))
    y = np.broadcast_to(np.linspace(0, n - 1, rows, dtype=np.float32)[:, None], (rows, columns))
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    halves = [cv2.remap(np.ascontiguousarray(knots[..., k : k + 3]), x, y, cv2.INTER_LINEAR) for k in (0, 3)]
    return np.asarray(np.dstack(halves), np.float32)


def _scattered(points: F32, shape: tuple[int, int]) -> F32:
    """Return (h, w, 4) the values of scattered points, each spread over its four neighbours, and a little beyond.

    Args:
        points: (n, 6) x, y and four values.
        shape: (h, w).
    """
    h, w = shape
    x, y = points[:, 0], points[:, 1]
    keep = (x >= 0) & (y >= 0) & (x < w - 1.01) & (y < h - 1.01)
    points, x, y = points[keep], x[keep], y[keep]
    x0, y0 = x.astype(np.int32), y.astype(np.int32)
    fx, fy = x - x0, y - y0
    sums = np.zeros((5, h * w))
    for dx, dy, weight in ((0, 0, (1 - fx) * (1 - fy)), (1, 0, fx * (1 - fy)), (0, 1, (1 - fx) * fy), (1, 1, fx * fy)):
        place = (y0 + dy) * w + x0 + dx
        sums[4] += np.bincount(place, weight, h * w)
        for k in range(4):
            sums[k] += np.bincount(place, weight * points[:, 2 + k], h * w)
    total = np.ascontiguousarray(sums.reshape(5, h, w).transpose(1, 2, 0), np.float32)
    values, share = total[..., :4], total[..., 4:]
    values = values + 1e-3 * cv2.GaussianBlur(values, (0, 0), 1.5)
    share = share + 1e-3 * cv2.GaussianBlur(share, (0, 0), 1.5)[..., None]
    return np.asarray(values / np.maximum(share, 1e-9), np.float32)


def _outline(target: F64, size: tuple[int, int]) -> F32:
    """Return (h, w) in [0, 1]: where the grid reaches, its rows filled one by one.

    Args:
        target: (n, m, 2) pixels.
        size: (w, h).
    """
    mask = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
    knots = np.rint((target + 0.5) * FINE - 0.5).astype(np.int32)
    for upper, lower in pairwise(knots):
        cv2.fillPoly(mask, [np.concatenate([upper, lower[::-1]])], 255)
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
