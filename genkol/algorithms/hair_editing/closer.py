"""A closer look at a head where the parsing wavers: curls over the eyes, a thin fringe, loose ends on skin."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision import mesh as topology
from genkol.vision.box import Box, box_of
from genkol.vision.colour import lab_of
from genkol.vision.face import FaceFinder
from genkol.vision.guided import Guide
from genkol.vision.light import brightened
from genkol.vision.segments import BACKGROUND, HAIR, Segmenter
from genkol.vision.smooth import ramp, smoothed

MAP_SIDE = 384
NEAR = 0.06
"""Share of the head about it that the model sees with it."""
DOUBTFUL, HOPELESS = 0.15, 1.5
"""Wavering hair over likely hair from which a closer look is worth its time, and from which it would not help."""
EDGE = 0.06
"""Width of what is a soft edge and no doubt, over the square root of the hair's area."""
MOST_OF_FACE = 0.3
"""Curls hang over a face, but not over half of it."""
HUES_APART = (13.0, 22.0)
"""Distance in a and b of hair and skin under which a fringe cannot be told from the forehead by its hue."""
EVEN_L, DARK_L = 60.0, 25.0
"""Lightness to which hues are brought before they are compared; under the other a hue says little."""
RICHER = (1.3, 1.6)
"""Chroma of hair over that of skin: a grey or dark fringe has the hue of a shaded forehead."""
VIVID = 36.0
"""Chroma of hair that no hair, skin or wood has by nature."""
COVERED = (0.6, 0.85)
"""Share of hair that both looks must see over a brow or an eye."""


def doubt_of(hair: U8) -> float:
    """Return how much of an (h, w) map of hair wavers in more than its edges, over what is likely hair."""
    area = float(np.count_nonzero(hair > 127)) + 1
    wavering = ((hair > 70) & (hair < 185)).astype(np.uint8)
    kernel = np.ones((max(3, round(EDGE * area**0.5)) | 1,) * 2, np.uint8)
    return float(np.count_nonzero(cv2.morphologyEx(wavering, cv2.MORPH_OPEN, kernel))) / area


class CloserLook:
    """Looks at a head that fills its picture.

    Args:
        segmenter: of hair.
        faces: finds where the brows are.
    """

    def __init__(self, segmenter: Segmenter, faces: FaceFinder) -> None:
        self._segmenter = segmenter
        self._faces = faces

    def __call__(self, picture: U8, head: Box, parsed: F32, skin: F32, matte: F32) -> tuple[F32, F32]:
        """Return the hair, and how much of it may be dyed: not what looks like hair on a bare brow.

        Args:
            picture: (H, W, 3) uint8 sRGB.
            head: where the head is in it, (h, w).
            parsed: (h, w) in [0, 1], the hair by the parsing.
            skin: (h, w) in [0, 1], that of the face by the parsing.
            matte: (h, w) in [0, 1].
        """
        light, pixels = brightened(picture), np.ascontiguousarray(head.of(picture))
        hair = self._seen(pixels, np.ascontiguousarray(head.of(light)), parsed, skin) * matte
        sure = skin > 0.78
        if np.count_nonzero(hair[sure] > 0.5) > MOST_OF_FACE * np.count_nonzero(sure):
            hair = parsed
        hair = np.maximum(hair, _vivid(pixels, hair, matte))
        mesh = self._mesh_in(light, head)
        if mesh is None:
            return hair, np.ones_like(hair)
        fringe = _fringe(pixels, mesh, hair, matte)
        covered = np.maximum(ramp(np.minimum(hair, parsed), *COVERED), fringe)
        hair = np.maximum(hair, fringe)
        bare = _features(mesh, hair.shape) * (1 - covered)
        return hair, np.asarray(1 - bare, np.float32)

    def _seen(self, pixels: U8, light: U8, parsed: F32, skin: F32) -> F32:
        """Return (h, w) in [0, 1]: the hair as the model sees it close by; beyond that, as it was parsed."""
        box = box_of((parsed > 0.24) | (skin > 0.24), 1, 1)
        near = Box(0, 0, parsed.shape[1], parsed.shape[0]) if box is None else box.grown(NEAR, parsed.shape)
        probabilities = self._segmenter(np.ascontiguousarray(near.of(light)))
        seen = smoothed(np.dstack([probabilities[..., HAIR], 1 - probabilities[..., BACKGROUND]]), 1.5)
        share = np.asarray(seen[..., 0] / np.maximum(seen[..., 1], 0.15), np.float32)
        hair = parsed.copy()
        inside = np.s_[near.top : near.bottom, near.left : near.right]
        hair[inside] = Guide(np.ascontiguousarray(near.of(pixels)), side=MAP_SIDE, radius=3, eps=1e-3)(share)
        return hair

    def _mesh_in(self, picture: U8, head: Box) -> F32 | None:
        """Return the (468, 2) mesh of the face in the head, in its pixels; None where there is none."""
        corner = np.array([head.left, head.top], np.float32)
        meshes = [face.mesh[:, :2] - corner for face in self._faces.faces(picture)]
        inside = [m for m in meshes if (m[1] > 0).all() and (m[1] < (head.width, head.height)).all()]  # 1: the nose
        return np.asarray(inside[0], np.float32) if inside else None


