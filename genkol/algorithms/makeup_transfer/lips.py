"""Where the lips end: the outline of the mesh, moved to the edge that the colours of the picture show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32
from genkol.vision import mesh as topology
from genkol.vision.smooth import ramp

if TYPE_CHECKING:
    from genkol.algorithms.makeup_transfer.canvas import Canvas

# Lengths are shares of the face's width, colours CIELAB.
REACH = 0.05  # how far the lips' edge may lie from the outline of the mesh
SKIN_BAND = 0.05  # beyond that: where the skin about the lips is measured
SMOOTH = 0.007  # of the edge: the outline of lips has no finer form
INNER_REACH = 0.035  # how far into the open mouth the wet part of the lower lip may go
DISTINCT = (7.0, 18.0)  # between lips and skin: below it the outline of the mesh stands, above it colour decides
WEIGHTS = np.array([0.5, 1.0, 1.0], np.float32)  # of L, a, b: light tells less than hue


def lips_of(face: Canvas) -> F32:
    """Return (h, w) in [0, 1]: the lips of one face, less teeth and the hair of a moustache."""
    mouth, corner = face.part(*topology.LIPS_OUTER, margin=REACH + 2 * SKIN_BAND)
    whole = np.zeros(face.shape, np.float32)
    part = whole[corner[1] : corner[1] + mouth.shape[0], corner[0] : corner[0] + mouth.shape[1]]
    outline = mouth.fill(*topology.LIPS_OUTER)
    rough = np.clip(outline - mouth.mouth_opening, 0, 1)
    if (rough > 0.95).sum() >= 8:
        smooth = mouth.blur(mouth.lab, 0.004)
        part[:] = _seen(mouth, smooth, outline, rough)
    return whole


def _seen(mouth: Canvas, smooth: F32, outline: F32, rough: F32) -> F32:
    other = _teeth_and_hair(smooth, np.median(mouth.lab[rough > 0.95], axis=0))
    off = _outwards(outline) / np.float32(mouth.width)
    core = ramp(-off, 0.003, 0.012) * rough * (1 - np.minimum(1, 2 * mouth.blur(other, 0.01)))
    lips = _local(mouth, smooth, core, 0.035)
    inside = _within_outline(mouth, smooth, off, lips, other)
    inner = mouth.mouth_opening * (1 - _wet_lip(mouth, smooth, lips, rough * (1 - other)))
    return np.asarray(mouth.blur(inside * (1 - inner), 0.003) * (1 - other) * mouth.skin, np.float32)


def _outwards(outline: F32) -> F32:
    """Return the distance to a polygon's border in pixels, negative inside."""
    filled = (outline > 0.5).astype(np.uint8)
    out, into = (cv2.distanceTransform(side, cv2.DIST_L2, 5) for side in (1 - filled, filled))
    return np.asarray(cv2.GaussianBlur(out - into, (0, 0), 1.0), np.float32)  # without the steps of the pixels


def _teeth_and_hair(smooth: F32, lips: F32) -> F32:
    """Return what is too bright and pale, or too dark, for lips of that median."""
    over = smooth[..., 0] - lips[0]
    vivid = max(float(np.hypot(lips[1], lips[2])), 1.0)
    chroma = np.hypot(smooth[..., 1], smooth[..., 2]) / vivid
    teeth = ramp(over, 12, 24) * (1 - ramp(chroma, 0.45, 0.8))
    shaded = ramp(vivid, 35, 50) * ramp(over, 1, 8) * (1 - ramp(chroma, 0.4, 0.6))  # pale, though not bright
    return np.asarray(np.maximum.reduce([teeth, shaded, ramp(-over, 18, 32)]), np.float32)


def _local(mouth: Canvas, colours: F32, weight: F32, share: float) -> F32:
    """Return the mean colour of what is near and has weight; where nothing is near, of all that has weight."""
    total = float(weight.sum())
    mean = (colours * weight[..., None]).sum((0, 1)) / max(total, 1e-6)
    least = np.float32(0.1)
    near = mouth.blur(colours * weight[..., None], share) + least * mean
    return np.asarray(near / (mouth.blur(weight, share) + least)[..., None], np.float32)


def _within_outline(mouth: Canvas, smooth: F32, off: F32, lips: F32, other: F32) -> F32:
    """Return the lips and what they enclose: at the outline colour decides, far from it the outline does.

    A pixel's colour lies between that of the lips and of the skin near it; its share of the lips and its
    distance to the outline are weighed against each other.
    """
    band = ramp(off, REACH * 0.8, REACH) * (1 - ramp(off, REACH + SKIN_BAND, REACH + 1.3 * SKIN_BAND)) * mouth.skin
    if band.sum() < 20:
        return ramp(-off, -0.01, 0.01)
    median = np.median(smooth[band > 0.5], axis=0) if (band > 0.5).any() else smooth[band > 0].mean(0)
    skin = _local(mouth, smooth, band * (1 - ramp(np.abs(smooth[..., 0] - median[0]), 14, 28)), 0.04)
    way = (lips - skin) * WEIGHTS
    length = np.sqrt((way * way).sum(-1))
    at = (smooth - skin) * WEIGHTS
    share = (at * way).sum(-1) / np.maximum(length * length, 1e-6)  # 0 skin, 1 lips
    aside = np.linalg.norm(at - share[..., None] * way, axis=-1) / np.maximum(length, 1e-6)
    alike = np.clip(share, 0, 1) - 0.5 * ramp(aside, 0.5, 1.2)
    told = mouth.blur(ramp(length, *DISTINCT) * np.clip(2 * alike - 1, -1, 1), SMOOTH)
    soft = max(0.25, 0.8 / (REACH * mouth.width))  # a pixel on a small face
    field = ramp(told - off / REACH, -soft, soft)
    field = np.maximum(field, other * ramp(-off, 0, 0.01))
    return _connected(field, off < -0.3 * REACH, round(1.3 * REACH * mouth.width))


def _wet_lip(mouth: Canvas, smooth: F32, lips: F32, rough: F32) -> F32:
    """Return what of the open mouth goes on from the lower lip: not pale as teeth, not dark as the cavity.

    Above, gums are as red as lips and the outline of the mesh is left to stand.
    """
    lower = mouth.fill(*topology.LIPS_INNER_LOWER)
    over = smooth[..., 0] - lips[..., 0]
    chroma = np.hypot(smooth[..., 1], smooth[..., 2])
    alike = ramp(chroma / np.maximum(np.hypot(lips[..., 1], lips[..., 2]), 1.0), 0.35, 0.5) * ramp(over, -10, -2)
    off = _outwards(np.clip(1 - mouth.fill(*topology.LIPS_INNER), 0, 1)) / np.float32(mouth.width)
    fade = 1 - ramp(off, 0.6 * INNER_REACH, INNER_REACH)
    field = np.maximum(rough, mouth.blur(alike, SMOOTH) * lower * fade * ramp(mouth.mouth_gap, 0.1, 0.16))
    return _connected(field, rough > 0.9, round(INNER_REACH * mouth.width) + 2)


def _connected(field: F32, seed: NDArray[np.bool_], steps: int) -> F32:
    """Return the field where a way of that many pixels leads to the seed, no higher than the lowest on the way."""
    near = np.ones((3, 3), np.uint8)
    reached = field * seed
    for _ in range(steps):
        reached = np.minimum(cv2.dilate(reached, near), field)
    return np.asarray(reached, np.float32)
