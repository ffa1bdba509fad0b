"""A mesh gradient: a few colours that flow into each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkol.algorithms.scene.film import fractal, grid, sample
from genkol.algorithms.scene.palette import linear_colour, linear_of_oklab, oklab_of, shifted
from genkol.artifacts import F32


def gradient(rng: np.random.Generator, width: int, height: int, colours: Sequence[str], softness: float) -> F32:
    """Return (h, w, 3) linear light: colours at scattered points, blended in OKLab by normalised Gaussians.

    Args:
        rng: where the points lie.
        width: of the picture; the canvas is smaller.
        height: of the picture.
        colours: one to four; a single one is joined by a lighter and a deeper neighbour of it.
        softness: 0 gives distinct fields, 1 nearly one wash.
    """
    if len(colours) == 1:
        colours = (colours[0], shifted(colours[0], 0.13, 22.0, 0.8), shifted(colours[0], -0.10, -18.0))
    x, y = grid(width, height, 320)
    aspect = width / height
    drift = fractal(rng, 64, 2.2)
    x, y = x + 0.07 * sample(drift, x / 3 + 0.3, y / 3), y + 0.07 * sample(drift, x / 3, y / 3 + 0.6)
    weight = np.zeros((*x.shape, 1), np.float32)
    mixed = np.zeros((*x.shape, 3), np.float32)
    radius = (0.16 + 0.26 * softness) * np.sqrt(aspect)
    for place, colour in zip(_places(rng), _dealt(rng, colours), strict=True):
        px, py = place[0] * aspect, place[1]
        near = np.exp(-0.5 * ((x - px) ** 2 + (y - py) ** 2) / radius**2)[..., None] + 1e-6
        mixed += near * oklab_of(linear_colour(colour))
        weight += near
    return linear_of_oklab((mixed / weight).astype(np.float32))


def _places(rng: np.random.Generator) -> F32:
    """(9, 2) points of a 3 x 3 lattice, shaken, in -0.55 to 0.55 of each side."""
    lattice = np.stack(np.meshgrid([-0.42, 0.0, 0.42], [-0.42, 0.0, 0.42]), -1).reshape(-1, 2)
    return np.asarray(lattice + rng.uniform(-0.13, 0.13, (9, 2)), np.float32)


def _dealt(rng: np.random.Generator, colours: Sequence[str]) -> list[str]:
    """Nine colours in which each appears about as often as the others and fields of one colour hang together."""
    order = [colours[i] for i in rng.permutation(len(colours))]
    angle = rng.uniform(0, 2 * np.pi)
    lattice = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), -1).reshape(-1, 2)
    rank = np.argsort(np.argsort(lattice @ [np.cos(angle), np.sin(angle)]))
    return [order[int(r) * len(order) // 9] for r in rank]
