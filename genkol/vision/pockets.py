"""Pockets of the old background that the matting model took for the subject: between arm and side, hair and collar."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of
from genkol.vision.foreground import spread

_SIDE = 768
MOST_SPREAD = 7.0
"""Standard deviation (CIELAB) of the background nearby up to which its colour says anything."""
LEAST_PLAIN = 0.8
"""Share of the background that must be that plain: in a cluttered room something has the colour of every sleeve."""
LEAST_LIGHTNESS, LEAST_CHROMA = 30.0, 10.0
"""Of a background whose colour is rare in clothes, CIELAB. Grey and dark walls have the colour of trousers."""
PAPER = 95.0
"""Lightness from which an even background is a studio's white."""
MOST_SHARE = 0.012
"""Share of the picture that one pocket may have; more is rather cloth of the background's colour."""
_LEAST_SHARE = 1.5e-5
_WIDER = 1.8  # times the colour difference of a pocket's core, up to which what adjoins it belongs to it
_EVEN = 1.0  # spread of a paper sweep, which has one colour as a shirt's folds never do
_EVIDENCE = (
    # (background's spread up to, share of the picture from, model's mean probability of background from)
    (MOST_SPREAD, _LEAST_SHARE, 0.18),
    (3.0, 6e-5, 0.09),  # half the doubt is enough where the patch is no crumb
    (_EVEN, _LEAST_SHARE, 0.045),
)


def emptied(pixels: U8, matte: U8, behind: F32) -> U8:
    """Return the matte (H, W) without the pockets in it.

    A pocket is a patch inside the matte that has the colour of the plain background nearby and in which the
    segmentation also suspects background. Colour alone would empty white shirts before white paper.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        matte: (H, W), 255 is subject.
        behind: (h, w) in [0, 1]: the segmentation's probability of background.
    """
    h, w = matte.shape
    scale = min(1.0, _SIDE / max(h, w))
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    alpha = cv2.resize(matte, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = lab_of(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))
    sure = cv2.erode((alpha <= 0.01).astype(np.float32), np.ones((5, 5), np.uint8))
    if not sure.any():
        return matte
    wall, variance = spread(lab, sure, 0.04)
    deviation = np.sqrt(variance)
    if float((deviation[sure > 0] < MOST_SPREAD).mean()) < LEAST_PLAIN:
        return matte
    coloured = (np.hypot(wall[..., 1], wall[..., 2]) > LEAST_CHROMA) & (wall[..., 0] > LEAST_LIGHTNESS)
    telling = (coloured & (deviation < MOST_SPREAD)) | ((wall[..., 0] > PAPER) & (deviation < _EVEN))
    near = (5 + 1.5 * deviation).astype(np.float32)
    away = np.linalg.norm(lab - wall, axis=-1) / near
    doubt = cv2.resize(behind, size)
    found = _pockets((away < 1) & telling & (alpha > 0.6), alpha, deviation, doubt)
    if not found.any():
        return matte
    level = 0.6 * float(doubt[found].mean())
    found = ndimage.binary_propagation(found, mask=found | ((away < _WIDER) & telling & (doubt > level)))
    return _cut(pixels, matte, found, wall, near)


def _pockets(alike: NDArray[np.bool_], alpha: F32, deviation: F32, behind: F32) -> NDArray[np.bool_]:
    """Return the patches (h, w) for which there is evidence."""
    labels, count = ndimage.label(alike)
    if not count:
        return alike
    index = np.arange(1, count + 1)
    share = np.bincount(labels.ravel(), minlength=count + 1)[1:] / labels.size
    doubt, plain = (ndimage.mean(part, labels, index) for part in (behind, deviation))
    rim = cv2.dilate((alpha < 0.4).astype(np.uint8), np.ones((3, 3), np.uint8))
    outer = ndimage.mean(rim, labels, index)  # a soft outline is no pocket
    shown = np.zeros(count, np.bool_)
    for most, least, doubtful in _EVIDENCE:
        shown |= (plain < most) & (share > least) & (doubt > doubtful)
    kept = shown & (share < MOST_SHARE) & (outer < 0.1)
    return np.asarray(np.concatenate([[False], kept])[labels])


def _cut(pixels: U8, matte: U8, found: NDArray[np.bool_], wall: F32, near: F32) -> U8:
    """Return the matte with the found patches (h, w) empty, up to where the colour leaves that of the wall."""
    h, w = matte.shape
    out = matte.copy()
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    where = cv2.resize(cv2.dilate(closed, np.ones((9, 9), np.uint8)), (w, h)) > 0
    x, y, width, height = cv2.boundingRect(where.astype(np.uint8))
    part = np.s_[y : y + height, x : x + width]
    maps = cv2.resize(np.dstack([wall, near]), (w, h))[part]
    away = np.linalg.norm(lab_of(np.ascontiguousarray(pixels[part])) - maps[..., :3], axis=-1) / maps[..., 3]
    left = cv2.GaussianBlur(np.clip((away - _WIDER) / 0.8, 0, 1).astype(np.float32), (0, 0), 0.8)
    out[part] = np.where(where[part], np.minimum(out[part], np.rint(255 * left)), out[part]).astype(np.uint8)
    return out
