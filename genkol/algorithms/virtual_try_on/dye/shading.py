"""The light that falls on worn cloth, freed of what was printed on it or woven into it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of, linear_of
from genkol.vision.smooth import smoothed

FLOOR = 0.004
"""Luminance added before the logarithm: what a camera's black is worth."""
HUE_STEP = 0.6
"""Change of the ratios of red, green and blue (natural logarithm) within five pixels that no fold makes."""
LIGHT_STEP, PLAIN_LIGHT_STEP = 1.1, 1.6
"""The same of their common level: on a cloth of several colours, and on a plain one, where folds make most of them."""
FAINT = 0.25
"""Share of such a step that counts by a stronger one."""
EVEN = 32.0
"""Lightness between the 4th and 96th percentiles of a cloth up to which darker spots are not its own folds."""
RIM = 1.0
"""Pixels of a mark on the rim of the cloth, over its size, from which it is no print."""
PLAIN = 0.8
"""Share of a cloth in its one colour, in any light, from which the rest is a print on it."""
RUBBED = 0.25
"""Standard deviation of what is rubbed smooth about a pattern's outlines, over the size of a print."""
DENSE = (0.2, 0.42)
"""Share of outlines about a place from which a pattern is fine there: crests and letters, not stripes."""
ROUNDS = 5
"""Turns in which the unknown gradients are guessed again."""
_LINEAR: F32 = linear_of(np.arange(256, dtype=np.uint8))
_LOGS: F32 = np.log(_LINEAR + np.float32(0.02))

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Shading:
    """The light on a cloth.

    Args:
        log_light: (h, w) natural logarithm of luminance (plus `FLOOR`), as if the cloth were of one colour.
        typical: its value where the cloth is plainly lit.
        low, high: its 4th and 97th percentiles.
        lightness: L* of the cloth where it is plainly lit.
    """

    log_light: F32
    typical: float
    low: float
    high: float
    lightness: float


