"""The matte: MODNet for the outline, the six-class model for what is a person, the picture for its edges."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from genkol.artifacts import F32, U8
from genkol.vision.box import Box
from genkol.vision.guided import Guide
from genkol.vision.models import OnnxModel
from genkol.vision.pose import WAIST
from genkol.vision.unmix import unmixed

LEAST_AGREEMENT = 0.3
"""Share of the outline of the body that a matte must cover to be believed; the pose model imagines hidden legs."""

LEAST_WAIST = 0.7
"""Share of the waist that a matte must cover for the hips to be the person's own: a desk covers it."""
FEW_THIGHS = (0.05, 0.7)
"""Shares of the thighs between which a matte has lost them; less than the former, and something else covers them."""


class Matter:
    """MODNet (Ke et al., 2022): an alpha of the portrait's subject. Args: model: NCHW in [-1, 1]."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model

    def __call__(self, pixels: U8, side: int = 512) -> F32:
        """Return (h, w) alpha in [0, 1], both sides multiples of 32, about ``side`` squared pixels in all."""
        height, width = pixels.shape[:2]
        scale = side / (height * width) ** 0.5
        w, h = (max(32, 32 * round(n * scale / 32)) for n in (width, height))
        mode = cv2.INTER_AREA if w < width else cv2.INTER_CUBIC
        small = cv2.resize(pixels, (w, h), interpolation=mode).astype(np.float32) / 127.5 - 1
        return np.asarray(self._model(small.transpose(2, 0, 1)[None])[0][0, 0], np.float32)


def fused(alpha: F32, foreground: F32, body: F32) -> F32:
    """Return the alpha without stray islands and without holes in the person.

    Args:
        alpha: (h, w) of the matting model, in [0, 1].
        foreground: (h, w) probability of any part of a person, in [0, 1].
        body: (h, w) outline by the pose model, in [0, 1]: takes over where the matting model failed.
    """
    if body.sum() > 0 and float(np.minimum(alpha, body).sum()) < LEAST_AGREEMENT * float(body.sum()):
        alpha, foreground = np.maximum(alpha, body), np.maximum(foreground, body)
    reach = max(3, round(0.012 * max(alpha.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    person = cv2.erode((foreground > 0.9).astype(np.uint8), disc)
    certain = alpha + _doubt(alpha) * alpha * (np.clip(1.5 * foreground, 0, 1) - 1)
    filled = np.maximum(certain, cv2.GaussianBlur(person.astype(np.float32), (0, 0), reach / 2))
    return _without_islands(_without_pinholes(filled, foreground), foreground)


def continued(alpha: F32, thighs: F32, body: F32) -> F32:
    """Return the alpha going on to the lower edge where it ends at the hem although the picture cuts the thighs.

    Dark trousers on a dark seat are lost to both models, and the torso would float above a new background. A body that
    the frame cuts does not end before the frame, so the thighs are drawn where the pose has them. The alpha stays
    where it lacks the waist too (behind a desk), where nothing at all speaks for thighs, and where it has them.

    Args:
        alpha: (h, w) in [0, 1], of a picture's lower part or all of it.
        thighs: (h, w) in [0, 1], from the waist down, where the lower edge of the picture cuts them; else 0.
        body: (h, w) outline by the pose model, in [0, 1].
    """
    widths = thighs.sum(axis=1)
    if not widths.any():
        return alpha
    top = int(np.flatnonzero(widths)[0])
    hips = top + round(WAIST * float(widths.max()) / 2)

    def share(part: F32, rows: slice) -> float:
        return float((part[rows] * thighs[rows]).sum() / max(1.0, thighs[rows].sum()))

    waist, below = slice(top, hips), slice(hips, None)
    if share(alpha, waist) < LEAST_WAIST or share(np.maximum(alpha, body), below) < FEW_THIGHS[0]:
        return alpha
    if share(alpha, below) > FEW_THIGHS[1]:
        return alpha
    return np.maximum(alpha, thighs)


def _doubt(alpha: F32) -> F32:
    """Return (h, w) in [0, 1]: high in the midst of wide half-covered places, where MODNet cannot decide."""
    half = cv2.GaussianBlur(4 * alpha * (1 - alpha), (0, 0), 0.015 * max(alpha.shape))
    return np.asarray(np.clip((half - 0.25) / 0.25, 0, 1), np.float32)


def _without_islands(alpha: F32, foreground: F32) -> F32:
    """Keep the connected pieces that hold a person; something of the rest that touches them stays."""
    labels, count = ndimage.label(alpha > 0.1, structure=np.ones((3, 3)))
    if not count:
        return alpha
    index = np.arange(1, count + 1)
    areas = ndimage.sum_labels(np.ones_like(alpha), labels, index)
    persons = ndimage.sum_labels(foreground > 0.5, labels, index)
    keep = (persons > 0.15 * areas) & (persons > 0.02 * persons.max())
    wanted = np.concatenate([[False], keep])[labels]
    return np.where(wanted, alpha, 0).astype(np.float32)


def _without_pinholes(alpha: F32, foreground: F32) -> F32:
    """Fill the small enclosed holes which the other model does not see either."""
    labels, count = ndimage.label(alpha < 0.5)
    if not count:
        return alpha
    index = np.arange(1, count + 1)
    areas = ndimage.sum_labels(np.ones_like(alpha), labels, index)
    means = ndimage.mean(foreground, labels, index)
    fill = (areas < 0.002 * alpha.size) & (means > 0.8)
    return np.where(np.concatenate([[False], fill])[labels], 1, alpha).astype(np.float32)


def refined(pixels: U8, alpha: F32, hair: F32) -> U8:
    """Return the matte at full size: the alpha, with its edges laid along those of the picture.

    Args:
        pixels: (H, W, 3) uint8, sRGB.
        alpha: (h, w) in [0, 1], of the same field of view.
        hair: (h, w) in [0, 1]: where the background may shine through further in.
    """
    height, width = pixels.shape[:2]
    coarse = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    guide = Guide(pixels, side=max(512, round(0.75 * max(height, width))), radius=4, eps=1e-4)
    fine = np.clip((guide(alpha) - 0.04) / 0.92, 0, 1)
    weight = cv2.resize(_unknown(alpha), (width, height), interpolation=cv2.INTER_LINEAR)
    out = coarse + weight * (fine - coarse)
    loose = cv2.GaussianBlur(cv2.dilate(hair, np.ones((9, 9), np.uint8)), (0, 0), 2)
    rim = cv2.resize(_rim(alpha, loose), (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    out = unmixed(pixels, alpha, out, loose, rim)
    firm = 0.2 * (1 - cv2.resize(loose, (width, height), interpolation=cv2.INTER_LINEAR))
    out = (out - firm) / (1 - firm)  # the model's outline is generous by a pixel
    return np.asarray(np.rint(np.clip((out - 0.02) / 0.96, 0, 1) * 255), np.uint8)


def _unknown(alpha: F32) -> F32:
    """Return (h, w) weights in [0, 1]: 1 about the edges, where the alpha is not to be trusted to the pixel."""
    soft = ((alpha > 0.02) & (alpha < 0.98)).astype(np.float32)
    wide = cv2.dilate(soft, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 1.5), np.float32)


def _rim(alpha: F32, hair: F32) -> F32:
    """Return (h, w), 1 where hair is close to the outline."""
    soft = ((alpha > 0.02) & (alpha < 0.98)).astype(np.uint8)
    return np.asarray(cv2.dilate(soft, np.ones((15, 15), np.uint8)) * (hair > 0.05), np.float32)


def touches_rim(alpha: F32, box: Box, shape: tuple[int, ...]) -> bool:
    """Say whether the subject goes on beyond a box inside an (H, W) picture."""
    sides = (
        (box.left > 0, alpha[:, 0]),
        (box.top > 0, alpha[0]),
        (box.right < shape[1], alpha[:, -1]),
        (box.bottom < shape[0], alpha[-1]),
    )
    return any(inner and float((edge > 0.5).mean()) > 0.01 for inner, edge in sides)


def laid(part: U8, box: Box, shape: tuple[int, ...]) -> U8:
    """Return an (H, W) map that is the part inside the box and 0 outside."""
    out: U8 = np.zeros(shape[:2], np.uint8)
    box.of(out)[...] = part
    return out
