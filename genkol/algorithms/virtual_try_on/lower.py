"""Trousers and skirts that stay: where they begin, and how they go on beneath the old hem."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.body import Body
from genkol.algorithms.virtual_try_on.front import share
from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of

LEAST_UNLIKE = 18.0
"""Distance in CIELAB from which top and trousers are told apart pixel by pixel."""

LEAST_TOLD = 0.7
"""Share of either that must be nearer to its own colour; stripes have none."""


def old_hem(pixels: U8, person: Person, body: Body) -> float | None:
    """Return y of the old hem: where the colour of the clothes in the middle changes most, about the hips; or None."""
    first, last = body.hips - 0.45 * body.span, min(len(pixels) - 4.0, body.hips + 0.6 * body.span)
    if last - first < 20:
        return None
    rows = np.arange(int(first), int(last), 2)
    strip = np.array([_row_colour(pixels, person.clothes, int(y), body) for y in rows], np.float32)
    return _largest_change(strip, rows.astype(np.float32), max(3, round(0.03 * body.span)))


def lower_wear(pixels: U8, person: Person, body: Body, line: float, seen: bool) -> F32:
    """Return where the clothes are those of the legs, (H, W) in [0, 1]: below a line, sleeves aside.

    Args:
        pixels: the picture.
        person: its parts.
        body: its measures.
        line: y of the old hem in the middle.
        seen: whether the colour changes there; then about the hips the colour tells them apart: a hem is not level,
            and the thighs of one who sits rise above it.
    """
    h, w = person.matte.shape
    clothes = share(person.clothes)
    y = np.arange(h, dtype=np.float32)[:, None]
    below = np.repeat(np.clip((y - line) / 3 + 0.5, 0, 1), w, axis=1).astype(np.float32)
    if seen:
        below = _by_colour(pixels, clothes, body, line, below)
    middle, half = (float(np.interp(line, body.rows, part)) for part in (body.middle, body.half))
    outside = np.abs(np.arange(w) - middle) > half
    arms = np.zeros((h, w), np.float32)
    for arm in body.arms:
        fore = arm.mask((h, w), 1.0, 0.6, 0.85)
        bare = float((share(person.body_skin) * arm.mask((h, w), 1.0, 0.5)).sum()) > float(fore.sum())
        if not bare and float((clothes * fore * (1 - below)).sum()) > 0.5 * float(fore.sum()):  # sleeves hang low
            arms = np.maximum(arms, np.where(outside, arm.mask((h, w), 2.2, 0.5, 1.02), arm.mask((h, w), 1.1, 0.5)))
    return np.asarray(clothes * below * (1 - arms), np.float32)


def _by_colour(pixels: U8, clothes: F32, body: Body, line: float, below: F32) -> F32:
    """Return what belongs to the legs by its colour, from above the hips down to below the hem."""
    lab = cv2.GaussianBlur(lab_of(pixels), (0, 0), 1.0)
    y = np.arange(len(lab), dtype=np.float32)[:, None]
    worn, span = clothes > 0.7, body.span
    upper = worn & (y > line - 0.6 * span) & (y < line - 0.1 * span)
    lower = worn & (y > line + 0.1 * span) & (y < line + 0.6 * span)
    if min(upper.sum(), lower.sum()) < 400:
        return below
    one, other = np.median(lab[upper], axis=0), np.median(lab[lower], axis=0)
    if np.linalg.norm(one - other) < LEAST_UNLIKE:
        return below
    lead = np.linalg.norm(lab - one, axis=-1) - np.linalg.norm(lab - other, axis=-1)
    lead = cv2.medianBlur(np.asarray(lead, np.float32), 5)
    if min((lead[upper] < 0).mean(), (lead[lower] > 0).mean()) < LEAST_TOLD:
        return below
    sure = 0.35 * float(np.linalg.norm(one - other))
    band = (y > body.hips - 0.5 * span) & (y < line + 0.3 * span)
    out = np.where(band & (lead > sure), 1, below)
    return np.asarray(np.where(band & (lead < -sure) & (y < line + 0.15 * span), 0, out), np.float32)


def _row_colour(pixels: U8, clothes: U8, y: int, body: Body) -> tuple[float, float, float]:
    """Return CIELAB of the middle of a row of clothes, NaN where there are too few."""
    middle = float(np.interp(y, body.rows, body.middle))
    half = 0.45 * float(np.interp(y, body.rows, body.half))
    part = slice(max(0, int(middle - half)), max(1, int(middle + half)))
    worn = clothes[y, part] > 0.6 * 255
    if worn.sum() < 8:
        return (np.nan, np.nan, np.nan)
    colour = np.median(lab_of(pixels[y, part][worn][None])[0], axis=0)
    return (float(colour[0]), float(colour[1]), float(colour[2]))


def _largest_change(colours: F32, rows: F32, reach: int) -> float | None:
    """Return the row above and below which the colours differ most, None where they hardly do."""
    best, where = 9.0, None
    known = ~np.isnan(colours[:, 0])
    for k in range(reach, len(rows) - reach):
        above, below = (colours[part][known[part]] for part in (np.s_[k - reach : k], np.s_[k : k + reach]))
        if not len(above) or not len(below):
            continue
        step = float(np.linalg.norm(np.median(above, axis=0) - np.median(below, axis=0)))
        if step > best:
            best, where = step, float(rows[k])
    return where


def continued_up(ground: U8, pixels: U8, lower: F32, body: Body) -> U8:
    """Return the ground with trousers or skirt going on upwards to the waist, mirrored at the old hem.

    The old hem hid them; a shorter garment shows them.
    """
    h = len(lower)
    out = ground.copy()
    reach = round(0.6 * body.span)
    worn = (lower > 0.6) & (np.arange(h)[:, None] < body.hips + 0.9 * body.span)
    for x in np.flatnonzero(worn.any(axis=0)):
        top = min(int(worn[:, x].argmax()) + 4, h - 1)
        middle, half = (float(np.interp(top, body.rows, part)) for part in (body.middle, body.half))
        aside = abs(x - middle) / half
        if aside > 1.35 or top < body.hips - 0.5 * body.span:
            continue
        first = max(0, top - (reach if aside < 1.02 else reach // 8))
        rows = np.minimum(2 * top - np.arange(first, top), h - 1)
        out[first:top, x] = pixels[rows, x]
    return out