def shading_of(pixels: U8, weight: F32, print_size: float) -> Shading:
    """Return the light on a cloth.

    On a plain cloth it is that of the picture, filled in from around where something is printed. On one of several
    colours a Retinex tells it (Land and McCann, 1971; Horn, 1974): steps of colour that no fold makes are the cloth's
    own; their gradients are taken out and the rest is put together again by a Poisson equation.

    Args:
        pixels: (h, w, 3) sRGB bytes.
        weight: (h, w) coverage of the cloth in [0, 1].
        print_size: pixels; smaller marks that stand alone are buttons and stay.
    """
    light = np.log(linear_luminance(pixels) + np.float32(FLOOR))
    inside = weight > 0.9
    soft = cv2.GaussianBlur(pixels, (3, 3), 0)
    foreign = _foreign(soft, inside)
    if foreign is None:
        sharp = (_change(soft, inside, LIGHT_STEP, 5) > 1).astype(np.uint8)
        edges = cv2.dilate(sharp, np.ones((5, 5), np.uint8)) > 0
        light = _rubbed(_without(light, edges, inside), edges, inside, print_size) if edges.any() else light
    elif foreign.any():
        marks = _marks(foreign, _change(soft, inside, PLAIN_LIGHT_STEP, 9), inside, print_size) & inside
        light = _spread(light, inside & ~marks, marks) if marks.any() else light
    values = light[inside] if inside.any() else light.ravel()
    low, middle, high = (float(v) for v in np.percentile(values[:: max(1, len(values) // 20000)], (4, 55, 97)))
    luminance = max(float(np.exp(middle)) - FLOOR, 0.0)
    lightness = 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance
    return Shading(light, middle, low, high, lightness)


def linear_luminance(pixels: U8) -> F32:
    """Return CIE Y in [0, 1] of (h, w, 3) sRGB bytes."""
    red, green, blue = (_LINEAR[plane] for plane in cv2.split(pixels))
    return np.asarray(0.2126 * red + 0.7152 * green + 0.0722 * blue, np.float32)


def _change(soft: U8, inside: Mask, light_step: float, rim: int) -> F32:
    """Return (h, w), more than 1 where the cloth's own colour changes: light moves all channels' logarithms alike."""
    red, green, blue = (_LOGS[plane] for plane in cv2.split(soft))
    hue = np.maximum(_span(red - green), _span(blue - green)) / HUE_STEP
    change = np.maximum(hue, _span(0.3 * red + 0.6 * green + 0.1 * blue) / light_step)
    core = cv2.erode(inside.astype(np.uint8), np.ones((rim, rim), np.uint8)) > 0
    return np.asarray(np.where(core, change, 0), np.float32)


def _span(plane: F32) -> F32:
    """Return the difference between the highest and the lowest value within two pixels."""
    window = np.ones((5, 5), np.uint8)
    return np.asarray(cv2.dilate(plane, window) - cv2.erode(plane, window), np.float32)


def _foreign(soft: U8, inside: Mask) -> Mask | None:
    """Return (h, w) where a plain cloth shows another colour than its own in any light; None if it is not plain."""
    h, w = inside.shape
    size = ((w + 1) // 2, (h + 1) // 2)
    lab = lab_of(cv2.resize(soft, size, interpolation=cv2.INTER_AREA))
    within = cv2.resize(inside.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 200
    sample = lab[within]
    if len(sample) < 200:
        return np.zeros_like(inside)
    own = own_colour(sample[:: max(1, len(sample) // 30000)])
    low, high = np.percentile(sample[::5, 0], (4, 96))
    away = off_hue(lab, own)
    overall = np.median(sample[::5], axis=0)
    # A lightness that only the print has gives it the print's colour as its own: the cloth's range catches it.
    grey = np.hypot(overall[1], overall[2]) < 12
    strange = (away > 14) | (lab[..., 0] > high + 10)
    even = high - low < EVEN  # in a cloth of deep folds a dark mark may be one of them, and so may what has its hue
    strange |= (lab[..., 0] < low - 10) & ((grey & even) | (away > 8))
    strange |= np.hypot(lab[..., 1] - overall[1], lab[..., 2] - overall[2]) > 40
    strange &= within
    if strange.sum() > (1 - PLAIN) * within.sum():
        return None
    large = cv2.resize(strange.astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST)
    return np.asarray((large > 0) & inside)


def own_colour(sample: F32) -> F32:
    """Return (20, 2) the median a and b of a cloth's (n, 3) CIELAB in each twentieth of lightness."""
    bins = np.clip(sample[:, 0] / 5, 0, 19).astype(int)
    counts = np.bincount(bins, minlength=20)
    known = np.flatnonzero(counts >= min(30, int(counts.max())))
    medians = np.array([np.median(sample[bins == k, 1:], axis=0) for k in known])
    return np.column_stack([np.interp(np.arange(20), known, medians[:, k]) for k in (0, 1)]).astype(np.float32)


def off_hue(lab: F32, own: F32) -> F32:
    """Return the distance in a and b of (..., 3) CIELAB from what a cloth shows at that lightness."""
    usual = own[np.clip(lab[..., 0] / 5, 0, 19).astype(int)]
    return np.asarray(np.hypot(lab[..., 1] - usual[..., 0], lab[..., 2] - usual[..., 1]), np.float32)


def _marks(foreign: Mask, change: F32, inside: Mask, print_size: float) -> Mask:
    """Return what is printed on a plain cloth: groups of strange colour with sharp edges, and what is faint by them.

    Small marks that stand alone are left: buttons, studs, the pulls of zips; so is what runs along the cloth's own
    edge: linings, collars, folds in deep shadow.
    """
    edge = inside & (cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0)
    reach = 2 * round(print_size / 4) + 1
    near = cv2.dilate(foreign.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0  # 8 pixels larger each way
    sharp = cv2.morphologyEx(((change > 1) & near).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    both = sharp | near.astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=8)
    sizes = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    rim = np.bincount(labels[edge], minlength=len(stats))
    crisp = np.bincount(labels[sharp > 0], minlength=len(stats))
    keep = (sizes > print_size + 8) & (rim < RIM * sizes) & (crisp > 0.3 * stats[:, cv2.CC_STAT_AREA])
    keep[0] = False
    around = cv2.dilate(keep[labels].astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    faint = cv2.dilate(((change > FAINT) & around).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.asarray(keep[labels] | faint)


def _without(light: F32, edges: Mask, inside: Mask) -> F32:
    """Return the light whose gradients are zero on the edges and free outside the cloth."""
    h, w = light.shape
    size = (max(2, w // 4), max(2, h // 4))
    count = np.maximum(cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA), 1e-3)
    small = cv2.resize(np.where(inside, light, 0), size, interpolation=cv2.INTER_AREA) / count
    within = count > 0.5
    printed = cv2.resize(edges.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.1
    guess = _spread(small, within & ~printed)
    for _ in range(ROUNDS):
        guess = _joined(small, printed, within, guess)
    return _joined(light, edges, inside, cv2.resize(guess, (w, h), interpolation=cv2.INTER_LINEAR))


def _rubbed(light: F32, edges: Mask, inside: Mask, print_size: float) -> F32:
    """Return the light without the relief that is left of a pattern's outlines: smooth on them and between them."""
    sigma = max(1.0, RUBBED * print_size)
    within = inside.astype(np.float32)
    stack = np.dstack([light * within, within]).astype(np.float32)
    total = smoothed(stack, sigma)
    smooth = total[..., 0] / np.maximum(total[..., 1], 1e-3)
    dense = smoothed(edges.astype(np.float32), sigma)
    share = np.clip((dense - DENSE[0]) / (DENSE[1] - DENSE[0]), 0, 1) * within
    return np.asarray(light + share * (smooth - light), np.float32)


def _spread(plane: F32, known: Mask, where: Mask | None = None) -> F32:
    """Fill what is not known, or only the part of it that is asked for, from what is, nearer before farther."""
    stack = np.dstack([plane * known, known.astype(np.float32)]).astype(np.float32)
    total = stack.copy()
    for sigma, share in ((3.0, 1e-2), (9.0, 1e-4), (27.0, 1e-6), (81.0, 1e-8)):
        total += share * smoothed(stack, sigma)
    missing = ~known if where is None else where
    return np.where(missing, total[..., 0] / np.maximum(total[..., 1], 1e-12), plane).astype(np.float32)


def _joined(light: F32, edges: Mask, inside: Mask, guess: F32) -> F32:
    """Solve for the surface whose gradients are the light's inside, 0 on edges and the guess's elsewhere."""
    divergence = np.zeros_like(light)
    for axis in (0, 1):
        first, second = (slice(None, -1), slice(1, None))
        a, b = (
            ((first, slice(None)), (second, slice(None)))
            if axis == 0
            else ((slice(None), first), (slice(None), second))
        )
        known = inside[a] & inside[b]
        step = np.where(known, np.where(edges[a] | edges[b], 0, light[b] - light[a]), guess[b] - guess[a])
        divergence[a] += step
        divergence[b] -= step
    h, w = light.shape
    waves = fft.dctn(divergence, type=2, norm="ortho")
    scale = (2 - 2 * np.cos(np.pi * np.arange(h) / h))[:, None] + (2 - 2 * np.cos(np.pi * np.arange(w) / w))[None, :]
    scale[0, 0] = 1
    waves /= scale.astype(np.float32)
    waves[0, 0] = 0
    out = fft.idctn(waves, type=2, norm="ortho").astype(np.float32)
    plain = inside & ~edges
    where = plain if plain.any() else inside
    return np.asarray(out + np.median(light[where][::7] - out[where][::7]), np.float32)
