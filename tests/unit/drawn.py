"""Hypothesis strategies for portraits and layers: small, but with every kind of overlap and edge."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from genkol.artifacts import Image, Layer
from genkol.compose import affine, at, change, cover

WIDTH, HEIGHT = 23, 17


def noise(seed: int, h: int, w: int) -> np.ndarray:
    """(h, w, 3) uint8 with both ends of the range well represented."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.integers(-60, 316, (h, w, 3)), 0, 255).astype(np.uint8)


seeds = st.integers(0, 2**32 - 1)
portraits = seeds.map(lambda seed: Image(noise(seed, HEIGHT, WIDTH)))
strengths = st.floats(0, 1)


@st.composite
def offsets(draw: st.DrawFn) -> np.ndarray:
    """Whole-pixel placements, often partly or wholly outside."""
    return at(draw(st.integers(-14, WIDTH + 3)), draw(st.integers(-14, HEIGHT + 3)))


@st.composite
def similarities(draw: st.DrawFn, min_scale: float = 0.2) -> np.ndarray:
    """Turned, scaled and shifted placements."""
    angle, scale = draw(st.floats(-3.1, 3.1)), draw(st.floats(min_scale, 4))
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, draw(st.floats(-9, 25))], [s, c, draw(st.floats(-9, 20))]])


@st.composite
def changes(draw: st.DrawFn, placements: st.SearchStrategy[np.ndarray] | None = None) -> Layer:
    """Layers of opacity 0."""
    h, w, seed = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(seeds)
    weight = np.random.default_rng(seed).random((h, w)).astype(np.float32)
    placement = draw(placements if placements is not None else offsets() | similarities())
    return change(noise(seed, h, w), noise(seed + 1, h, w), weight * draw(strengths), placement, "change")


@st.composite
def layers(draw: st.DrawFn, placements: st.SearchStrategy[np.ndarray] | None = None) -> Layer:
    """Layers of every kind: covers, changes, and free mixtures of paint and opacity."""
    places = placements if placements is not None else offsets() | similarities()
    kind = draw(st.sampled_from(["cover", "change", "affine"]))
    if kind == "change":
        return draw(changes(places))
    h, w, seed = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(seeds)
    rng = np.random.default_rng(seed)
    opacity = np.clip(rng.random((h, w)) * 1.6 - 0.3, 0, 1).astype(np.float32)
    if kind == "cover":
        return cover(noise(seed, h, w), opacity, draw(places), "cover")
    paint = rng.uniform(-90, 260, (h, w, 3)).astype(np.float32)
    return affine(paint, opacity, draw(places), "affine")
