"""Large pictures in overlapping tiles: bounded memory, and neighbours that fade into each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genkol.artifacts import F32, U8

OVERLAP = 48
"""Pixels that neighbours share. A network sees farther than that, but what it draws hangs on it less and less."""

_UNUSED = 8
"""Outermost pixels of a tile that count for nothing: there the filters read beyond its edge."""


@dataclass(frozen=True)
class Span:
    """Rows or columns of one tile, and what each of them counts.

    Args:
        start, stop: pixels of the smaller picture.
        weight: (2 * (stop - start),) in [0, 1], for the pixels of the enlarged one; those of all spans add up to 1.
    """

    start: int
    stop: int
    weight: F32


def spans(length: int, tile: int) -> list[Span]:
    """Cut an even `length` into the fewest equal, even spans of at most `tile` that overlap by `OVERLAP` or more.

    Spans of one size let the network keep its memory from tile to tile. `tile` is even, 128 or more.
    """
    count = 1 if length <= tile else -(-(length - OVERLAP) // (tile - OVERLAP))
    size = min(length, 2 * -(-(length + (count - 1) * OVERLAP) // (2 * count)))
    starts = [2 * round(i * (length - size) / max(1, count - 1) / 2) for i in range(count)]
    weights = [np.ones(2 * size, np.float32) for _ in starts]
    for i in range(count - 1):
        shared = 2 * (starts[i] + size - starts[i + 1])
        rising = np.clip((np.arange(shared) + 0.5 - 2 * _UNUSED) / (shared - 4 * _UNUSED), 0, 1)
        weights[i][-shared:] = 1 - rising
        weights[i + 1][:shared] = rising
    return [Span(start, start + size, weight) for start, weight in zip(starts, weights, strict=True)]


def doubled(pixels: U8, paint: Callable[[U8], F32], tile: int, on_tile: Callable[[float], None]) -> U8:
    """Return the (H, W, 3) picture at twice the size, painted tile by tile.

    Beside the result, a strip as high as a tile is all that is held.

    Args:
        pixels: (H, W, 3).
        paint: takes (h, w, 3), even sides, and returns (2h, 2w, 3) in 8-bit levels.
        tile: longest side that `paint` is given; even.
        on_tile: hears the fraction done before each tile; what it raises ends the work.
    """
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows, columns = (spans(length, tile) for length in even.shape[:2])
    out = np.empty((2 * even.shape[0], 2 * even.shape[1], 3), np.uint8)
    left_over = np.zeros((0, out.shape[1], 3), np.float32)
    for i, row in enumerate(rows):
        strip = np.zeros((len(row.weight), out.shape[1], 3), np.float32)
        for j, column in enumerate(columns):
            on_tile((i * len(columns) + j) / (len(rows) * len(columns)))
            weight = row.weight[:, None, None] * column.weight[:, None]
            part = paint(even[row.start : row.stop, column.start : column.stop])
            strip[:, 2 * column.start : 2 * column.stop] += part * weight
        strip[: len(left_over)] += left_over
        done = 2 * ((rows[i + 1].start if i + 1 < len(rows) else row.stop) - row.start)
        out[2 * row.start : 2 * row.start + done] = np.clip(np.rint(strip[:done]), 0, 255)
        left_over = strip[done:]
    return out[: 2 * height, : 2 * width]
