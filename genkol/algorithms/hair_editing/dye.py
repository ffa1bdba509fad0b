"""A dye: which colour hair of it shows at each lightness, from the shadows between strands to their shine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genkol.artifacts import F32
from genkol.vision.colour import lab_of, linear_of, rgb_of, srgb_of

LIGHTEST, DARKEST = 88.0, 9.0  # L of a head of hair: beyond it no strand could be told from the next
MOST_CHROMA = 62.0  # of a head of hair; neon pigment on a fibre is duller than on a screen
DEEPENING = 0.55  # how far shadows deepen in hue as well as in light; the rest is mere shade
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
        spread: of L between the tenth darkest and the tenth lightest part, in even light.
    """

    lab: F32
    spread: float

    @classmethod
    def of(cls, lab: F32, spread: float | None = None) -> Dye:
        """Return the dye whose middle is that colour, as far as hair can have it.

        Args:
            lab: (3,) CIELAB.
            spread: None takes what hair of that lightness usually has.
        """
        light = float(np.clip(lab[0], DARKEST, LIGHTEST))
        chroma = max(float(np.hypot(lab[1], lab[2])), 1e-6)
        duller = min(1.0, MOST_CHROMA / chroma)
        usual = float(np.interp(light, (10, 30, 60, 90), (17, 24, 30, 26)))
        return cls(np.array([light, lab[1] * duller, lab[2] * duller], np.float32), usual if spread is None else spread)

    @cached_property
    def _ramp(self) -> F32:
        """(n, 3) CIELAB from dark to light."""
        own = np.maximum(linear_of(rgb_of(self.lab)), 0.004)
        depth = np.maximum(_POWERS - 1, 0)[:, None]
        shade = float(own @ _LUMINANCE) ** ((1 - DEEPENING) * depth)
        shown = own ** (np.minimum(_POWERS, 1)[:, None] + DEEPENING * depth) * shade
        return lab_of(srgb_of(shown.astype(np.float32)))[::-1]

    def hue_at(self, lightness: F32) -> F32:
        """Return (n, 2) a and b of (n,) L."""
        ramp = self._ramp
        table = np.arange(0, 100.5, 0.5)
        index = np.clip(np.rint(lightness * 2), 0, 200).astype(np.intp)
        hue = np.column_stack([np.interp(table, ramp[:, 0], ramp[:, k]) for k in (1, 2)]).astype(np.float32)
        return np.asarray(hue[index], np.float32)
