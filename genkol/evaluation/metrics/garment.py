"""Whether a garment is worn: the old clothes gone, nothing beside the body."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import U8, Image
from genkol.errors import Unsuitable
from genkol.evaluation.metrics.regions import Mask
from genkol.vision.garment_cutout import cut_out


def coverage(old_clothes: U8, painted: Mask, rows: slice = slice(None)) -> float | None:
    """Return how much of the old clothes the layer painted over: sum(old x painted) / sum(old).

    Args:
        old_clothes: (H, W) coverage 0 to 255 of the clothes before.
        painted: (H, W) where the layer replaces or changes.
        rows: those in which the new garment is as long as the old; the torso, say.

    Returns:
        0 to 1, or None where there were no clothes in these rows.
    """
    old = np.where(old_clothes[rows] > 127, old_clothes[rows], 0).astype(np.float64)
    total = float(old.sum())
    return float(old[painted[rows]].sum()) / total if total > 0 else None


def spill(painted: Mask, body: U8, tolerance: int) -> float | None:
    """Return how much of the painted area lies beside the body: |painted outside body| / |painted|.

    Args:
        painted: (H, W) where the garment lies.
        body: (H, W) matte of the person before, 0 to 255.
        tolerance: pixels beside the outline that are still cloth standing off.

    Returns:
        0 to 1, or None where nothing was painted.
    """
    if not painted.any():
        return None
    near = cv2.dilate((body > 127).astype(np.uint8), _disc(tolerance)) > 0
    return float((painted & ~near).sum() / painted.sum())


def garment_region(pixels: U8, alpha: U8 | None) -> Mask:
    """Return where the garment is in its own photo: by its alpha, or else as the try-on cuts it out.

    Where nothing can be cut out the whole photo counts: a swatch of fabric, a print.

    Args:
        pixels: (h, w, 3) uint8 sRGB.
        alpha: (h, w) uint8, or None.
    """
    if alpha is not None and int(alpha.min()) < 250:
        return np.asarray(alpha > 127)
    h, w = pixels.shape[:2]
    try:
        found = cut_out(Image(pixels)).alpha
    except Unsuitable:
        return np.ones((h, w), np.bool_)
    return np.asarray(cv2.resize(found, (w, h), interpolation=cv2.INTER_LINEAR) > 0.5)


def _disc(radius: int) -> U8:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
