"""What to paint on a face, read from a named look or from a reference: the same few terms for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkol.algorithms.makeup_transfer.canvas import Canvas
from genkol.algorithms.makeup_transfer.looks import Lab, Look
from genkol.artifacts import F32
from genkol.vision.mesh import MIRROR
from genkol.vision.smooth import ramp
from genkol.vision.warp import piecewise_affine

MODEL_L = 65.0  # lightness of the skin that the looks are written for


@dataclass(frozen=True, eq=False)
class Recipe:
    """Changes of CIELAB on one canvas, not yet weighted by intensity.

    Args:
        eyes: (h, w, 3) change around the eyes.
        cheeks: (h, w, 3) change on the cheeks and the highlights.
        lips: (3,) colour that the middle of the lips should have, or None.
        lips_opacity: 0 to 1.
        lips_spread: contrast within the lips over that of the portrait's own.
        brows: (3,) change of the brows.
        skin: 0 to 1, how much blotches are evened.
    """

    eyes: F32
    cheeks: F32
    lips: F32 | None
    lips_opacity: float
    lips_spread: float
    brows: F32
    skin: float


def from_look(canvas: Canvas, look: Look) -> Recipe:
    """Return the look as it suits the skin on the canvas."""
    own = _over_lids(canvas, canvas.lab - canvas.base, 0.015)
    eyes = np.zeros_like(canvas.lab)
    for eye in canvas.eyes:
        for mask, colour in (
            (eye.lid, look.lid),
            (eye.crease, look.crease),
            (eye.brow_bone, look.brow_bone),
            (eye.under, look.under_eye),
        ):
            eyes += mask[..., None] * (_suited(colour, canvas.base) + _cover(colour) * own)
        eyes += _line(canvas, eye.liner, look.liner)
    cheeks = canvas.cheeks[..., None] * _suited(look.blush, canvas.base)
    cheeks += canvas.highlights[..., None] * _suited(look.highlight, canvas.base)
    lips = None if look.lips is None else np.array(look.lips, np.float32)
    return Recipe(eyes, cheeks, lips, look.lips_opacity, 1.0, _brow_fill(canvas, look.brows), look.skin)


def _suited(colour: Lab, base: F32) -> F32:
    """Scale a change that is meant for a skin of L 65: pigment takes a share of the light away."""
    share = float(np.clip(base[0] / MODEL_L, 0.35, 1.15))
    return np.array([colour[0] * share, colour[1] * share**0.5, colour[2] * share**0.5], np.float32)


def _cover(colour: Lab) -> F32:
    """Return how much a layer of pigment takes away of the hue that is already there, 0 to -0.6."""
    hides = 0.6 * min(1.0, float(np.linalg.norm(colour)) / 25)
    return np.array([0, -hides, -hides], np.float32)


def _line(canvas: Canvas, mask: F32, strength: float) -> F32:
    """Return the change that draws a lash line: towards a near black, never lighter."""
    target = np.array([14, 2, 1], np.float32)
    off = target - canvas.lab
    off[..., 0] = np.minimum(off[..., 0], 0)
    return np.asarray(off * (0.8 * strength * mask)[..., None], np.float32)


def _brow_fill(canvas: Canvas, strength: float) -> F32:
    return np.array([-14.0 * strength * min(1.0, float(canvas.base[0]) / MODEL_L), 0, 0], np.float32)


def from_reference(canvas: Canvas, reference: Canvas, yaw: float) -> Recipe:
    """Return the reference's makeup as it suits the skin on the canvas.

    The reference is laid on the canvas directly and mirrored, which cancels light from one side; the
    side that is turned away counts less.

    Args:
        canvas: the face to be painted.
        reference: the face that wears the makeup.
        yaw: of the reference, degrees.
    """
    off = reference.lab - reference.base
    fine, broad = _over_lids(reference, off, 0.009), _over_skin(reference, off, 0.03)
    sheets = np.dstack([fine, broad])
    warped, straight = _both_ways(canvas, reference, sheets, yaw)
    own = _over_lids(canvas, canvas.lab - canvas.base, 0.015)
    eyes = np.zeros_like(canvas.lab)
    shade = _pigment(warped[..., :3], reference.base, canvas.base) - 0.7 * own
    shade = np.clip(shade, (-52, -25, -35), (8, 30, 30))
    for eye, worn in zip(canvas.eyes, reference.eyes, strict=True):
        eyes += (eye.ring * straight)[..., None] * shade
        eyes += _line(canvas, eye.liner, _liner_of(reference, worn.liner, worn.lid))
    blush = warped[..., 3:] - 0.5 * canvas.blur(own, 0.025)
    blush = np.clip(blush * (0.35, 0.9, 0.8), (-6, -3, -7), (4, 16, 10))
    cheeks = (canvas.cheeks * straight)[..., None] * blush
    lips, spread = _lips_of(canvas, reference)
    return Recipe(eyes, cheeks, lips, 0.92, spread, _brows_of(canvas, reference), 0.45)


def _over_lids(canvas: Canvas, off: F32, share: float) -> F32:
    """Return a fine low-pass in which neither brows nor eyeballs colour the skin beside them."""
    weight = np.clip(1 - canvas.brows - canvas.blur(canvas.eye_openings, 0.006), 0.02, 1)
    return np.asarray(canvas.blur(off * weight[..., None], share) / canvas.blur(weight, share)[..., None], np.float32)


def _over_skin(reference: Canvas, off: F32, share: float) -> F32:
    """Return a broad low-pass over skin alone: hair and deep shadow on the cheeks do not count."""
    weight = (1 - ramp(np.abs(off[..., 0]), 16, 30)) * (1 - ramp(np.hypot(off[..., 1], off[..., 2]), 25, 45))
    weight = weight * (1 - reference.eye_openings) * (1 - reference.mouth_opening) + 1e-3
    return np.asarray(
        reference.blur(off * weight[..., None], share) / reference.blur(weight, share)[..., None], np.float32
    )


def _both_ways(canvas: Canvas, reference: Canvas, sheets: F32, yaw: float) -> tuple[F32, F32]:
    """Return the sheets of the reference on the canvas, straight and mirrored averaged, and where that holds."""
    across = canvas.points - canvas.points[MIRROR]
    side = across @ (canvas.points[454] - canvas.points[234])
    side = side / max(float(np.abs(side).max()), 1e-6)  # -1 on the picture's left to 1 on its right
    seen = np.clip(0.5 - yaw / 30 * side, 0, 1).astype(np.float32)  # share of the straight one
    target = canvas.points
    whole = piecewise_affine(target, np.column_stack([reference.points, reference.points[MIRROR], seen]), canvas.shape)
    straight, mirror = (whole.pull(sheets, part) for part in (0, 2))
    share = whole.values[..., 4:5]
    return straight * share + mirror * (1 - share), whole.inside


def _pigment(off: F32, worn: F32, base: F32) -> F32:
    """Return a change of colour seen on one skin as it would look on another.

    A tint takes a share of the skin's light and adds its hue; an opaque colour is itself on any skin.
    """
    opaque = ramp(np.hypot(off[..., 1], off[..., 2]), 8, 24)[..., None]
    tint = off.copy()
    tint[..., 0] = base[0] * (np.maximum(worn[0] + off[..., 0], 2) / worn[0] - 1)
    paint = worn + off - base
    return np.asarray(tint + opaque * (paint - tint), np.float32)


def _liner_of(reference: Canvas, line: F32, lid: F32) -> float:
    """Return how strongly the reference's upper lashes are lined, 0 to 1: the line against the lid."""
    on_line, on_lid = line > 0.7, lid > 0.6
    if on_line.sum() < 6 or on_lid.sum() < 6:
        return 0.0
    contrast = float(np.median(reference.lab[on_lid][:, 0]) - np.median(reference.lab[on_line][:, 0]))
    return float(np.clip((contrast - 8) / 35, 0, 0.9))


