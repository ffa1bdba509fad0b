"""A portrait and its layers make a picture: `cover`, `change` and `affine` make layers, `compose` stacks them."""

from genkol.compose.making import affine, change, cover
from genkol.compose.placing import Placed, at, placed, reach, support
from genkol.compose.stacking import compose

__all__ = ["Placed", "affine", "at", "change", "compose", "cover", "placed", "reach", "support"]
