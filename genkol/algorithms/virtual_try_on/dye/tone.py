"""What colour a cloth shows under more or less light."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.dye.shading import Shading
from genkol.artifacts import F32, U8
from genkol.vision.cloth import cloth_lab
from genkol.vision.colour import lab_of, linear_of, rgb_of, srgb_of
from genkol.vision.smooth import smoothed

KNEE = 0.75
"""Linear light from which highlights are rolled off."""
SHEEN = 0.012
"""Light that the surface of a cloth throws back undyed, at twice the plain light; it is what models black."""
WHOLE = 0.93
"""Coverage from which a pixel's colour is the cloth's own."""
STEPS, LEAST, MOST = 512, -3.5, 2.0  # of the table over the logarithm of light


@dataclass(frozen=True, eq=False)
class Light:
    """The light on a cloth, to be laid on another.

    Args:
        broad: (h, w) logarithm of light relative to the plain light, without its finest part.
        fine: (h, w) the finest part: weave, seams, and the camera's noise.
        lightness: L* of the old cloth, plainly lit.
        span: between the 4th and 97th percentiles.
        tint: (h, w, 3) factors on sRGB by which the light is coloured, about 1; None where it cannot be told.
    """

    broad: F32
    fine: F32
    lightness: float
    span: float
    tint: F32 | None = None

    @classmethod
    def of(cls, shading: Shading, pixels: U8, weight: F32) -> Light:
        """Part the shading into what shapes the cloth and what textures it, and find its tint."""
        level = np.clip(shading.log_light - np.float32(shading.typical), -4, 4)
        # What a byte of a dark pixel means grows with its inverse: the noise of black would be the weave of white.
        noise = 0.02 + 0.10 * max(0.0, 1 - shading.lightness / 35) ** 2
        broad = _smooth(level, noise)
        span = shading.high - shading.low
        return cls(broad, level - broad, shading.lightness, span, _tint(pixels, weight, shading.lightness))

    def cut(self, part: tuple[slice, slice]) -> Light:
        """Return the same in a part of the crop."""
        tint = None if self.tint is None else self.tint[part]
        return Light(self.broad[part], self.fine[part], self.lightness, self.span, tint)

    def colours(self, levels: F32) -> F32:
        """Return (h, w, 3) levels in the tint of this light."""
        return levels if self.tint is None else np.minimum(levels * self.tint, np.maximum(levels, 255))


def unmixed(pixels: U8, weight: F32, part: F32, shading: Shading) -> tuple[F32, Shading]:
    """Return the cloth's own colour, (h, w, 3) in 8-bit levels, and the light on it, also where it covers in part.

    There both are those of the cloth next to it: what shines through would be dyed with it.

    Args:
        pixels: (h, w, 3) sRGB bytes.
        weight: (h, w) coverage of all cloth.
        part: (h, w) in [0, 1], this garment's part in it.
        shading: of this garment.
    """
    image = pixels.astype(np.float32)
    partly = weight < WHOLE
    foreign = partly | (part < WHOLE)
    h, w = weight.shape
    size = (max(1, w // 2), max(1, h // 2))
    whole = cv2.erode((~foreign).astype(np.uint8), np.ones((5, 5), np.uint8))
    halves = (pixels * whole[..., None], 255 * whole, shading.log_light * whole)
    near, share, bright = (cv2.resize(map_, size, interpolation=cv2.INTER_AREA) for map_ in halves)
    stack = np.dstack([near, bright, share / np.float32(255)]).astype(np.float32)
    total = smoothed(stack, 1.2) + np.float32(1e-2) * smoothed(stack, 4.0) + np.float32(1e-4) * smoothed(stack, 16.0)
    around = cv2.resize(total[..., :4] / np.maximum(total[..., 4:], 1e-9), (w, h), interpolation=cv2.INTER_LINEAR)
    own = np.where(partly[..., None], around[..., :3], image)
    light = np.where(whole == 0, around[..., 3], shading.log_light)  # a lens smears the neighbour's light in
    return own, replace(shading, log_light=light)


def dyed(colour: tuple[int, int, int], exposure: float = 1.0) -> F32:
    """Return (3,) linear light of a plainly lit cloth that is dyed in a colour of sRGB bytes."""
    return linear_of(rgb_of(cloth_lab(colour))) * np.float32(exposure)


def lit(colour: F32, light: Light) -> F32:
    """Return (h, w, 3) sRGB in 8-bit levels of a cloth of one colour, (3,) linear, in that light."""
    gain, fine = gains(light, _lightness(colour))
    place = (gain * light.broad + fine * light.fine - LEAST) * ((STEPS - 1) / (MOST - LEAST))
    table = _table(colour)
    levels = cv2.remap(table[None], np.clip(place, 0, STEPS - 1), np.zeros_like(place), cv2.INTER_LINEAR)
    return light.colours(np.asarray(levels, np.float32))


def lit_each(levels: F32, light: Light) -> F32:
    """Return the same of a cloth of many colours: (h, w, 3) sRGB in 8-bit levels, plainly lit."""
    steps = 8
    grey = cv2.cvtColor(np.clip(levels, 0, 255) / np.float32(255), cv2.COLOR_RGB2GRAY)
    linear = linear_of(np.asarray(np.clip(levels, 0, 255) / np.float32(255), np.float32))
    gain = [gains(light, 100 * (k + 0.5) / steps) for k in range(steps)]  # grey is near enough to L* / 100
    place = np.clip(grey * steps - 0.5, 0, steps - 1)
    broad, fine = (np.interp(place, np.arange(steps), [g[k] for g in gain]).astype(np.float32) for k in (0, 1))
    shade = np.exp(np.clip(broad * light.broad + fine * light.fine, LEAST, MOST))
    return light.colours(np.asarray(255 * srgb_of(_rolled(linear * shade[..., None])), np.float32))


def gains(light: Light, lightness: float) -> tuple[float, float]:
    """Return the factors on the broad and the fine light for a new cloth of some L*.

    White cloth throws light into its own folds, black cloth swallows it: the same folds span about a factor of e in
    light on white and more than twice that on black.
    """
    old, new = (1.7 - 0.75 * min(max(v, 8.0), 95.0) / 100 for v in (light.lightness, lightness))
    gain = new / old
    span = max(light.span, 0.1)
    gain *= float(np.clip(0.55 * new / (gain * span), 1, 1.4)) * float(np.clip(1.7 * new / (gain * span), 0.5, 1))
    return gain, gain * (0.6 if light.lightness < 20 else 1.0)


def _tint(pixels: U8, weight: F32, lightness: float) -> F32 | None:
    """Return (h, w, 3) how the light is coloured, seen on a cloth of hardly any colour; None on all others."""
    h, w = weight.shape
    size = (max(1, w // 4), max(1, h // 4))
    whole = (weight >= WHOLE).astype(np.float32)
    share = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) + 4
    sure = share > 0.95
    if sure.sum() < 50:
        return None
    lab = lab_of(np.minimum(small / 255, 1))
    colour = np.hypot(lab[..., 1], lab[..., 2])
    chroma = float(np.percentile(colour[sure], 80))
    sure &= colour < 2 * chroma + 4  # a badge is no coloured light
    trust = float(np.clip((14 - chroma) / 6, 0, 1)) * float(np.clip((lightness - 30) / 30, 0, 1))
    if trust <= 0:
        return None
    ratio = small / small.mean(-1, keepdims=True)
    ratio /= np.median(ratio[sure], axis=0)
    clear = sure * np.clip((lab[..., 0] - 20) / 30, 0, 1).astype(np.float32)  # in the dark a hue is noise
    stack = np.dstack([ratio * clear[..., None], clear])
    total = smoothed(stack, 3.0) + np.float32(0.02) * smoothed(stack, 12.0)
    total += np.array([2e-3, 2e-3, 2e-3, 2e-3], np.float32)
    near = np.clip(total[..., :3] / np.maximum(total[..., 3:], 1e-6), 0.75, 1.35) ** trust
    return np.asarray(cv2.resize(near, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def _table(colour: F32) -> F32:
    """Return (STEPS, 3) sRGB in 8-bit levels over the logarithm of light."""
    light = np.exp(np.linspace(LEAST, MOST, STEPS, dtype=np.float32))[:, None]
    sheen = SHEEN * np.maximum(light - 1, 0) * (1 - colour.mean())
    return np.asarray(255 * srgb_of(_rolled(colour[None] * light + sheen)), np.float32)


def _rolled(linear: F32) -> F32:
    over = np.maximum(linear - KNEE, 0)
    room = 1 - KNEE
    return np.asarray(np.minimum(linear, KNEE) + room * (1 - np.exp(-over / room)), np.float32)


def _lightness(colour: F32) -> float:
    return float(lab_of(srgb_of(colour)[None])[0, 0])


def _smooth(plane: F32, eps: float) -> F32:
    """The guided filter by the plane itself: what varies less than eps (standard deviation) goes."""
    window = (7, 7)
    mean = cv2.boxFilter(plane, -1, window)
    variance = np.maximum(cv2.boxFilter(plane * plane, -1, window) - mean * mean, 0)
    slope = variance / (variance + eps * eps)
    offset = cv2.boxFilter(mean * (1 - slope), -1, window)
    return np.asarray(cv2.boxFilter(slope, -1, window) * plane + offset, np.float32)