def _lips_of(canvas: Canvas, reference: Canvas) -> tuple[F32 | None, float]:
    """Return the colour of the reference's lips for this skin, and their contrast over the portrait's own."""
    worn, own = lip_colour(reference), lip_colour(canvas)
    if worn is None or own is None:
        return None, 1.0
    colour, deviation = worn
    vivid = float(ramp(np.hypot(*(colour - reference.base)[1:]), 10, 30))
    nude = np.array(
        [canvas.base[0] * colour[0] / reference.base[0], *(canvas.base + colour - reference.base)[1:]], np.float32
    )
    return nude + vivid * (colour - nude), float(np.clip(deviation / max(own[1], 1.0), 0.75, 1.15))


def lip_colour(canvas: Canvas) -> tuple[F32, float] | None:
    """Return the median CIELAB of the lips and the deviation of their L, or None when too few are seen."""
    sure = canvas.lips > 0.8
    if sure.sum() < 12:
        return None
    found = canvas.lab[sure]
    off = np.linalg.norm((found - canvas.base) * (0.5, 1, 1), axis=1)
    if off.std() > 10:  # the mesh took in skin beside lips of an unusual colour
        found = found[off > np.median(off)]
    return np.asarray(np.median(found, axis=0), np.float32), float(found[:, 0].std())


def _brows_of(canvas: Canvas, reference: Canvas) -> F32:
    """Return the change that brings the brows towards the reference's contrast, within modest bounds."""
    both = []
    for face in (canvas, reference):
        sure = face.brows > 0.6
        if sure.sum() < 12:
            return np.zeros(3, np.float32)
        both.append(np.median(face.lab[sure], axis=0) / face.base[0] - face.base / face.base[0])
    bounded = np.clip((both[1] - both[0]) * canvas.base[0], (-10, -4, -4), (2, 4, 4))
    return np.asarray(bounded, np.float32)
