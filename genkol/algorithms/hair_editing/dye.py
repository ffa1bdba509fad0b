"""A dye: which colour hair of it shows at each lightness, from the shadows between strands to their shine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genkol.artifacts import F32
from genkol.vision.colour import lab_of, linear_of, rgb_of, srgb_of

LIGHTEST, DARKEST = 88.0, 9.0  # L of a head of hair: beyond it no strand could be told from the next
MOST_CHROMA = 52.0  # of a head of hair; neon pigment on a fibre is duller than on a screen
DEEPENING = 0.5  # how far shadows deepen in hue as well as in light; the rest is mere shade
PALING = 0.5  # how far light strands pale as well as lighten
_POWERS = np.geomspace(0.02, 9.0, 160).astype(np.float32)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Dye:
    """A colour of hair.

    Light that goes through more of a fibre is absorbed more often, so that hair of linear colour c shows
    about c ** p: p above 1 in its depths, where it is darker and richer, and below 1 towards the shine,
    where it is lighter and paler (Beer and Lambert's law).

    Args:
        lab: (3,) CIELAB of the middle.
        deep: L of the darkest strands.
        shine: L of the lightest strands.
    """

    lab: F32
    deep: float
    shine: float

    @classmethod
    def of(cls, lab: F32, exposure: float = 1.0, colour: float = 1.0) -> Dye:
        """Return the dye whose middle is that colour, as far as hair can have it.

        Args:
            lab: (3,) CIELAB.
            exposure: how light white is in the picture, 1 in good light.
            colour: how much hue the picture bears, 1 unless it is washed out.
        """
        chroma = max(float(np.hypot(lab[1], lab[2])), 1e-6)
        lightest = LIGHTEST - 0.5 * float(np.clip(chroma, 20, MOST_CHROMA) - 20)  # pigment takes light away
        light = exposure * float(np.clip(lab[0], DARKEST, lightest))
        duller = exposure * colour * min(1.0, MOST_CHROMA / chroma)
        deep = light * float(np.interp(light, (10, 40, 85), (0.2, 0.4, 0.45)))
        shine = light + (100 * exposure - light) * float(np.interp(light, (10, 40, 85), (0.33, 0.33, 0.6)))
        return cls(np.array([light, lab[1] * duller, lab[2] * duller], np.float32), deep, shine)

    @cached_property
    def _ramp(self) -> F32:
        """(n, 3) CIELAB from dark to light."""
        own = np.maximum(linear_of(rgb_of(self.lab)), 0.004)
        depth, height = np.maximum(_POWERS - 1, 0)[:, None], np.maximum(1 - _POWERS, 0)[:, None]
        light = float(own @ _LUMINANCE) ** ((1 - DEEPENING) * depth - (1 - PALING) * height)
        shown = np.minimum(own ** (1 + DEEPENING * depth - PALING * height) * light, 1)
        shown += (1 - shown) * height**6
        return lab_of(srgb_of(shown.astype(np.float32)))[::-1]

    def hue_at(self, lightness: F32) -> F32:
        """Return (n, 2) a and b of (n,) L."""
        ramp = self._ramp
        table = np.arange(0, 100.5, 0.5)
        index = np.clip(np.rint(lightness * 2), 0, 200).astype(np.intp)
        hue = np.column_stack([np.interp(table, ramp[:, 0], ramp[:, k]) for k in (1, 2)]).astype(np.float32)
        return np.asarray(hue[index], np.float32)
