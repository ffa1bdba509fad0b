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
LIGHT_STEP, PLAIN_LIGHT_STEP = 1.1, 2.0
"""The same of their common level: on a cloth of several colours, and on a plain one, where folds make most of them."""
WEAK = 0.4
"""Share of such a step that counts near one."""
PLAIN = 0.8
"""Share of a cloth in its one colour, in any light, from which the rest is a print on it."""
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

    Retinex (Land and McCann, 1971; Horn, 1974): steps of colour that no fold makes are the cloth's own; their
    gradients are taken out and the rest is put together again by a Poisson equation.

    Args:
        pixels: (h, w, 3) sRGB bytes.
        weight: (h, w) coverage of the cloth in [0, 1].
        print_size: pixels; smaller marks that stand alone are buttons and stay.
    """
    light = np.log(linear_luminance(pixels) + np.float32(FLOOR))
    inside = weight > 0.9
    edges = print_edges(pixels, inside, print_size)
    if edges.any():
        light = _without(light, edges, inside)
    values = light[inside] if inside.any() else light.ravel()
    low, middle, high = (float(v) for v in np.percentile(values[:: max(1, len(values) // 20000)], (4, 55, 97)))
    luminance = max(float(np.exp(middle)) - FLOOR, 0.0)
    lightness = 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance
    return Shading(light, middle, low, high, lightness)


def linear_luminance(pixels: U8) -> F32:
    """Return CIE Y in [0, 1] of (h, w, 3) sRGB bytes."""
    red, green, blue = (_LINEAR[plane] for plane in cv2.split(pixels))
    return np.asarray(0.2126 * red + 0.7152 * green + 0.0722 * blue, np.float32)


def print_edges(pixels: U8, inside: Mask, print_size: float) -> Mask:
    """Return (h, w) where the cloth's own colour changes: light moves the logarithms of all channels alike."""
    soft = cv2.GaussianBlur(pixels, (3, 3), 0)
    red, green, blue = (_LOGS[plane] for plane in cv2.split(soft))
    foreign = _foreign(soft, inside)
    step, rim = (LIGHT_STEP, 5) if foreign is None else (PLAIN_LIGHT_STEP, 9)
    change = np.maximum(_span(red - green), _span(blue - green)) / HUE_STEP
    change = np.maximum(change, _span(0.3 * red + 0.6 * green + 0.1 * blue) / step)
    core = cv2.erode(inside.astype(np.uint8), np.ones((rim, rim), np.uint8)) > 0
    possible = core
    if foreign is not None:
        possible = core & (cv2.dilate(foreign.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    strong = (change > 1) & possible
    return _grouped(strong, (change > WEAK) & core, print_size) if strong.any() else strong


def _span(plane: F32) -> F32:
    """Return the difference between the highest and the lowest value within two pixels."""
    window = np.ones((5, 5), np.uint8)
    return np.asarray(cv2.dilate(plane, window) - cv2.erode(plane, window), np.float32)


def _foreign(soft: U8, inside: Mask) -> Mask | None:
    """Return (h, w) where a plain cloth shows another colour than its own in any light; None if it is not plain."""
    lab = lab_of(soft)
    sample = lab[inside]
    if len(sample) < 500:
        return None
    sample = sample[:: max(1, len(sample) // 30000)]
    bins = np.clip(sample[:, 0] / 5, 0, 19).astype(int)
    overall = np.median(sample, axis=0)
    curve = np.array(
        [np.median(sample[bins == k, 1:], axis=0) if (bins == k).sum() > 30 else overall[1:] for k in range(20)]
    )
    low, high = np.percentile(sample[:, 0], (4, 96))
    own = curve[np.clip(lab[..., 0] / 5, 0, 19).astype(int)].astype(np.float32)
    away = np.hypot(lab[..., 1] - own[..., 0], lab[..., 2] - own[..., 1])
    # A bin that only the print fills has the print's colour for its median: the range of the whole catches it.
    strange = (away > 14) | (lab[..., 0] < low - 10) | (lab[..., 0] > high + 10)
    strange |= np.hypot(lab[..., 1] - overall[1], lab[..., 2] - overall[2]) > 40
    strange &= inside
    return None if strange.sum() > (1 - PLAIN) * inside.sum() else strange


def _grouped(strong: Mask, weak: Mask, print_size: float) -> Mask:
    """Return the edges with the weaker ones about them, but not those of small marks that stand alone.

    These are buttons, studs and the pulls of zips.
    """
    reach = 2 * round(print_size / 4) + 1
    wide = cv2.morphologyEx(strong.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    keep = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > print_size
    keep[0] = False
    kept = (keep[labels] & strong).astype(np.uint8)
    around = cv2.dilate(kept, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    return np.asarray(cv2.dilate(kept | (weak & around).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)


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


def _spread(plane: F32, known: Mask) -> F32:
    """Fill what is not known from what is, nearer before farther."""
    stack = np.dstack([plane * known, known.astype(np.float32)]).astype(np.float32)
    total = stack.copy()
    for sigma, share in ((3.0, 1e-2), (9.0, 1e-4), (27.0, 1e-6), (81.0, 1e-8)):
        total += share * smoothed(stack, sigma)
    return np.where(known, plane, total[..., 0] / np.maximum(total[..., 1], 1e-12)).astype(np.float32)


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
