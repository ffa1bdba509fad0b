"""A photographer's studio: a paper sweep from wall to floor, lit by a soft overhead light and a light on the wall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkol.algorithms.scene.film import fractal, grid, sample
from genkol.algorithms.scene.palette import linear_colour
from genkol.artifacts import F32

_WALL_M = 4.6  # camera to wall
_COVE_M = 0.9  # radius of the sweep between floor and wall
_HALF_VIEW = 0.40  # tangent of half the vertical angle of view: a 50 mm lens on full frame, upright


def studio(
    rng: np.random.Generator,
    width: int,
    height: int,
    colours: Sequence[str],
    horizon: float,
    light_x: float,
    contrast: float,
) -> F32:
    """Return (h, w, 3) linear light.

    Args:
        rng: for the paper's faint unevenness.
        width: of the picture; the canvas is smaller.
        height: of the picture.
        colours: the paper, then the gel on the wall light.
        horizon: where wall and floor meet, 0 top to 1 bottom.
        light_x: where the lights stand, -1 left to 1 right.
        contrast: 0 lights the paper evenly, 1 leaves its edges dark.
    """
    x, y = grid(width, height, 512)
    depth, rise, normal_up = _sweep(y[:, :1], (horizon - 0.5) * 2 * _HALF_VIEW * _WALL_M)
    across = x * 2 * _HALF_VIEW * depth  # metres, 0 in the middle
    normal_out = np.sqrt(1 - normal_up**2)

    spread = 1.15 + 0.5 * (1 - contrast)
    spot = np.exp(-0.5 * (((across - 0.7 * light_x) / spread) ** 2 + ((rise - 1.45) / (spread * 0.9)) ** 2))
    wall_light = spot * normal_out
    to_light = np.stack(np.broadcast_arrays(1.6 * light_x - across, 3.2 - rise, _WALL_M - 2.4 - depth))
    distance2 = (to_light**2).sum(0)
    facing = np.maximum(to_light[1] * normal_up - to_light[2] * normal_out, 0.0) / np.sqrt(distance2)
    overhead = facing / distance2 * 6.0
    uneven = 1 + 0.006 * sample(fractal(rng, 128, 1.6), across / 6, (rise + depth) / 6)

    paper = linear_colour(colours[0])
    gel = linear_colour(colours[1]) / max(float(linear_colour(colours[1]).max()), 1e-3) if len(colours) > 1 else None
    base = (1.05 - 0.55 * contrast) * 0.62 + 0.42 * overhead
    lit = base[..., None] * paper
    tint = paper if gel is None else paper * 0.35 + gel * 0.65 * max(float(paper.mean()), 0.25)
    lit = lit + ((0.35 + 0.45 * contrast) * wall_light)[..., None] * tint
    return np.asarray(lit * uneven[..., None], np.float32)


def _sweep(y: F32, camera_m: float) -> tuple[F32, F32, F32]:
    """Where each row's line of sight meets the paper: depth and height in metres, and the normal's upward part."""
    slope = y * 2 * _HALF_VIEW  # down per metre of depth
    wall_height = camera_m - slope * _WALL_M
    with np.errstate(divide="ignore"):
        floor_depth = np.where(slope > 1e-6, camera_m / np.maximum(slope, 1e-6), np.inf)
    # The cove is a quarter circle about (wall - r, r): solve |ray - centre| = r for the far root.
    cz, cy = _WALL_M - _COVE_M, _COVE_M
    a, b = 1 + slope**2, -(cz + slope * (camera_m - cy))
    c = cz**2 + (camera_m - cy) ** 2 - _COVE_M**2
    root = (-b + np.sqrt(np.maximum(b**2 - a * c, 0.0))) / a
    on_wall, on_floor = wall_height >= _COVE_M, floor_depth <= cz
    depth = np.where(on_wall, _WALL_M, np.where(on_floor, floor_depth, root))
    rise = np.maximum(camera_m - slope * depth, 0.0)
    up = np.where(on_wall, 0.0, np.where(on_floor, 1.0, np.clip((cy - rise) / _COVE_M, 0, 1)))
    return depth.astype(np.float32), rise.astype(np.float32), up.astype(np.float32)
