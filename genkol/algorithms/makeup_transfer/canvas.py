"""The face on the bench: its crop in CIELAB, and where its lips, lids, brows and cheeks are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from genkol.algorithms.makeup_transfer.lips import lips_of
from genkol.artifacts import F32, U8, Face
from genkol.vision import mesh as topology
from genkol.vision.colour import lab_of
from genkol.vision.smooth import ramp

WORK_WIDTH = 360  # of the face in pixels; a larger face is worked on reduced: makeup is smooth
MARGIN = 0.1  # of the crop around the mesh, in face widths


@dataclass(frozen=True, eq=False)
class Canvas:
    """One face, cut out and reduced if it is large.

    Args:
        box: left, top, right, bottom in whole picture pixels.
        scale: crop pixels per picture pixel, at most 1.
        width: of the face, in crop pixels; all blurs are shares of it.
        lab: (h, w, 3) float32 CIELAB.
        points: (468, 2) float32 mesh in crop pixels.
        skin: (h, w) float32 in [0, 1]; where the face may be painted at all: not hair, glasses, hands, backdrop.
    """

    box: tuple[int, int, int, int]
    scale: float
    width: float
    lab: F32
    points: F32
    skin: F32

    @classmethod
    def of(cls, pixels: U8, face: Face, allowed: F32 | None = None, most: float = WORK_WIDTH) -> Canvas:
        """Cut the face out of (H, W, 3) uint8.

        Args:
            pixels: the whole picture.
            face: the face in it.
            allowed: (H, W) in [0, 1], where it may be painted; without it, all over.
            most: width of the face in crop pixels that is not exceeded.
        """
        mesh = face.mesh[:, :2]
        wide = face_width(face)
        low = np.floor(mesh.min(0) - MARGIN * wide).astype(int).clip(0)
        high = np.ceil(mesh.max(0) + MARGIN * wide).astype(int).clip(0, (pixels.shape[1], pixels.shape[0]))
        box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        scale = min(1.0, most / wide)
        crop = pixels[box[1] : box[3], box[0] : box[2]]
        size = (max(8, round(crop.shape[1] * scale)), max(8, round(crop.shape[0] * scale)))
        small = crop if scale == 1 else cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        points = ((mesh - low + 0.5) * scale - 0.5).astype(np.float32)
        if allowed is None:
            skin = np.ones(small.shape[:2], np.float32)
        else:
            part = allowed[box[1] : box[3], box[0] : box[2]]
            skin = part if scale == 1 else cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        return cls(box, scale, wide * scale, lab_of(small), points, np.asarray(skin, np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.lab.shape[0]), int(self.lab.shape[1])

    @cached_property
    def base(self) -> F32:
        """(3,) CIELAB of the bare skin: the median over the face without eyes, brows, lips and beard."""
        features = np.maximum.reduce([self.lips, self.mouth_opening, self.brows, *(eye.around for eye in self.eyes)])
        bare = (self.oval > 0.9) & (features < 0.05) & (self.fill(*topology.BEARD) < 0.5)
        if bare.sum() < 50:
            bare = self.fill(*topology.OVAL) > 0.5
        return np.asarray(np.median(self.lab[bare], axis=0), np.float32)

    def part(self, *ring: int, margin: float) -> tuple[Canvas, tuple[int, int]]:
        """Return the canvas about those mesh points and a margin in face widths, and its left and top corner."""
        points, more = self.points[list(ring)], margin * self.width
        left, top = np.floor(points.min(0) - more).astype(int).clip(0, (self.shape[1] - 1, self.shape[0] - 1))
        right, bottom = np.ceil(points.max(0) + more).astype(int).clip((left + 1, top + 1))
        cut = np.s_[top:bottom, left:right]
        corner = np.array([left, top], np.float32)
        near = replace(self, lab=self.lab[cut], points=self.points - corner, skin=self.skin[cut])
        return near, (int(left), int(top))

    def fill(self, *ring: int) -> F32:
        """Return (h, w) in [0, 1]: the polygon through those mesh points, edges anti-aliased."""
        return self.polygon(self.points[list(ring)])

    def polygon(self, points: F32) -> F32:
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return np.asarray(mask, np.float32) / np.float32(255)

    def blur(self, array: F32, share: float) -> F32:
        """Gaussian blur; its deviation is a share of the face's width. A broad one is done on a reduced copy."""
        sigma = max(0.3, share * self.width)
        less = int(np.clip(sigma // 3, 1, 4))
        if less > 1:
            size = (-(-array.shape[1] // less), -(-array.shape[0] // less))
            array = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(array, (0, 0), sigma / less, borderType=cv2.BORDER_REPLICATE)
        if less > 1:
            soft = cv2.resize(soft, self.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(soft, np.float32)

    @cached_property
    def oval(self) -> F32:
        """The whole face, soft towards its outline."""
        return self.blur(self.fill(*topology.OVAL), 0.012) * self.skin

    @property
    def mouth_gap(self) -> float:
        """Between the lips, in widths of the face."""
        return float(np.linalg.norm(self.points[13] - self.points[14])) / self.width

    @cached_property
    def mouth_opening(self) -> F32:
        """What shows between the lips; nothing where they are closed, though the mesh leaves a gap there."""
        opened = ramp(self.mouth_gap, 0.012, 0.03)
        return np.asarray(self.fill(*topology.LIPS_INNER) * opened, np.float32)

    @cached_property
    def lips(self) -> F32:
        """The lips, less teeth and the hair of a moustache."""
        return lips_of(self)

    @cached_property
    def eyes(self) -> tuple[Eye, Eye]:
        return Eye(self, False), Eye(self, True)

    @cached_property
    def eye_openings(self) -> F32:
        return np.maximum(self.eyes[0].opening, self.eyes[1].opening)

    @cached_property
    def brows(self) -> F32:
        """Both brows, where the picture is darker than the skin about them."""
        both = np.zeros(self.shape, np.float32)
        for side in (tuple, topology.mirrored):
            ring = (*side(topology.BROW_UPPER), *reversed(side(topology.BROW_LOWER)))
            both = np.maximum(both, self.fill(*ring))
        return self.blur(both, 0.007) * self.skin

    @cached_property
    def cheeks(self) -> F32:
        """The cheekbones and the apples, very soft."""
        both = np.maximum(self.fill(*topology.CHEEK), self.fill(*topology.mirrored(topology.CHEEK)))
        free = 1 - self.blur(np.maximum(self.eye_openings, self.mouth_opening), 0.02)
        return self.blur(both, 0.045) * self.oval * free

    @cached_property
    def highlights(self) -> F32:
        """The top of the cheekbones and the bridge of the nose."""
        both = np.maximum(self.fill(*topology.CHEEK_HIGHLIGHT), self.fill(*topology.mirrored(topology.CHEEK_HIGHLIGHT)))
        bridge = np.zeros(self.shape, np.uint8)
        line = np.rint(self.points[list(topology.NOSE_BRIDGE)] * 16).astype(np.int32)
        cv2.polylines(bridge, [line], False, 255, max(1, round(0.03 * self.width)), cv2.LINE_AA, 4)
        nose = np.asarray(bridge, np.float32) / np.float32(255)
        soft = np.clip(0.8 * self.blur(both, 0.03) + 0.7 * self.blur(nose, 0.015), 0, 1)
        return np.asarray(soft * self.oval * (1 - self.blur(self.eye_openings, 0.01)), np.float32)


class Eye:
    """Where one eye is painted; all maps are (h, w) float32 in [0, 1]."""

    def __init__(self, canvas: Canvas, right: bool) -> None:
        self._canvas = canvas
        turn = topology.mirrored if right else tuple
        self._upper, self._lower = turn(topology.LASHES_UPPER), turn(topology.LASHES_LOWER)
        self._lid, self._crease = turn(topology.LID), turn(topology.CREASE)
        self._brow, self._under, self._bag = (
            turn(topology.BROW_LOWER),
            turn(topology.UNDER_EYE),
            turn(topology.EYE_BAG),
        )
        self.opening = canvas.fill(*self._upper, *reversed(self._lower))

    def _free(self, soft: F32) -> F32:
        return soft * (1 - self.opening) * (1 - 0.85 * self._canvas.brows) * self._canvas.oval

    @cached_property
    def lid(self) -> F32:
        c = self._canvas
        return self._free(np.clip(1.3 * c.blur(c.fill(*self._upper, *reversed(self._lid)), 0.013), 0, 1))

    @cached_property
    def crease(self) -> F32:
        c = self._canvas
        whole = c.blur(c.fill(*self._upper, *reversed(self._crease)), 0.022)
        return self._free(np.clip(1.1 * whole, 0, 1)) * (1 - 0.75 * self.lid)

    @cached_property
    def brow_bone(self) -> F32:
        c = self._canvas
        return self._free(c.blur(c.fill(*self._crease, *reversed(self._brow)), 0.02))

    @cached_property
    def under(self) -> F32:
        c = self._canvas
        return self._free(c.blur(c.fill(*self._lower, *reversed(self._under)), 0.01))

    @cached_property
    def around(self) -> F32:
        """All skin about the eye that makeup may cover, and the eye, from the brow to the bag."""
        c = self._canvas
        above = c.fill(*self._upper, *reversed(self._brow))
        return np.maximum(np.maximum(above, c.fill(*self._lower, *reversed(self._bag))), self.opening)

    @cached_property
    def ring(self) -> F32:
        """Where a reference's shadow is laid: full on the lid and the crease, fading towards the brow and the bag."""
        c = self._canvas
        near = c.fill(*self._upper, *reversed(self._crease))
        below = np.maximum(c.fill(*self._lower, *reversed(self._under)), 0.6 * self.around)
        whole = c.blur(np.maximum(near, below), 0.016)
        return self._free(whole)

    @cached_property
    def liner(self) -> F32:
        """A line along the upper lashes, thicker outwards."""
        c = self._canvas
        distance, along = _to_line(c.points[list(self._upper)], c.shape, 0.05 * c.width)
        half = c.width * (0.0035 + 0.0065 * (1 - along) ** 0.7)
        soft = 0.0045 * c.width + 0.4
        return ramp(half + soft / 2 - distance, 0, soft) * (1 - 0.6 * self.opening) * c.skin


def _to_line(line: F32, shape: tuple[int, int], reach: float) -> tuple[F32, F32]:
    """Return each pixel's distance to a polyline and where along it (0 to 1) the nearest point lies.

    Beyond `reach` of the line's box the distance is only a large number.
    """
    h, w = shape
    low = np.maximum(np.floor(line.min(0) - reach).astype(int), 0)
    high = np.minimum(np.ceil(line.max(0) + reach).astype(int) + 1, (w, h))
    distance = np.full(shape, 1e6, np.float32)
    along = np.zeros(shape, np.float32)
    if (low >= high).any():
        return distance, along
    grid = np.stack(np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])), -1).astype(np.float32)
    start, run = line[:-1], np.diff(line, axis=0)  # (n, 2)
    to = grid[:, :, None] - start
    share = np.clip((to * run).sum(-1) / np.maximum((run * run).sum(-1), 1e-6), 0, 1)  # (h, w, n)
    off = np.linalg.norm(to - share[..., None] * run, axis=-1)
    best = off.argmin(-1)
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    distance[part] = np.take_along_axis(off, best[..., None], -1)[..., 0]
    along[part] = (best + np.take_along_axis(share, best[..., None], -1)[..., 0]) / len(run)
    return distance, along


def face_width(face: Face) -> float:
    """Return the width of the face as if it were frontal, in pixels."""
    m = face.mesh
    across = float(np.linalg.norm(m[234] - m[454]))  # in three dimensions: a turned head keeps it
    return max(across, 0.7 * float(np.linalg.norm(m[10] - m[152])))
