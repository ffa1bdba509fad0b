"""Upright boxes of whole pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", bound=np.generic)


@dataclass(frozen=True)
class Box:
    """Whole pixels of a picture: left and top are inside, right and bottom are not."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return self.width * self.height

    def of(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        """Return the view of the array inside the box."""
        return array[self.top : self.bottom, self.left : self.right]

    def grown(self, share: float, shape: tuple[int, ...]) -> Box:
        """Return the box with ``share`` of its longer side more on each side, cut to an (H, W) picture."""
        more = round(share * max(self.width, self.height))
        return Box(self.left - more, self.top - more, self.right + more, self.bottom + more).cut(shape)

    def cut(self, shape: tuple[int, ...]) -> Box:
        """Return the part inside an (H, W) picture."""
        h, w = shape[:2]
        return Box(max(0, self.left), max(0, self.top), min(w, self.right), min(h, self.bottom))


def box_of(inside: NDArray[np.bool_], scale_x: float, scale_y: float) -> Box | None:
    """Return the box around the true pixels of a reduced map, in pixels of the picture; None without any."""
    ys, xs = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(ys):
        return None
    left, right = np.floor(xs[0] * scale_x), np.ceil((xs[-1] + 1) * scale_x)
    top, bottom = np.floor(ys[0] * scale_y), np.ceil((ys[-1] + 1) * scale_y)
    return Box(int(left), int(top), int(right), int(bottom))
