"""A garment on a plain ground, cut out of its photo."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from genkol.artifacts import F32, U8, Image
from genkol.errors import Unsuitable
from genkol.vision.colour import delta_e, lab_of
from genkol.vision.smooth import smoothed

WORK_SIDE = 1024
"""Longest side at which a garment is looked at, pixels."""
LEAST_SHARE, MOST_SHARE = 0.06, 0.94
"""Shares of the photo that a garment covers."""
GRAB_SIDE = 320
"""Longest side at which a garment is told from its ground by its colours, pixels."""
PINHOLE = 0.005
"""Area of a hole, against the garment, up to which it is none."""
SHADOW_CHROMA = 5.0
"""Colour (CIELAB a, b) by which a soft shadow on the ground may differ from it."""


@dataclass(frozen=True, eq=False)
class Cutout:
    """A garment without its ground.

    Args:
        pixels: (h, w, 3) float32, sRGB in 8-bit levels, the garment's own colour up to its edges.
        alpha: (h, w) float32 in [0, 1].
    """

    pixels: F32
    alpha: F32

    @property
    def mask(self) -> NDArray[np.bool_]:
        return self.alpha > 0.5


def cut_out(image: Image) -> Cutout:
    """Return the garment: by the photo's alpha if it has one, else by its distance from the border's colours.

    Raises:
        Unsuitable: nothing, or nearly all of the photo, stands out from its border.
    """
    pixels, alpha = _reduced(image)
    found = _by_alpha(alpha) if alpha is not None else _by_colours(pixels, _by_border(pixels))
    share = float(found.mean())
    if not LEAST_SHARE < share < MOST_SHARE:
        raise Unsuitable(
            f"No garment stands out in its photo: {share:.0%} of it differs from the border, between "
            f"{LEAST_SHARE:.0%} and {MOST_SHARE:.0%} was expected. Use a photo of the garment alone, lying flat on an "
            "even ground, or a PNG with a transparent ground.",
            port="garment",
            value=round(share, 3),
        )
    if alpha is None:
        found = cv2.GaussianBlur(cv2.erode(found, np.ones((3, 3), np.uint8)), (0, 0), 1.0)
    return Cutout(_spread_inwards(pixels, found), found)


def _reduced(image: Image) -> tuple[U8, F32 | None]:
    scale = min(1.0, WORK_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    pixels = cv2.resize(image.pixels, size, interpolation=cv2.INTER_AREA)
    if image.alpha is None or image.alpha.min() > 250:
        return np.asarray(pixels, np.uint8), None
    alpha = cv2.resize(image.alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(pixels, np.uint8), alpha


def _by_alpha(alpha: F32) -> F32:
    """Return the alpha without the soft shadow that many product photos carry."""
    firm = np.clip((alpha - 0.72) / 0.2, 0, 1)
    return np.asarray(firm * cv2.dilate(_largest(firm > 0.5), np.ones((3, 3), np.uint8)), np.float32)


def _by_border(pixels: U8) -> F32:
    """Return (h, w) 1 on the garment: unlike every common colour of the border, and in one piece."""
    lab = lab_of(cv2.bilateralFilter(pixels, 7, 30, 5))
    rim = max(4, round(0.03 * max(pixels.shape)))
    frame = np.ones(pixels.shape[:2], bool)
    frame[rim:-rim, rim:-rim] = False
    border = lab[frame][:: max(1, frame.sum() // 3000)]
    centres = _centres(border)
    spread = float(np.percentile(np.min([delta_e(border, c) for c in centres], axis=0), 90))
    near = np.min([_unlike(lab, c) for c in centres], axis=0)
    apart = near > max(7.0, 1.6 * spread)
    size = max(3, round(0.006 * max(pixels.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    whole = cv2.morphologyEx(apart.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    whole = cv2.morphologyEx(ndimage.binary_fill_holes(whole).astype(np.uint8), cv2.MORPH_OPEN, disc)
    return _largest(whole > 0).astype(np.float32)


def _by_colours(pixels: U8, found: F32) -> F32:
    """Return a first cut-out mended by the colours within it and about it (GrabCut, Rother et al., SIGGRAPH 2004).

    Shadows, the ground between sleeve and trunk and parts that are like the ground in themselves come right. It works
    on a reduced copy; near its edge the first cut-out, which is finer, stays.
    """
    h, w = found.shape
    scale = min(1.0, GRAB_SIDE / max(h, w))
    size = (max(8, round(w * scale)), max(8, round(h * scale)))
    small = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    first = (cv2.resize(found, size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    if not 0.02 < float(first.mean()) < 0.95:
        return found
    deep, far = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (first, 1 - first))
    labels = np.where(first > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[deep > 0.45 * deep.max()] = cv2.GC_FGD
    labels[far > 0.04 * GRAB_SIDE] = cv2.GC_BGD
    for edge in (np.s_[:3], np.s_[-3:], np.s_[:, :3], np.s_[:, -3:]):
        labels[edge] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    models = (np.zeros((1, 65)), np.zeros((1, 65)))
    cv2.grabCut(small, labels, None, *models, 3, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    cut = _without_pinholes(_largest(cv2.morphologyEx(cut, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0))
    fine = cv2.resize(cut.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    reach = 2 * round(1.5 / scale) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    whole = (fine > 0.5).astype(np.uint8)
    edge = cv2.dilate(whole, disc) > cv2.erode(whole, disc)
    return _largest(np.where(edge, found, fine) > 0.5).astype(np.float32)


def _without_pinholes(mask: U8) -> U8:
    """Return the mask with holes closed that are too small for the gap between a sleeve and the trunk."""
    labels, count = ndimage.label(mask == 0)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    small = np.flatnonzero(sizes < PINHOLE * float(mask.sum()))
    return np.asarray((mask > 0) | np.isin(labels, small), np.uint8)


def _unlike(lab: F32, ground: F32) -> F32:
    """Return the distance from a ground colour; a darkening of it without colour is its shadow and counts less."""
    shift = lab - ground
    chroma = np.hypot(shift[..., 1], shift[..., 2])
    shade = (shift[..., 0] < 0) & (shift[..., 0] > -22) & (chroma < SHADOW_CHROMA)
    return np.asarray(np.hypot(shift[..., 0] * np.where(shade, 0.3, 1.0), chroma), np.float32)


def _centres(border: F32, count: int = 3) -> list[F32]:
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    cv2.setRNGSeed(1)
    _, labels, centres = cv2.kmeans(border, count, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(border)
    return [centre for centre, share in zip(centres, shares, strict=True) if share > 0.12]


def _largest(mask: NDArray[np.bool_]) -> U8:
    labels, count = ndimage.label(mask)
    if not count:
        return mask.astype(np.uint8)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == int(sizes.argmax()), np.uint8)


def _spread_inwards(pixels: U8, alpha: F32) -> F32:
    """Return the colours; at the soft edge and beyond it those of the firm inside near by."""
    firm = cv2.erode((alpha > 0.98).astype(np.float32), np.ones((5, 5), np.uint8))
    image = pixels.astype(np.float32)
    both = np.dstack([image * firm[..., None], firm])
    spread = smoothed(both, 5) + 1e-3 * smoothed(both, 15) + 1e-6 * smoothed(both, 40)
    inside = spread[..., :3] / np.maximum(spread[..., 3:], 1e-9)
    return np.asarray(np.where(firm[..., None] > 0, image, inside), np.float32)
