"""The sleeves of a flat garment."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F64

ALONG = 24
"""Places along a sleeve at which its edges are read."""


@dataclass(frozen=True, eq=False)
class Sleeve:
    """One sleeve, from the armhole to the cuff. Both edges: (ALONG, 2) float64, pixels of the cut-out."""

    upper: F64
    lower: F64

    @property
    def length(self) -> float:
        middle = (self.upper + self.lower) / 2
        return float(np.linalg.norm(np.diff(middle, axis=0), axis=1).sum())


def sleeve_of(contour: F64, tip: F64, armpit: F64, join: F64, half: float) -> Sleeve | None:
    """Return the sleeve between the tip and the armpit, or None where the outline has none."""
    part = _outer_part(contour, tip, join)
    middle = (tip + armpit) / 2
    if np.linalg.norm(part - middle, axis=1).max() < 0.55 * half:
        return None
    vertices = cv2.approxPolyDP(part.astype(np.float32)[:, None], 0.09 * half, False)[:, 0].astype(np.float64)
    distance = np.linalg.norm(vertices - middle, axis=1)
    length = np.linalg.norm(np.diff(vertices, axis=0), axis=1)
    reach = np.minimum(distance[:-1], distance[1:]) * (length > 0.22 * half)
    cuff = int(reach.argmax())
    first, last = (int(np.linalg.norm(part - vertices[k], axis=1).argmin()) for k in (cuff, cuff + 1))
    inner = part[last:][::-1]
    if np.linalg.norm(join - armpit) > 2:
        inner = np.concatenate([armpit[None], inner])
    return Sleeve(_even(part[: first + 1], ALONG), _even(inner, ALONG))


def _outer_part(contour: F64, tip: F64, join: F64) -> F64:
    """Return the piece of the outline from the tip around the sleeve to the armpit."""
    a = int(np.linalg.norm(contour - tip, axis=1).argmin())
    b = int(np.linalg.norm(contour - join, axis=1).argmin())
    count = len(contour)
    one = contour[np.arange(a, a + (b - a) % count + 1) % count]
    other = contour[np.arange(a, a - (a - b) % count - 1, -1) % count]
    return one if len(one) < len(other) else other


def _even(line: F64, count: int) -> F64:
    """Return points at equal distances along a polyline."""
    if len(line) < 2:
        return np.repeat(line[:1], count, axis=0)
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0, way[-1], count)
    return np.column_stack([np.interp(at, way, line[:, k]) for k in (0, 1)])
