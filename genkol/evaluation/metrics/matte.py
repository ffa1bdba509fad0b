"""How near a matte comes to an exact alpha.

SAD, MSE and gradient error of Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32
from genkol.errors import BadImage
from genkol.evaluation.metrics.regions import Mask

SCALE = 1.4
"""Standard deviation of the Gaussian derivative in the gradient error, pixels."""


@dataclass(frozen=True)
class MatteError:
    """Errors of a matte; smaller is better.

    Args:
        sad: sum of absolute differences, in thousands of pixels.
        mse: mean squared difference, 0 to 1.
        gradient: sum of squared differences of the alphas' gradients, in thousands.
    """

    sad: float
    mse: float
    gradient: float


def matte_error(alpha: F32, truth: F32, counted: Mask | None = None) -> MatteError:
    """Return the errors of a matte against an exact alpha.

    Args:
        alpha: (H, W) in [0, 1].
        truth: the same, exact.
        counted: (H, W) pixels that count; all of them by default.

    Raises:
        BadImage: the two differ in size.
    """
    if alpha.shape != truth.shape:
        raise BadImage(f"A matte of {alpha.shape} cannot be measured by an alpha of {truth.shape}; resize it first.")
    here = np.ones(truth.shape, np.bool_) if counted is None else counted
    off = (alpha.astype(np.float64) - truth)[here]
    slope = (_gradient(alpha) - _gradient(truth)).astype(np.float64)[here]
    mse = float((off**2).mean()) if off.size else 0.0
    return MatteError(float(np.abs(off).sum()) / 1e3, mse, float((slope**2).sum()) / 1e3)


def _gradient(alpha: F32) -> F32:
    """Return the length of the gradient of (H, W), by derivatives of a Gaussian."""
    radius = int(np.ceil(3 * SCALE))
    x = np.arange(-radius, radius + 1)
    bell = np.exp(-(x**2) / (2 * SCALE**2))
    bell /= bell.sum()
    slope = -x / SCALE**2 * bell
    image = np.asarray(alpha, np.float32)
    across, down = (
        cv2.sepFilter2D(image, cv2.CV_32F, kx, ky, borderType=cv2.BORDER_REPLICATE)
        for kx, ky in ((slope, bell), (bell, slope))
    )
    return np.asarray(np.hypot(across, down), np.float32)
