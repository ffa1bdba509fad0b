"""The product freed of its photo: by its own alpha, by the plain colour around it, by what stands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from genkol.artifacts import F32, U8, Image
from genkol.errors import Unsuitable
from genkol.vision.box import Box, box_of
from genkol.vision.colour import lab_of
from genkol.vision.foreground import separated
from genkol.vision.guided import Guide
from genkol.vision.segments import inside

WORK_SIDE = 720
"""Longest side at which a product is cut out, pixels."""
LOOK_SIDE = 320
"""Longest side at which it is asked what stands out, pixels."""
PLAIN = 6.0
"""Colour difference from a sloping plane that nine tenths of a plain photo's border keep to."""
LEAST_SHARE = 0.004
"""Share of its photo that a product covers at least."""

LEAST_CERTAIN = 0.9
"""Mean of what stands out where it does: 0.97 and more on photographs of products, 0.63 to 0.88 on most landscapes."""
MOST_LUMP = 0.05
"""Share of a product's height that may be cut off as a lump of ground under its foot."""

Salient = Callable[[U8], F32]
"""(h, w, 3) bytes to (h, w) in [0, 1]: what stands out."""


@dataclass(frozen=True, eq=False)
class Cutout:
    """A product without its surroundings, cut to its bounds.

    Args:
        levels: (h, w, 3) float32, its own colour in 8-bit levels.
        alpha: (h, w) float32 coverage in [0, 1].
        field: left, top, right, bottom in its photo, as shares of that.
    """

    levels: F32
    alpha: F32
    field: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0)

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.alpha.shape[1] / self.alpha.shape[0])

    def footing(self) -> tuple[float, float]:
        """Return how much of its width its lowest seventh fills, and how wide its widest row there is, 0 to 1."""
        solid = self.alpha > 0.5
        low = solid[-max(1, len(solid) // 7) :].sum(axis=1) / max(1, int(solid.sum(axis=1).max()))
        return float(low.mean()), float(low.max())

    def width_at(self, low: float, high: float) -> float:
        """Return the greatest width between two heights (0 is the top, 1 the foot), as a share of the height."""
        h = self.alpha.shape[0]
        band = self.alpha[int(low * h) : max(int(low * h) + 1, int(high * h))] > 0.5
        columns = np.flatnonzero(band.any(axis=0))
        return float(columns[-1] - columns[0] + 1) / h if len(columns) else 0.0


def cut_out(image: Image, salient: Salient) -> Cutout:
    """Return the product of a photo.

    Args:
        image: the photo; where it has transparent parts, they decide.
        salient: asked only where the photo is opaque.

    Raises:
        Unsuitable: nothing stands out, or the product goes on beyond the photo.
    """
    if image.alpha is not None and int(image.alpha.min()) < 250:
        pixels, alpha = _reduced(image.pixels), _reduced(image.alpha)
        return _bounded(pixels.astype(np.float32), _own(alpha))
    look = _reduced(image.pixels, LOOK_SIDE)
    stands_out = salient(look)
    _require_some(float((stands_out > 0.5).mean()))
    _require_certain(float(stands_out[stands_out > 0.5].mean()))
    _refuse_cut(stands_out)
    box = box_of(stands_out > 0.3, image.width / look.shape[1], image.height / look.shape[0])
    assert box is not None
    box = box.grown(0.08, image.pixels.shape)
    pixels = _reduced(np.ascontiguousarray(box.of(image.pixels)))
    seen = inside(stands_out[..., None], box, image.pixels.shape, pixels.shape)
    coverage, levels = separated(pixels, _seen(pixels, seen, _Paper.of(look), _shares(box, image)))
    return _bounded(levels, _levelled(coverage), _shares(box, image))


def _levelled(coverage: F32) -> F32:
    """Return the coverage without a narrow lump under the foot: a bit of the ground that stood out with the product."""
    rows = np.flatnonzero((coverage > 0.5).any(axis=1))
    if len(rows) < 50:
        return coverage
    foot, room = int(rows[-1]), len(rows)
    widths = (coverage > 0.5).sum(axis=1)
    whole = float(widths[foot - round(0.08 * room)])
    narrow = widths[foot - round(MOST_LUMP * room) : foot + 1] < 0.3 * whole
    first = foot + 1 - int(np.argmin(narrow[::-1])) if not narrow.all() else foot + 1
    out = coverage.copy()
    out[first:] = 0
    return out


def _bounded(levels: F32, coverage: F32, field: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0)) -> Cutout:
    _require_some(float((coverage > 0.5).mean()))
    _refuse_cut(coverage)
    x, y, w, h = cv2.boundingRect((coverage > 0.05).astype(np.uint8))
    part = np.s_[y : y + h, x : x + w]
    left, top, right, bottom = field
    across, down = (right - left) / coverage.shape[1], (bottom - top) / coverage.shape[0]
    field = (left + x * across, top + y * down, left + (x + w) * across, top + (y + h) * down)
    return Cutout(levels[part], coverage[part], field)


def _require_some(share: float) -> None:
    if share < LEAST_SHARE:
        raise Unsuitable(
            f"No product stands out in 'product': {share:.2%} of the photo looks like one, at least "
            f"{LEAST_SHARE:.1%} is needed. Give a photo of one thing before a plain background, or with transparency.",
            port="product",
            value=round(share, 4),
            expected=LEAST_SHARE,
        )


def _require_certain(certain: float) -> None:
    if certain < LEAST_CERTAIN:
        raise Unsuitable(
            f"No single product stands out clearly in 'product': what does is {certain:.0%} certain, at least "
            f"{LEAST_CERTAIN:.0%} is needed. Give a photo of one thing on a plain background, or with transparency.",
            port="product",
            value=round(certain, 3),
            expected=LEAST_CERTAIN,
        )


def _reduced(array: U8, side: int = WORK_SIDE) -> U8:
    """Return (h, w[, 3]) bytes with at most ``side`` on the longer side."""
    h, w = array.shape[:2]
    scale = side / max(h, w)
    if scale >= 1:
        return array
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(array, size, interpolation=cv2.INTER_AREA), np.uint8)


