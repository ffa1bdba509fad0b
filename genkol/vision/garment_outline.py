"""The outline of a flat garment: its axis, its upper edge, and what its shape rules out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F64
from genkol.errors import Unsuitable

Mask = NDArray[np.bool_]
KINDS = ("t-shirt", "long-sleeve", "hoodie", "shirt", "dress")
LEVEL = 0.8
"""Width near the top, against the widest, from which a garment that gets no narrower below is a skirt."""
LEAST_ALIKE = 0.75
"""Overlap of the outline with its mirror image, against their union; askew tops with bent sleeves reach 0.79."""


def contour_of(mask: Mask) -> F64:
    """Return (n, 2) the outer outline, pixels."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(found, key=cv2.contourArea)[:, 0], np.float64)


def run_near(row: Mask, x: float) -> tuple[int, int] | None:
    """Return the first and last pixel of the run that holds x, or of the one nearest to it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.view(np.int8), [0]])))
    if not len(edges):
        return None
    starts, ends = edges[::2], edges[1::2] - 1
    gap = np.maximum(np.maximum(starts - x, x - ends), 0)
    nearest = int(gap.argmin())
    return int(starts[nearest]), int(ends[nearest])


def axis_of(mask: Mask, top: float, bottom: float) -> float:
    """Return x of the torso's middle: the median of the middle runs, low down where there are no sleeves."""
    xs = np.flatnonzero(mask.any(axis=0))
    axis = float(xs[0] + xs[-1]) / 2
    for low, high in ((0.55, 0.9), (0.6, 0.93)):
        middles = []
        for y in np.linspace(top + low * (bottom - top), top + high * (bottom - top), 24).astype(int):
            run = run_near(mask[y], axis)
            if run is not None:
                middles.append((run[0] + run[1]) / 2)
        axis = float(np.median(middles))
    return axis


def on_top(mask: Mask, x: float) -> F64:
    """Return the uppermost point of the silhouette above x."""
    column = int(np.clip(round(x), 0, mask.shape[1] - 1))
    return np.array([x, float(mask[:, column].argmax())])


def profile_of(mask: Mask) -> F64:
    """Return (w,) y of the uppermost pixel of each column, the height where there is none."""
    return np.asarray(np.where(mask.any(axis=0), mask.argmax(axis=0), mask.shape[0]), np.float64)


def refuse_others(mask: Mask, axis: float, top: float, bottom: float) -> None:
    """Refuse what is no top and no dress: trousers, skirts, and outlines whose halves are not alike.

    Trousers are two equal legs below; a skirt is wide from its first rows on, or grows wider all the way down.
    """
    widest = float(mask.sum(axis=1).max())
    legs = 0
    for share in (0.65, 0.75, 0.85):
        row = mask[int(top + share * (bottom - top))]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.view(np.int8), [0]])))
        widths = np.sort(np.diff(edges)[::2])
        legs += len(widths) == 2 and widths[0] > 0.6 * widths[1] and widths[0] > 0.2 * widest
    if legs >= 2:
        raise _other("trousers")
    run = np.array([mask[int(top + share * (bottom - top))].sum() for share in (0.05, 0.15, 0.3, 0.5, 0.7, 0.9)])
    level = run[1] > LEVEL * widest and run[3] > 0.95 * run[1]
    if level or (run[0] > 0.5 * widest and (np.diff(run) > -0.01 * widest).all()):
        raise _other("a skirt or trousers")
    alike = _likeness(mask)
    if alike < LEAST_ALIKE:
        raise Unsuitable(
            f"The outline in the garment's photo is not that of a garment seen from the front: its left and right half "
            f"agree by {alike:.0%}, at least {LEAST_ALIKE:.0%} was expected. Use a photo of the garment lying flat on "
            "an even ground of another colour, sleeves spread, or a PNG with a transparent ground.",
            port="garment",
            value=round(alike, 3),
            expected=LEAST_ALIKE,
        )


def _other(what: str) -> Unsuitable:
    return Unsuitable(
        f"The garment looks like {what}; this algorithm dresses the upper body: give one of {', '.join(KINDS)}, "
        "upright and seen from the front.",
        port="garment",
        value=what,
        expected=list(KINDS),
    )


def _likeness(mask: Mask) -> float:
    """Return the largest overlap of the outline with its mirror image over all upright axes, against their union."""
    scale = 128 / max(mask.shape)
    small = cv2.resize(mask.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) > 0.5
    rows = np.fft.rfft(small, 2 * small.shape[1], axis=1)
    both = float(np.fft.irfft((rows * rows).sum(axis=0)).max())
    return both / (2 * float(small.sum()) - both)
