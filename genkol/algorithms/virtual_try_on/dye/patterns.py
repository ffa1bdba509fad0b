"""Patterns drawn by formula on the cloth's own coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32


@dataclass(frozen=True, eq=False)
class Weave:
    """Where on the cloth each pixel lies.

    Args:
        u: (h, w) across the cloth, in repeats of the pattern.
        v: (h, w) down the cloth, in repeats.
        grain: (h, w) repeats that one pixel covers: edges are drawn that soft.
    """

    u: F32
    v: F32
    grain: F32


Reals = NDArray[np.floating[Any]]
Pattern = Callable[[Weave], F32]
"""Draws (h, w) in [0, 1]: how much of the pattern's colour lies over the ground's."""


def stripes(weave: Weave) -> F32:
    """Even stripes around the body."""
    return _bands(weave.v, 0.5, weave.grain)


def upright(weave: Weave) -> F32:
    """Even stripes down the body."""
    return _bands(weave.u, 0.5, weave.grain)


def pinstripe(weave: Weave) -> F32:
    """Thin lines down the body."""
    return 0.8 * _bands(2 * weave.u, 0.09, 2 * weave.grain)


def breton(weave: Weave) -> F32:
    """Narrow stripes around the body, on a wide ground."""
    return _bands(weave.v, 0.3, weave.grain)


def gingham(weave: Weave) -> F32:
    """Woven checks: half the colour where one thread of the two bears it."""
    return 0.5 * (_bands(weave.u, 0.5, weave.grain) + _bands(weave.v, 0.5, weave.grain))


def checks(weave: Weave) -> F32:
    """A board of squares."""
    one, other = _bands(weave.u, 0.5, weave.grain), _bands(weave.v, 0.5, weave.grain)
    return one + other - 2 * one * other


def tartan(weave: Weave) -> F32:
    """Broad bands with thin lines between them, both ways, laid over each other as threads are."""
    return 0.5 * (_sett(weave.u, weave.grain) + _sett(weave.v, weave.grain))


def windowpane(weave: Weave) -> F32:
    """Thin lines both ways."""
    lines = _bands(weave.u, 0.06, weave.grain), _bands(weave.v, 0.06, weave.grain)
    return np.asarray(0.85 * np.maximum(*lines), np.float32)


def dots(weave: Weave) -> F32:
    """Dots in offset rows."""
    row = np.floor(2 * weave.v + 0.5)
    x = _centred(weave.u + 0.5 * (row % 2))
    y = _centred(2 * weave.v) / 2
    return _soft(0.17 - np.hypot(x, y), weave.grain)


def chevron(weave: Weave) -> F32:
    """Zigzags around the body."""
    return _bands(weave.v + 0.5 * np.abs(_centred(weave.u)) * 2, 0.5, 2 * weave.grain)


PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        "stripes": stripes,
        "breton": breton,
        "upright": upright,
        "pinstripe": pinstripe,
        "checks": checks,
        "gingham": gingham,
        "tartan": tartan,
        "windowpane": windowpane,
        "dots": dots,
        "chevron": chevron,
    }
)


def _centred(x: Reals) -> F32:
    """Return x as its distance from the nearest whole number, in [-0.5, 0.5)."""
    return np.asarray(x - np.floor(x + 0.5), np.float32)


def _bands(x: Reals, share: float, grain: F32) -> F32:
    """Return 1 on bands that take a share of each repeat."""
    drawn = _soft(share / 2 - np.abs(_centred(x)), grain)
    blend = np.clip(2 * grain - 0.6, 0, 1)  # too fine to be told apart: their mean
    return np.asarray(drawn + (share - drawn) * blend, np.float32)


def _sett(x: Reals, grain: F32) -> F32:
    broad = _bands(x, 0.34, grain)
    inner = _bands(x, 0.06, grain) * 0.6
    thin = _bands(x + 0.5, 0.05, grain) + 0.7 * _bands(x + 0.36, 0.03, grain) + 0.7 * _bands(x - 0.36, 0.03, grain)
    return np.asarray(np.clip(broad - inner + thin, 0, 1), np.float32)


def _soft(inside: Reals, grain: F32) -> F32:
    """Return the coverage of a pixel whose middle lies ``inside`` the shape (negative: outside), in repeats."""
    return np.asarray(np.clip(inside / np.maximum(grain, 1e-4) + 0.5, 0, 1), np.float32)


def grain_of(u: F32, v: F32) -> F32:
    """Return (h, w) how many units of u and v a pixel covers; a jump between two pieces of cloth covers none."""
    steps = [cv2.Sobel(plane, cv2.CV_32F, dx, dy, ksize=3) / 8 for plane in (u, v) for dx, dy in ((1, 0), (0, 1))]
    length = np.sqrt(np.sum(np.square(steps), axis=0) / 2)
    return np.asarray(np.minimum(length, 3 * np.median(length)), np.float32)
