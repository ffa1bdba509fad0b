"""A garment laid on a body: its torso, its sleeves and its hood, shaded."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.grid import Piece
from genkol.algorithms.virtual_try_on.shade import contact, roundness
from genkol.algorithms.virtual_try_on.skinning import Fit, hood_grid, is_long, sleeve_grid, torso_grid
from genkol.artifacts import F32
from genkol.vision.garment_cutout import Cutout
from genkol.vision.garment_landmarks import GarmentLandmarks


@dataclass(frozen=True, eq=False)
class Drape:
    """The garment as it lies in the picture.

    Args:
        colour: (H, W, 3) float32 sRGB levels, shaded.
        alpha: (H, W) float32, torso and sleeves together.
        torso, sleeves: (H, W) float32, each alone.
        sleeve_colour: (H, W, 3).
        long: whether the sleeves reach the wrists.
        hood: colour and alpha of what lies behind the neck.
    """

    colour: F32
    torso: F32
    sleeve_colour: F32
    sleeves: F32
    long: bool
    hood: tuple[F32, F32] | None = None

    @property
    def alpha(self) -> F32:
        """(H, W): all of the garment that lies before the body."""
        return np.maximum(self.torso, self.sleeves)


def draped(sized: Fit, cloth: Cutout, light: F32) -> Drape:
    """Lay a garment on a body.

    Args:
        sized: how it sits.
        cloth: the garment.
        light: (H, W) factors of the body's light and shade.
    """
    marks, span, shape = sized.marks, sized.body.span, (light.shape[0], light.shape[1])
    source = np.dstack([cloth.pixels, cloth.alpha * _without_opening(marks, cloth.alpha.shape)])
    torso = torso_grid(sized).drawn(shape)
    colour, alpha = _pulled(torso, source)
    below = np.clip((torso.y - float(marks.armpits[:, 1].mean())) / 4, 0, 1)
    alpha = np.maximum(alpha * (1 - below * (1 - _edge(torso))), _within(torso) * below)
    chest = np.clip((torso.along - 0.12) / 0.2, 0, 1)
    factor = light * (1 - chest * (1 - roundness(torso.across, 0.22)))
    sleeves, sleeve_colour = np.zeros(shape, np.float32), np.zeros_like(colour)
    long = is_long(sized)
    if marks.sleeves is not None:
        for i in (0, 1):
            piece = sleeve_grid(sized, i).drawn(shape)
            own, a = _pulled(piece, source)
            a = np.maximum(a * _edge(piece), _within(piece))
            free = np.clip(piece.along / 0.5, 0, 1)
            own *= (light * (1 - free * (1 - roundness(piece.across, 0.25))))[..., None]
            sleeve_colour = np.where(a[..., None] > sleeves[..., None], own, sleeve_colour)
            sleeves = np.maximum(sleeves, a)
    shadow = contact(sleeves, 0.035 * span, 0.02 * span) * (1 - sleeves)
    factor *= 1 - 0.3 * shadow
    seen = (alpha > 0.5) & (sleeves < 0.5)
    if seen.any():
        factor /= np.median(factor[seen])  # most of the cloth keeps its own colour
    hood = _hood(sized, cloth, light) if marks.hood else None
    return Drape(colour * factor[..., None], alpha, sleeve_colour, sleeves, long, hood)


def _hood(sized: Fit, cloth: Cutout, light: F32) -> tuple[F32, F32]:
    """Return the hood behind the neck, dark inside, (H, W, 3), and its alpha."""
    piece = hood_grid(sized).drawn((light.shape[0], light.shape[1]))
    inner = np.clip((0.62 - np.abs(piece.across)) / 0.3, 0, 1) * np.clip((piece.along - 0.15) / 0.3, 0, 1)
    rim = 1 - 0.25 * np.clip((0.12 - piece.along) / 0.12, 0, 1)
    shade = (1 - 0.55 * inner) * rim * light
    return piece.pull(cloth.pixels) * shade[..., None], piece.inside


def _pulled(piece: Piece, source: F32) -> tuple[F32, F32]:
    found = piece.pull(source)
    return found[..., :3], found[..., 3] * piece.inside


def _edge(piece: Piece) -> F32:
    """Return (H, W): 1 up to the edges of a piece, 0 beyond, where the next piece may lie in the garment's photo."""
    return np.asarray(np.clip((1.02 - np.abs(piece.across)) / 0.03, 0, 1), np.float32)


def _within(piece: Piece) -> F32:
    """Return (H, W): 1 well inside a sleeve's grid, where a gap of the outline is none of the cloth."""
    rim = np.clip((0.97 - np.abs(piece.across)) / 0.04, 0, 1) * np.clip((0.97 - piece.along) / 0.02, 0, 1)
    return np.asarray(rim * piece.inside, np.float32)


def _without_opening(marks: GarmentLandmarks, shape: tuple[int, ...]) -> F32:
    """Return (h, w) in [0, 1]: 0 within the neck opening and above it, where the back and its label show."""
    left, right = marks.opening[0], marks.opening[-1]
    ring = np.concatenate([marks.opening, [[right[0], -10], [left[0], -10]]])
    out = np.ones(shape[:2], np.float32)
    cv2.fillPoly(out, [np.rint(ring * 16).astype(np.int32)], 0.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.8), np.float32)
