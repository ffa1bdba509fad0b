"""Colour spaces: sRGB bytes, linear light and CIELAB (D65), as float32 arrays."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, U8


def lab_of(rgb: U8 | F32) -> F32:
    """Return CIELAB (L 0 to 100, a and b about -127 to 127) of (..., 3) sRGB: bytes, or floats in [0, 1]."""
    floats: Any = rgb.astype(np.float32) / 255.0 if rgb.dtype == np.uint8 else rgb.astype(np.float32)
    flat = np.ascontiguousarray(floats.reshape(1, -1, 3))
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2LAB), np.float32).reshape(rgb.shape)


def rgb_of(lab: F32) -> F32:
    """Return (..., 3) sRGB floats in [0, 1] of CIELAB; colours outside sRGB are clipped."""
    flat = np.ascontiguousarray(lab.astype(np.float32).reshape(1, -1, 3))
    rgb = np.asarray(cv2.cvtColor(flat, cv2.COLOR_LAB2RGB), np.float32).reshape(lab.shape)
    return np.clip(rgb, 0.0, 1.0)


def linear_of(rgb: U8 | F32) -> F32:
    """Return linear light in [0, 1] of sRGB bytes or floats in [0, 1] (IEC 61966-2-1)."""
    c = rgb.astype(np.float32) / 255.0 if rgb.dtype == np.uint8 else rgb.astype(np.float32)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_of(linear: F32) -> F32:
    """Return sRGB floats in [0, 1] of linear light; the inverse of `linear_of`."""
    c = np.clip(linear, 0.0, 1.0)
    return np.where(c <= 0.0031308, c * 12.92, 1.055 * c ** (1 / 2.4) - 0.055).astype(np.float32)


def bytes_of(rgb: F32) -> U8:
    """Return uint8 of sRGB floats in [0, 1], rounded to nearest."""
    return np.asarray(np.clip(np.rint(rgb * 255.0), 0, 255), np.uint8)


def delta_e(one: F32, other: F32) -> NDArray[np.float32]:
    """Return the CIE76 colour difference of two (..., 3) CIELAB arrays."""
    return np.asarray(np.linalg.norm(one - other, axis=-1), np.float32)