def _own(alpha: U8) -> F32:
    """Return the coverage by the photo's own alpha, less the soft shadow or mirror image that lies on it."""
    coverage = alpha.astype(np.float32) / np.float32(255)
    solid = _without_crumbs(coverage > min(0.9, 0.9 * float(coverage.max())))
    near = cv2.dilate(ndimage.binary_fill_holes(solid).astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(coverage * near, np.float32)


def _seen(pixels: U8, stands_out: F32, paper: _Paper | None, field: tuple[float, ...]) -> F32:
    """Return the coverage in a crop of an opaque photo, (h, w) in [0, 1].

    Args:
        pixels: (h, w, 3) of the crop.
        stands_out: (h, w) in [0, 1].
        paper: what lies behind, where that is plain.
        field: left, top, right, bottom of the crop as shares of the photo.
    """
    guide = Guide(pixels, side=min(480, max(pixels.shape[:2])), radius=5, eps=1e-4)
    soft = _ramp(guide(stands_out), 0.25, 0.75)
    if paper is not None:
        apart = paper.apart(pixels, field)
        near = cv2.dilate((stands_out > 0.3).astype(np.uint8), np.ones((9, 9), np.uint8))
        soft = np.maximum(_ramp(apart, 5, 14) * near, _ramp(soft, 0.6, 0.95) * _ramp(apart, 0.5, 2.5))
        soft = np.maximum(soft, _closed(soft > 0.5) * (stands_out > 0.6))
    kept = cv2.dilate(_without_crumbs(soft > 0.5).astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(soft * kept, np.float32)


def _closed(mask: NDArray[np.bool_]) -> F32:
    """Return the mask (h, w), 0 or 1, with its holes and narrow gaps filled: clear glass, a print in paper white."""
    reach = 2 * max(2, round(0.025 * max(mask.shape))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    room = cv2.copyMakeBorder(mask.astype(np.uint8), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(room, cv2.MORPH_CLOSE, disc)
    around = cv2.floodFill(closed.copy(), None, (0, 0), 1)[1]
    return np.asarray(closed | (around == 0), np.float32)[reach:-reach, reach:-reach]


@dataclass(frozen=True, eq=False)
class _Paper:
    """A plain background. Its colour may slope, as a lit paper's does. Args: plane: (3, 3) CIELAB of 1, x, y."""

    plane: F32

    @classmethod
    def of(cls, photo: U8) -> _Paper | None:
        """Return the colour of a photo's border, None where that is not plain."""
        h, w = photo.shape[:2]
        border = np.ones((h, w), np.bool_)
        rim = max(2, round(0.02 * max(h, w)))
        border[rim:-rim, rim:-rim] = False
        seen, at = lab_of(photo)[border], _places(h, w, (0, 0, 1, 1))[border]
        near = np.ones(len(seen), np.bool_)
        for _ in range(2):
            plane = np.linalg.lstsq(at[near], seen[near], rcond=None)[0]
            away = np.linalg.norm(seen - at @ plane, axis=1)
            near = away < 2 * np.median(away) + 1
        return cls(plane.astype(np.float32)) if np.quantile(away, 0.9) <= PLAIN else None

    def apart(self, pixels: U8, field: tuple[float, ...]) -> F32:
        """Return how far each pixel is from the paper, CIE76. A shadow on it, darker but of its hue, counts less."""
        off = lab_of(pixels) - cv2.transform(_places(pixels.shape[0], pixels.shape[1], field), self.plane.T)
        darker = np.clip(-off[..., 0], 0, 40) * (1 - _ramp(np.hypot(off[..., 1], off[..., 2]), 3, 8))
        off[..., 0] += 0.6 * darker
        return np.asarray(np.sqrt(np.einsum("hwc,hwc->hw", off, off)), np.float32)


def _shares(box: Box, image: Image) -> tuple[float, ...]:
    return box.left / image.width, box.top / image.height, box.right / image.width, box.bottom / image.height


def _places(h: int, w: int, field: tuple[float, ...]) -> F32:
    """Return (h, w, 3): one, and where each pixel lies in the whole photo, 0 to 1 across and down."""
    left, top, right, bottom = field
    x, y = np.linspace(left, right, w, dtype=np.float32), np.linspace(top, bottom, h, dtype=np.float32)
    return np.dstack([np.ones((h, w), np.float32), *np.meshgrid(x, y)])


def _without_crumbs(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest piece and those that have a twentieth of it: a pair of shoes is two."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    areas = np.bincount(labels.ravel())[1:]
    return np.asarray(np.concatenate([[False], areas > 0.05 * areas.max()])[labels])


def _refuse_cut(coverage: F32) -> None:
    """Refuse a product that the photo cuts off, which cannot be put into another picture whole."""
    sides = {"left": coverage[:, 0], "right": coverage[:, -1], "top": coverage[0], "lower": coverage[-1]}
    for side, edge in sides.items():
        share = float((edge > 0.5).mean())
        if share > 0.08:
            raise Unsuitable(
                f"The photo 'product' cuts the product off at its {side} edge ({share:.0%} of the edge; at most 8% may "
                "be touched). Give a photo with some room around the product.",
                port="product",
                value=round(share, 3),
                expected=0.08,
            )


def _ramp(value: F32, low: float, high: float) -> F32:
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
