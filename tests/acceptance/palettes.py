"""Two environments, each with a release of a plugin that the other cannot have: made here, without a network.

`palette` 1 has `pick`, `palette` 2 has `choose` instead. The plugin `genkol-palette` 1 needs the one, 2 the other.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

PALETTE = {
    "1": "__version__ = '1'\ndef pick(shade): return (shade, 0, 0)\n",
    "2": "__version__ = '2'\ndef choose(shade, softness): return (shade, softness, 0)\n",
}

PLUGIN = """
import cv2
import numpy as np
import palette
from pydantic import Field
from genkol.algorithm import Algorithm, Effects, Params, Resources
from genkol.compose import at, cover
from genkol.services import HAIR_EDITING, OBJECT_INTERACTION, Aspect

class Painter(Algorithm):
    name = "palette"
    version = "{release}"
    resources = Resources(seconds=0.01)

    class Params(Params):
        shade: int = Field(7, ge=0, le=255, description="How red.")
        {knob}

    def run(self, portrait, *, params, step):
        colour = {colour}
        paint = np.broadcast_to(np.uint8(colour), (8, 8, 3))
        return cover(paint, 1.0, at(0, 0), f"palette {{palette.__version__}}, {{cv2.getNumThreads()}} threads")

class Hair(Painter):
    service = HAIR_EDITING
    effects = Effects(writes={{Aspect.HAIR}})

class Product(Painter):
    service = OBJECT_INTERACTION
    effects = Effects(writes={{Aspect.HANDS}})
"""

RELEASES = {
    "1": {"knob": 'fade: bool = Field(False, description="Gone in 2.")', "colour": "palette.pick(params.shade)"},
    "2": {
        "knob": 'softness: int = Field(9, ge=0, le=99, description="New in 2.")',
        "colour": "palette.choose(params.shade, params.softness)",
    },
}
KEYS = {"hair-editing/palette": "Hair", "object-interaction/palette": "Product"}


def environment(folder: Path, release: str) -> Path:
    """Make a virtual environment with that release of the plugin and of what it needs; return its Python.

    What Ray and GenKOL need is not copied: it comes from the environment of the tests.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    shared = sysconfig.get_path("purelib")
    packages.joinpath("shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")
    packages.joinpath("palette.py").write_text(PALETTE[release])
    packages.joinpath("genkol_palette.py").write_text(PLUGIN.format(release=release, **RELEASES[release]))
    _installed(packages, "palette", release)
    entries = "\n".join(f"{key} = genkol_palette:{name}" for key, name in KEYS.items())
    _installed(packages, "genkol-palette", release, f"palette=={release}", f"[genkol.algorithms]\n{entries}\n")
    return folder / "bin" / "python"


def _installed(packages: Path, name: str, version: str, needs: str = "", entries: str = "") -> None:
    """Leave what an installer leaves of a package."""
    info = packages / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    required = f"Requires-Dist: {needs}\n" if needs else ""
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
    info.joinpath("entry_points.txt").write_text(entries)
