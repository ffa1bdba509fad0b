"""Which garment each bit of cloth belongs to: above or below the waist, over or under an open jacket."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from genkol.algorithms.virtual_try_on.dye.frame import ANKLES, ELBOWS, HIPS, KNEES, SHOULDERS, WRISTS, Frame
from genkol.algorithms.virtual_try_on.dye.seam import CELL, seam_of
from genkol.artifacts import F32, F64, U8
from genkol.vision.colour import lab_of, linear_of
from genkol.vision.smooth import smoothed

ALIKE = 0.5
"""Overlap (Bhattacharyya) of two cloths' colours from which they are one cloth, or cannot be told apart."""
ONE_COLOUR = 12.0
"""Deviation of a and b up to which cloth is of one colour in any light, and no pattern."""
LEAST = 0.015
"""Share of the cloth that a garment must have to be one."""
FAR_APART = 40.0
"""Distance (CIELAB) of a shirt from its jacket from which little of it is enough to be told."""
UPRIGHT = 1.28
"""Length of a torso over the shoulders' width under which the hips are a guess, hidden or seen from above."""
SIDE = 420
"""Longest side on which the garments are told apart."""
LIGHTS, HUES = 10, 18
PATCH = 0.15
"""Size of a patch of the lower garment that stands apart, over the largest, up to which it is the upper one's."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pieces:
    """How the cloth is shared out; each map is (h, w) in [0, 1], and they sum to 1 but for shoes.

    Args:
        top: the upper garment, or the whole of a dress.
        bottom: trousers or a skirt, None where none shows.
        under: what shows beneath an open jacket, None where nothing does.
    """

    top: F32
    bottom: F32 | None
    under: F32 | None

    @classmethod
    def whole(cls, weight: F32) -> Pieces:
        """Return all cloth as one garment."""
        return cls(np.ones_like(weight), None, None)

    def at_size(self, width: int, height: int) -> Pieces:
        """Return the maps enlarged."""

        def enlarged(part: F32) -> F32:
            return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

        rest = (None if part is None else enlarged(part) for part in (self.bottom, self.under))
        return Pieces(enlarged(self.top), *rest)


def pieces_of(pixels: U8, weight: F32, frame: Frame) -> Pieces:
    """Return the garments of a crop.

    Args:
        pixels: (h, w, 3) sRGB bytes.
        weight: (h, w) coverage of the cloth.
        frame: the body in it.
    """
    h, w = weight.shape
    step = max(1, round(max(h, w) / SIDE))
    if step > 1:
        small = (w // step, h // step)
        reduced = _pieces(
            cv2.resize(pixels, small, interpolation=cv2.INTER_AREA),
            cv2.resize(weight, small, interpolation=cv2.INTER_AREA),
            frame.reduced(small[0] / w),
            max(1, CELL // step),
        )
        return reduced.at_size(w, h)
    return _pieces(pixels, weight, frame, CELL)


def _pieces(pixels: U8, weight: F32, frame: Frame, cell: int) -> Pieces:
    right, below = frame.along(pixels.shape)
    cloth = weight > 0.9
    bottom = _bottom(pixels, cloth, right, below, frame, cell)
    if bottom is not None:  # the mixed pixels of a hem are like neither; they go with the garment on top
        bottom = cv2.blur(cv2.erode(bottom, np.ones((5, 5), np.uint8)), (3, 3))
    upper = cloth if bottom is None else cloth & (bottom < 0.5)
    under = _under(pixels, upper, right, below, frame)
    rest = 1 - drawn(weight.shape, frame, _feet(frame), 0.2)
    if bottom is not None:
        bottom = bottom * rest
        rest = rest - bottom
    if under is not None:
        under = under * rest
        rest = rest - under
    return Pieces(rest, bottom, under)


def _bottom(pixels: U8, cloth: Mask, right: F32, below: F32, frame: Frame, cell: int) -> F32 | None:
    """Return the lower garment: by its colour where it has its own, else from the strongest seam at the hips on."""
    arms = _sleeves(cloth, frame, 0.3)
    legs = drawn(cloth.shape, frame, _shanks(frame), 0.16)
    least = max(60, LEAST * cloth.sum())
    high = cloth & (below > 0.05) & (below < 0.7) & (np.abs(np.abs(right) - 0.5) < 0.22)
    low = cloth & (((below > 0.9) & (legs > 0.5)) | (below > 1.5)) & (arms < 0.3)
    if high.sum() < least or (cloth & (below > 1)).sum() < least:
        return None
    prior = np.clip((below - 1.02) * 8, -2.5, 2.5) - np.where(arms > 0.5, 4, 0) + 2 * legs
    prior -= 5 * ((np.abs(right) < 0.3) & (below < 0.8))  # a shirt is often as white as the trousers
    prior = np.where(below < 0.55, -16, np.where((below > 1.7) & (arms < 0.5), np.maximum(prior, 4), prior))
    told = None
    if low.sum() > least and (_one_colour(pixels[high]) or _one_colour(pixels[low])):
        told = _told_apart(pixels, cloth, high, low, prior.astype(np.float32), frame)
    if told is not None:
        return _joined(told, cloth)
    if frame.torso <= UPRIGHT * frame.width:
        return None
    line = seam_of(pixels, cloth & (arms < 0.3), below, frame, cell)
    hanging = (_sleeves(cloth, frame, 0.7) > 0.5) & (below < 1.5)
    return None if line is None else line * ~hanging


def _joined(bottom: F32, cloth: Mask) -> F32:
    """Return the map without small patches of either garment amid the other."""
    lower = (bottom > 0.5) & cloth
    for mask, value in ((lower, 0.0), (cloth & ~lower, 1.0)):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        areas = stats[:, cv2.CC_STAT_AREA].astype(np.float32)
        areas[0] = 0
        stray = (areas > 0) & (areas < (PATCH if value == 0 else PATCH / 5) * areas.max(initial=1))
        bottom = np.where(stray[labels], np.float32(value), bottom)
    return bottom


def sleeve_lines(cloth: Mask, frame: Frame, least: float = 0.3) -> list[list[F64]]:
    """Return the lines along the arms as far as cloth lies on that share of them."""
    lines = []
    for side in (0, 1):
        joints = [frame.points[joint][side] for joint in (SHOULDERS, ELBOWS, WRISTS)]
        clothed = all(_clothed(cloth, joints[k], joints[k + 1], least) for k in (0, 1))
        lines.append(joints if clothed else joints[:2])
    return lines


def _sleeves(cloth: Mask, frame: Frame, least: float) -> F32:
    lines = [_shortened(line, 0.15 * frame.width) for line in sleeve_lines(cloth, frame, least)]
    return drawn(cloth.shape, frame, lines, 0.2)


def _shortened(line: list[F64], by: float) -> list[F64]:
    """Return the line of a sleeve without its end, which is drawn round: it would reach over the skirt beside it."""
    way = line[-1] - line[-2]
    share = max(0.0, 1 - by / max(float(np.linalg.norm(way)), 1e-3))
    return [*line[:-1], line[-2] + share * way]


def _clothed(cloth: Mask, start: F64, end: F64, least: float) -> bool:
    x, y = np.rint(start + np.linspace(0.3, 0.9, 12)[:, None] * (end - start)).astype(int).T
    seen = (x >= 0) & (y >= 0) & (x < cloth.shape[1]) & (y < cloth.shape[0])
    return bool(seen.any() and cloth[y[seen], x[seen]].mean() > least)


def _shanks(frame: Frame) -> list[list[F64]]:
    """Return the lines along the legs from above the middle of the thigh."""
    lines = []
    for side in (0, 1):
        hip, knee, ankle = (frame.points[joint][side] for joint in (HIPS, KNEES, ANKLES))
        lines.append([hip + 0.35 * (knee - hip), knee, ankle])
    return lines


def _feet(frame: Frame) -> list[list[F64]]:
    """Return the lines from below the ankles over heel and toes, of those that are seen."""
    lines = []
    for side in (0, 1):
        knee, ankle, heel, toe = (frame.points[k + side] for k in (25, 27, 29, 31))
        hip = frame.points[HIPS][side]
        if frame.seen[27 + side] < 0.5 or (ankle - hip) @ frame.down < 0.5 * frame.torso:
            continue  # imagined: the picture ends above
        below = ankle + 0.24 * frame.width * (ankle - knee) / max(float(np.linalg.norm(ankle - knee)), 1e-3)
        lines.append([below, toe, heel, below])
    return lines


def _under(pixels: U8, upper: Mask, right: F32, below: F32, frame: Frame) -> F32 | None:
    """Return what shows at the neck in another colour than the shoulders and sleeves have, down the middle."""
    chest = upper & (below > 0) & (below < 0.8)
    outer = chest & (np.abs(right) > 0.42)
    if outer.sum() < 0.1 * chest.sum():
        outer = chest & (np.abs(right) > 0.27)
    inner = upper & (np.abs(right) < 0.17) & (below > -0.25) & (below < 0.3)
    if frame.facing < 0.4 or min(inner.sum(), outer.sum()) < max(60, 0.5 * LEAST * upper.sum()):
        return None
    place = _bins(pixels)
    foreign = inner & (_histogram(place[inner]) > 4 * _histogram(place[outer]))[place]
    at_neck = inner & (below < float(np.percentile(below[inner], 25)))
    if not foreign.any():
        return None
    least = 0.06 if _far_apart(pixels[foreign], pixels[outer]) else 0.3  # a shirt above a waistcoat shows little
    if foreign.sum() < least * inner.sum() or (foreign & at_neck).sum() < 0.3 * at_neck.sum():
        return None
    if not _one_colour(pixels[foreign]) or _same_dye(pixels[foreign], pixels[outer]):
        return None
    prior = 2.5 - 9 * np.maximum(np.abs(right) - 0.16, 0) / 0.3 - 2 * np.clip(below - 0.8, 0, 2)
    told = _told_apart(pixels, upper, outer, foreign, prior.astype(np.float32), frame)
    if told is None:
        return None
    told = _joined(told, upper)
    share = float((told * upper).sum() / max(1, upper.sum()))
    return told if 0.5 * LEAST < share < 0.45 else None


def _one_colour(pixels: U8) -> bool:
    return bool(lab_of(pixels[:: max(1, len(pixels) // 5000)])[:, 1:].std(axis=0).max() < ONE_COLOUR)


def _far_apart(pixels: U8, others: U8) -> bool:
    """Say whether no light makes one of two sets of pixels, (n, 3) each, into the other: a white shirt in a suit."""
    one, other = (np.median(lab_of(part), axis=0) for part in (pixels, others))
    return bool(np.linalg.norm(one - other) > FAR_APART)


def _same_dye(pixels: U8, others: U8) -> bool:
    """Say whether two sets of pixels, (n, 3) each, differ by no more than the light on them may."""
    one, other = (np.log(linear_of(np.median(part, axis=0).astype(np.uint8)) + 0.02) for part in (pixels, others))
    change = one - other
    return bool(np.ptp(change) < 0.8 and abs(change.mean()) < 1.4)


def _told_apart(pixels: U8, cloth: Mask, first: Mask, second: Mask, prior: F32, frame: Frame) -> F32 | None:
    """Return (h, w) in [0, 1]: how surely a pixel is of the second cloth; None where their colours are alike."""
    place = _bins(pixels)
    one, two = _histogram(place[first]), _histogram(place[second])
    if float(np.sqrt(one * two).sum()) > ALIKE:
        return None
    ratio = np.log((two + 1e-5) / (one + 1e-5)).astype(np.float32)
    seen = np.where(cloth, np.clip(ratio[place], -4, 4), 0).astype(np.float32)
    count = cloth.astype(np.float32)
    sigma = 0.02 * frame.width
    near = smoothed(seen, sigma) / np.maximum(smoothed(count, sigma), 1e-3)
    return np.asarray(1 / (1 + np.exp(-np.clip(3 * (1.2 * near + seen + 0.7 * prior), -30, 30))), np.float32)


def _bins(pixels: U8) -> NDArray[np.int32]:
    """Return (h, w) the bin of each pixel's colour: a tenth of lightness, by a and b in steps of 6."""
    lab = lab_of(pixels)
    light = np.clip(lab[..., 0] / 10, 0, LIGHTS - 1).astype(np.int32)
    hues = np.clip(lab[..., 1:] / 6 + HUES / 2, 0, HUES - 1).astype(np.int32)
    return np.asarray((light * HUES + hues[..., 0]) * HUES + hues[..., 1], np.int32)


def _histogram(places: NDArray[np.int32]) -> NDArray[np.float64]:
    counts = np.bincount(places, minlength=LIGHTS * HUES**2).reshape(LIGHTS, HUES, HUES).astype(np.float64)
    soft = gaussian_filter(counts, 0.8, mode="nearest").ravel()
    return np.asarray(soft / max(soft.sum(), 1e-9))


def drawn(shape: tuple[int, ...], frame: Frame, lines: list[list[F64]], thick: float) -> F32:
    """Return (h, w) in [0, 1], 1 on the lines, ``thick`` shoulder widths wide on either side."""
    out = np.zeros((shape[0] // 4 + 1, shape[1] // 4 + 1), np.uint8)
    for line in lines:
        points = np.rint(np.clip(np.array(line) / 4, -4000, 4000)).astype(np.int32)
        cv2.polylines(out, [points.reshape(-1, 1, 2)], False, 255, max(1, round(2 * thick * frame.width / 4)))
    large = cv2.resize(out, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32) / np.float32(255)
