"""Boxes of faces: the full-range detector on a whole picture and, for far faces, on tiles of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.models import LiteModel

SIDE = 192  # of the model's input
AFAR = 0.3  # margin around a picture that a face may fill, as a share of its longer side
GRID = 48  # one anchor in the middle of each of 48 x 48 cells


Region = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, eq=False)
class Detection:
    """One face box.

    Args:
        box: (4,) float32 left, top, right, bottom in picture pixels.
        points: (6, 2) float32: the eyes, nose tip, mouth, ears; picture left before right.
        score: 0 to 1.
    """

    box: F32
    points: F32
    score: float

    @property
    def side(self) -> float:
        """The longer side of the box, pixels."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))


class FaceDetector:
    """BlazeFace, full range (MediaPipe, Apache-2.0)."""

    def __init__(self, model: LiteModel) -> None:
        self._model = model
        cells = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
        self._anchors = np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 2)

    def whole(self, pixels: U8, min_score: float) -> list[Detection]:
        """Return the faces in (H, W, 3) uint8, best first; those under about 1/12 of the longer side are missed."""
        return suppressed(self._in(pixels, (0, 0, pixels.shape[1], pixels.shape[0]), min_score))

    def from_afar(self, pixels: U8, min_score: float) -> list[Detection]:
        """Return the faces, best first, that are seen with a margin around the picture: those that fill it."""
        height, width = pixels.shape[:2]
        by = int(AFAR * max(height, width))
        return suppressed(self._in(pixels, (-by, -by, width + by, height + by), min_score))

    def tiled(self, pixels: U8, tile: int, min_score: float) -> list[Detection]:
        """Return the faces found on half-overlapping square tiles of that side, best first."""
        found = [d for region in tiles(pixels.shape[:2], tile) for d in self._in(pixels, region, min_score)]
        return suppressed(found)

    def _in(self, pixels: U8, region: Region, min_score: float) -> list[Detection]:
        canvas, scale, origin = _letterboxed(pixels, region)
        raw, logits = self._model(canvas)
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        found = []
        for i in np.flatnonzero(scores >= min_score):
            values = raw[0, i].reshape(8, 2) / SIDE  # centre (from the anchor), size, six points (from the anchor)
            centre = values[0] + self._anchors[i]
            corners = np.stack([centre - values[1] / 2, centre + values[1] / 2])
            spots = (np.concatenate([corners, values[2:] + self._anchors[i]]) * SIDE - origin) / scale
            box, points = spots[:2].reshape(4).astype(np.float32), spots[2:].astype(np.float32)
            found.append(Detection(box, points, float(scores[i])))
        return found


def _letterboxed(pixels: U8, region: Region) -> tuple[F32, float, F32]:
    """Fit a region, which may reach beyond the picture, into the middle of the model's input.

    Returns:
        The input (1, 192, 192, 3) in [-1, 1], input pixels per picture pixel, and where in the input
        the picture's (0, 0) lies.
    """
    left, top, right, bottom = region
    scale = SIDE / max(right - left, bottom - top)
    seen = pixels[max(0, top) : bottom, max(0, left) : right]
    size = (max(1, round(seen.shape[1] * scale)), max(1, round(seen.shape[0] * scale)))
    small = cv2.resize(seen, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    x, y = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    canvas = np.zeros((1, SIDE, SIDE, 3), np.float32)
    canvas[0, y : y + size[1], x : x + size[0]] = small / 127.5 - 1.0
    origin = np.array([x - max(0, left) * scale, y - max(0, top) * scale], np.float32)
    return canvas, scale, origin


def tiles(shape: tuple[int, ...], tile: int) -> Iterator[Region]:
    """Yield half-overlapping squares of that side that cover (height, width); cut where it is smaller."""
    height, width = shape
    for top in _starts(height, tile):
        for left in _starts(width, tile):
            yield left, top, min(width, left + tile), min(height, top + tile)


def _starts(length: int, tile: int) -> list[int]:
    if length <= tile:
        return [0]
    count = int(np.ceil((length - tile) / (tile / 2))) + 1
    return [int(x) for x in np.linspace(0, length - tile, count).round()]


def suppressed(found: list[Detection], overlap: float = 0.3) -> list[Detection]:
    """Merge boxes of the same face into their score-weighted mean (BlazeFace, arXiv 1907.05047, 3.4), best first."""
    rest, kept = sorted(found, key=lambda d: -d.score), []
    while rest:
        same = [d for d in rest if overlap_of(rest[0].box, d.box) > overlap]
        weights = np.array([d.score for d in same], np.float32)
        weights /= weights.sum()
        box = np.tensordot(weights, np.stack([d.box for d in same]), 1)
        points = np.tensordot(weights, np.stack([d.points for d in same]), 1)
        kept.append(Detection(box.astype(np.float32), points.astype(np.float32), rest[0].score))
        rest = [d for d in rest if not any(d is s for s in same)]
    return kept


def overlap_of(one: F32, other: F32) -> float:
    """Return the larger of intersection over union and 0.6 x intersection over the smaller box.

    The second term joins the box of a face with that of the half of it that a tile's edge cut out.
    """
    size = np.maximum(0, np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]))
    common = float(size[0] * size[1])
    areas = [float((b[2] - b[0]) * (b[3] - b[1])) for b in (one, other)]
    union = areas[0] + areas[1] - common
    return max(common / max(union, 1e-6), 0.6 * common / max(min(areas), 1e-6))