def _features(mesh: F32, shape: tuple[int, ...]) -> F32:
    """Return (h, w) in [0, 1]: eyes and brows with a rim of skin."""
    out = np.zeros(shape[:2], np.uint8)
    width = float(np.linalg.norm(mesh[234] - mesh[454]))
    for turn in (tuple, topology.mirrored):
        ring = turn((*topology.BROW_UPPER, *topology.BROW_LOWER, *topology.UNDER_EYE))
        cv2.fillConvexPoly(out, cv2.convexHull(np.rint(mesh[list(ring)]).astype(np.int32)), 255)
    reach = 2 * round(0.015 * width) + 1
    grown = cv2.dilate(out, np.ones((reach, reach), np.uint8)).astype(np.float32) / 255
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), max(0.5, 0.012 * width)), np.float32)


def _vivid(pixels: U8, hair: F32, matte: F32) -> F32:
    """Return (h, w) in [0, 1]: what hangs on hair of a vivid colour and has that colour too; 0 for natural hair."""
    sure = hair > 0.9
    if np.count_nonzero(sure) < 200:
        return np.zeros_like(hair)
    lab = lab_of(pixels)
    own = np.median(lab[sure], axis=0)
    if np.hypot(own[1], own[2]) < VIVID:
        return np.zeros_like(hair)
    hue = np.arctan2(own[2], own[1])
    along = np.asarray(lab[..., 1] * np.cos(hue) + lab[..., 2] * np.sin(hue), np.float32)
    aside = np.abs(lab[..., 2] * np.cos(hue) - lab[..., 1] * np.sin(hue))
    share = smoothed(ramp(along, 12, 24) * (1 - ramp(aside / np.maximum(along, 1), 0.3, 0.5)), 0.8)
    return np.asarray(share * matte * _joined(share, hair), np.float32)


def _fringe(pixels: U8, mesh: F32, hair: F32, matte: F32) -> F32:
    """Return (h, w) in [0, 1]: what above the eyes has the hue of the hair rather than that of the cheeks."""
    none = np.zeros_like(hair)
    face = np.zeros(hair.shape, np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(np.rint(mesh).astype(np.int32)), 1)
    down = mesh[152] - mesh[10]
    rows, columns = np.indices(hair.shape, np.float32)
    below = (columns - mesh[168, 0]) * down[0] + (rows - mesh[168, 1]) * down[1]  # 168: between the eyes
    below /= max(float(down @ down), 1.0)
    cheeks, locks = (face > 0) & (below > 0.08) & (below < 0.45) & (hair < 0.1), hair > 0.9
    if np.count_nonzero(cheeks) < 50 or np.count_nonzero(locks) < 50:
        return none
    lab = lab_of(pixels)
    hue = np.asarray(EVEN_L * lab[..., 1:] / np.maximum(lab[..., :1], 10), np.float32)
    own, skin = (np.median(hue[where], axis=0) for where in (locks, cheeks))
    way = own - skin
    length = float(np.hypot(*way))
    vivid = float(ramp(np.hypot(*own) / max(float(np.hypot(*skin)), 1.0), *RICHER))
    trust = vivid * float(ramp(length, *HUES_APART)) * (np.median(lab[locks][:, 0]) > DARK_L)
    if trust == 0:
        return none
    width = float(np.linalg.norm(mesh[234] - mesh[454]))
    even = smoothed(hue, max(0.6, 0.006 * width))
    share = ramp((even - skin) @ way / length**2, 0.2, 0.6)
    across = (columns - mesh[168, 0]) * down[1] - (rows - mesh[168, 1]) * down[0]
    beside = np.abs(across) / max(float(down @ down), 1.0)
    above = ramp(-below, 0.0, 0.08) * (1 - ramp(-below, 0.8, 1.0)) * (1 - ramp(beside, 0.4, 0.5))
    gap = 2 * round(0.05 * width) + 1
    share = cv2.morphologyEx(share * above, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    return np.asarray(trust * share * above * matte * _joined(share, hair), np.float32)


def _joined(share: F32, hair: F32) -> F32:
    """Return 1 on those pieces of the fringe that hang on sure hair."""
    both = ((share > 0.3) | (hair > 0.7)).astype(np.uint8)
    _, labels = cv2.connectedComponents(both, connectivity=8)
    held = np.unique(labels[hair > 0.9])
    return np.asarray(np.isin(labels, held[held > 0]), np.float32)
