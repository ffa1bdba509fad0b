"""What the single-shot detectors share: anchor grids, score decoding and suppression of doubles."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32


def anchor_centres(side: int, strides: tuple[int, ...], per_layer: int = 2) -> F32:
    """Return (n, 2) anchor centres (x, y) in [0, 1], in the order of the detector's outputs.

    Neighbouring layers of the same stride share one grid, whose cells then carry the anchors of all of
    them (the SSD scheme of MediaPipe, with anchors of fixed size).
    """
    grids = []
    for stride, layers in groupby(strides):
        n = -(-side // stride)
        ys, xs = np.mgrid[:n, :n]
        cells = (np.stack([xs, ys], axis=-1).reshape(-1, 2) + 0.5) / n
        grids.append(np.repeat(cells, per_layer * len(list(layers)), axis=0))
    return np.concatenate(grids).astype(np.float32)


def sigmoid(logits: NDArray[np.float32]) -> F32:
    """Return 1 / (1 + exp(-x)); logits beyond +-80 are clipped."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -80, 80))), np.float32)


def box_overlap(one: F32, others: F32) -> F32:
    """Return the (n,) intersections over unions of a (4,) box with (n, 4) boxes: left, top, right, bottom."""
    low, high = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(one[2:] - one[:2])
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float32)


def decode(raw: F32, logits: F32, centres: F32, side: int, floor: float) -> tuple[F32, F32]:
    """Return boxes with key points, and scores, of the anchors that score above ``floor``.

    Args:
        raw: (n, 4 + 2k): centre x, y, width, height, then k points, in input pixels relative to the anchor.
        logits: (n,).
        centres: (n, 2) from `anchor_centres`.
        side: of the square input, pixels.
        floor: least score, 0 to 1.

    Returns:
        (m, 2 + k, 2) points in [0, 1] of the input: top left, bottom right, key points; (m,) scores.
    """
    scores = sigmoid(logits)
    kept = scores > floor
    points = raw[kept].reshape(int(kept.sum()), raw.shape[1] // 2, 2) / side
    half = points[:, 1] / 2
    points[:, 2:] += centres[kept][:, None]
    centre = points[:, 0] + centres[kept]
    points[:, 0], points[:, 1] = centre - half, centre + half
    return points.astype(np.float32), scores[kept]


def merge_doubles(points: F32, scores: F32, overlap: float = 0.3) -> tuple[F32, F32]:
    """Return one detection per object, best first: doubles are averaged, weighted by their scores.

    Args:
        points: (n, 2 + k, 2) as `decode` returns.
        scores: (n,).
        overlap: intersection over union from which two boxes show the same object.
    """
    order = np.argsort(-scores, kind="stable")
    points, scores = points[order], scores[order]
    boxes = points[:, :2].reshape(-1, 4)
    left = np.ones(len(scores), bool)
    merged, best = [], []
    for i in range(len(scores)):
        if left[i]:
            same = left & (box_overlap(boxes[i], boxes) >= overlap)
            same[i] = True
            merged.append(np.average(points[same], axis=0, weights=scores[same]))
            best.append(scores[i])
            left &= ~same
    shape = (len(best), *points.shape[1:])
    return np.asarray(merged, np.float32).reshape(shape), np.asarray(best, np.float32)
