"""A portrait and its layers make a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkol.artifacts import F32, F64, PAINT_UNIT, U8, Image, Layer
from genkol.errors import BadImage


def at(x: int, y: int) -> F64:
    """Return the placement of a layer whose top left pixel lies at (x, y) of the picture."""
    return np.array([[1, 0, x], [0, 1, y]], np.float64)
