"""The light of a place, and a subject in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.colour import lab_of, linear_of, rgb_of

_MOST_TINT = 12.0  # a and b of the light that may reach the subject: skin stays skin
_COLD = np.array([0.3, 0.6], np.float32)  # green and blue surroundings are seldom the light itself
_DIM = 0.14  # mean linear luminance under which a place looks dark: a city at night has 0.05 to 0.08, a dim room 0.12
_GAMMA = 2.2  # a gain g in linear light is about g ** (1 / 2.2) on sRGB levels


@dataclass(frozen=True)
class Light:
    """How a place is lit.

    Args:
        gain: (h, w, 3) float32, small: factor on linear light for a neutrally lit subject, by place.
        level: mean linear luminance, 0 to 1.
        side: where the light comes from, -1 left to 1 right.
    """

    gain: F32
    level: float
    side: float


def light_of(scene: U8) -> Light:
    """Estimate the light of a (H, W, 3) sRGB scene from its mean colour, level and brighter side."""
    small = cv2.resize(scene, (32, 32), interpolation=cv2.INTER_AREA)
    lab = lab_of(np.asarray(small, np.uint8))
    linear = linear_of(np.asarray(small, np.uint8))
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    level = float(luminance.mean())
    tint = lab[..., 1:].reshape(-1, 2).mean(0)
    tint = np.where(tint < 0, tint * _COLD, tint)
    tint *= min(1.0, _MOST_TINT / max(float(np.linalg.norm(tint)), 1e-6))
    grey = np.array([70.0, 0.0, 0.0], np.float32)
    coloured = _linear(np.array([70.0, tint[0], tint[1]], np.float32)) / _linear(grey)
    exposure = 2.0 ** float(np.clip(0.45 * np.log2(max(level, 1e-3) / 0.22), -0.9, 0.15))
    ambient = cv2.GaussianBlur(linear, (0, 0), 9, borderType=cv2.BORDER_REPLICATE) + 0.05
    local = np.clip(ambient / ambient.reshape(-1, 3).mean(0), 0.7, 1.4)
    local += 0.7 * (local.mean(-1, keepdims=True) - local)  # a blue sky behind the head is not its light
    across = luminance.mean(0)
    side = float((across * np.linspace(-1, 1, 32)).sum() / max(float(across.sum()), 1e-6)) * 3
    return Light((coloured * exposure * local).astype(np.float32), level, float(np.clip(side, -1, 1)))


def strength(light: Light, amount: float) -> float:
    """Return the amount, raised where the place is dark: a person half as bright as by day still looks pasted in.

    Args:
        light: of the place.
        amount: asked for, 0 to 1; 0 stays 0.
    """
    dark = float(np.clip(np.log2(_DIM / max(light.level, 1e-3)) / 1.2, 0, 1))
    return min(1.0, amount * (1 + 0.75 * dark))


def relit(levels: F32, light: Light, amount: float) -> F32:
    """Return (H, W, 3) 8-bit levels as they would look in that light.

    Args:
        levels: float32, 0 to 255.
        light: of the place.
        amount: 0 leaves every level as it is; 1 is the whole estimate.
    """
    if amount <= 0:
        return levels
    h, w = levels.shape[:2]
    gain = np.power(light.gain, amount / _GAMMA).astype(np.float32)
    gain = np.asarray(cv2.resize(gain, (w, h), interpolation=cv2.INTER_LINEAR), np.float32) - 1
    shoulder = 1 - (levels / 255.0) ** 3 * (gain > 0)  # what brightens must not clip
    return np.asarray(np.clip(levels * (1 + gain * shoulder), 0, 255), np.float32)


def wrapped(levels: F32, alpha: F32, scene: U8, amount: float) -> F32:
    """Let a bright scene spill over the subject's outline (light wrap).

    Args:
        levels: (H, W, 3) float32 subject, 0 to 255.
        alpha: (H, W) float32 its coverage.
        scene: (H, W, 3) what lies behind.
        amount: 0 to 1, share of the scene's light at the outline.
    """
    if amount <= 0:
        return levels
    h, w = alpha.shape
    small = (max(1, w // 4), max(1, h // 4))
    reach = 0.008 * max(h, w) / 4 + 0.5
    gone = cv2.GaussianBlur(cv2.resize(1 - alpha, small, interpolation=cv2.INTER_AREA), (0, 0), reach)
    veil = cv2.GaussianBlur(cv2.resize(scene, small, interpolation=cv2.INTER_AREA), (0, 0), 3 * reach)
    weight = cv2.resize(gone, (w, h), interpolation=cv2.INTER_LINEAR)[..., None] * np.float32(amount)
    behind = cv2.resize(veil, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.asarray(levels + weight * np.maximum(behind - levels, 0), np.float32)


def _linear(lab: F32) -> F32:
    return linear_of(rgb_of(lab))
