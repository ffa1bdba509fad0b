"""The colours of strands, told apart from what shines through between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from genkol.algorithms.hair_editing.finding import SURE, ramp
from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of
from genkol.vision.smooth import smoothed

BINS = 32  # of L
SAMPLE = 20_000  # pixels from which statistics are taken


@dataclass(frozen=True)
class Tone:
    """The colour of a head of hair.

    Args:
        lab: (3,) median CIELAB.
        deep: L of the darkest fiftieth.
        shine: L of the lightest fiftieth.
    """

    lab: F32
    deep: float
    shine: float


@dataclass(frozen=True)
class Hair:
    """Hair, and how much of each pixel it is.

    Args:
        weight: (h, w) in [0, 1], exactly 0 on what is not hair, more somewhere.
        pixels: (h, w, 3) uint8, sRGB.
    """

    weight: F32
    pixels: U8

    @cached_property
    def touched(self) -> NDArray[np.bool_]:
        """(h, w): where there is any hair; ``n`` pixels."""
        return np.asarray(self.weight > 0, np.bool_)

    @cached_property
    def sure(self) -> NDArray[np.bool_]:
        """(h, w): pixels of hair alone; the likeliest ones where none is sure."""
        return np.asarray(self.weight >= min(SURE, 0.9 * float(self.weight.max())), np.bool_)

    @cached_property
    def colours(self) -> F32:
        """(n, 3) sRGB in [0, 1] of the hair itself: where something else shines through, of the hair next to it."""
        own = ramp(self.weight[self.touched], 0.35, SURE)[:, None]
        near = cv2.resize(self._near, self.weight.shape[::-1], interpolation=cv2.INTER_LINEAR)[self.touched]
        levels = near + own * (self.pixels[self.touched] - near.astype(np.float32))
        return np.asarray(levels * np.float32(1 / 255), np.float32)

    @cached_property
    def _near(self) -> U8:
        """(h', w', 3) reduced: the colour of the sure hair about each place."""
        h, w = self.weight.shape
        reach = max(2.0, 0.03 * float(np.sqrt(np.count_nonzero(self.sure))))
        scale = min(1.0, 3 / reach)
        size = (max(1, round(w * scale)), max(1, round(h * scale)))
        sure = cv2.resize(self.sure.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        stack = np.dstack([small * sure[..., None], sure])
        total = smoothed(stack, reach * scale) + 0.02 * smoothed(stack, 4 * reach * scale)
        total += 1e-5 * np.append(self.pixels[self.sure][:: self._stride].mean(axis=0), 1).astype(np.float32)
        return np.asarray(np.clip(total[..., :3] / total[..., 3:], 0, 255), np.uint8)

    @cached_property
    def broad(self) -> F32:
        """(n,) L of the hair about each place, without its strands: bleached ends, dark roots."""
        lightness = np.ascontiguousarray(lab_of(self._near)[..., 0])
        return np.asarray(cv2.resize(lightness, self.weight.shape[::-1])[self.touched], np.float32)

    @cached_property
    def _stride(self) -> int:
        return 1 + int(np.count_nonzero(self.sure)) // SAMPLE

    @cached_property
    def _sample(self) -> F32:
        """(m, 3) CIELAB of sure pixels."""
        return lab_of(self.pixels[self.sure][:: self._stride])

    @cached_property
    def tone(self) -> Tone:
        """The colours of the strands, from the sure ones."""
        lab = self._sample
        deep, middle, shine = (float(v) for v in np.percentile(lab[:, 0], (2, 50, 98)))
        return Tone(np.array([middle, *np.median(lab[:, 1:], axis=0)], np.float32), deep, shine)

    def own_hue_at(self, lightness: F32) -> F32:
        """Return (k, 2) mean a and b of the sure strands about each of (k,) L."""
        lab = self._sample
        bins = np.clip(lab[:, 0] * (BINS / 100), 0, BINS - 1).astype(np.intp)
        sums = np.column_stack([np.bincount(bins, minlength=BINS), *(np.bincount(bins, c, BINS) for c in lab[:, 1:].T)])
        near, far = (gaussian_filter1d(sums, sigma, axis=0) for sigma in (1.0, 6.0))
        total = near + 0.02 * far + 1e-3 * sums.mean(axis=0)
        hue = total[:, 1:] / total[:, :1]
        table = np.clip(np.arange(0, 100.5, 0.5) * (BINS / 100) - 0.5, 0, BINS - 1)
        values = np.column_stack([np.interp(table, np.arange(BINS), hue[:, k]) for k in (0, 1)]).astype(np.float32)
        return np.asarray(values[np.clip(np.rint(lightness * 2), 0, 200).astype(np.intp)], np.float32)
