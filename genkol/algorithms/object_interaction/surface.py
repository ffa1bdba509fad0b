"""A table before the person, and what a product does to the surface that it stands on."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of, rgb_of

SHADE = np.zeros(3, np.float32)
"""The colour of shade, laid with a small coverage."""
_FLAT = 0.30  # how much a circle on the surface is foreshortened


def table(pixels: U8, person: Person, edge: float) -> tuple[F32, F32, int]:
    """Return a matt table in the colour of the place, lit from above.

    Args:
        pixels: (H, W, 3) of the portrait.
        person: in it.
        edge: the row of its far edge.

    Returns:
        (h, W, 3) levels, (h, W) coverage, and the row at which they begin.
    """
    h, w = pixels.shape[:2]
    top = int(edge) - 3
    tone = _tone(pixels, person)
    rows = np.arange(top, h, dtype=np.float32)
    near = np.clip((rows - edge) / max(1.0, h - edge), 0, 1)
    lab = np.tile(tone, (len(rows), 1)).astype(np.float32)
    lab[:, 0] += 3.0 * near - 1.5 - 5.0 * np.exp(-near / 0.10)
    across = np.linspace(-1, 1, w, dtype=np.float32)
    sheet = np.repeat(lab[:, None], w, axis=1)
    sheet[..., 0] += 1.5 * (1 - across**2) - 1.0
    softness = 0.0012 * max(h, w) + 0.6
    coverage = np.clip((rows - edge) / softness + 0.5, 0, 1)
    return rgb_of(sheet) * 255, np.repeat(coverage[:, None], w, axis=1).astype(np.float32), top


def _tone(pixels: U8, person: Person) -> F32:
    """Return the CIELAB of a table that belongs to the place: its colour, neither black nor glaring."""
    low = len(pixels) // 2  # the sky is not what a table stands in
    behind = pixels[low::4, ::4][person.matte[low::4, ::4] < 8]
    if len(behind) < 50:
        behind = pixels[::4, ::4][person.matte[::4, ::4] < 8]
    if len(behind) < 50:
        behind = np.full((1, 3), 190, np.uint8)
    lab = np.median(lab_of(behind), axis=0)
    lightness = min(0.80 * lab[0] + 14, lab[0] + 7, 90)
    chroma = float(np.hypot(lab[1], lab[2]))
    kept = min(0.8, 26 / max(chroma, 1e-3))
    return np.array([lightness, lab[1] * kept, lab[2] * kept], np.float32)


def contact(alpha: F32, side: float, room: int) -> F32:
    """Return the coverage of the shade of a standing thing: dark where it touches, wide and faint about it.

    Args:
        alpha: (h, w) of the thing, upright, its foot on the last row.
        side: where the light comes from, -1 left to 1 right.
        room: pixels of clear space that the result has on every side.

    Returns:
        (h + 2 room, w + 2 room) in [0, 1].
    """
    h, w = alpha.shape
    foot = max(2, round(0.05 * h))
    base = alpha[-foot:].max(axis=0)
    columns = np.flatnonzero(base > 0.3)
    if not len(columns):
        columns = np.array([0, w - 1])
    half, middle = max(2.0, (columns[-1] - columns[0] + 1) / 2), (columns[-1] + columns[0]) / 2 + room
    ground = h + room - 1.0
    y, x = np.mgrid[0 : h + 2 * room, 0 : w + 2 * room].astype(np.float32)

    def pool(wide: float, shift: float, lift: float, flat: float) -> F32:
        far = ((x - middle - shift * half) / (wide * half)) ** 2 + (
            (y - ground + lift * half) / (flat * wide * half)
        ) ** 2
        return np.asarray(far, np.float32)

    tight = _soft(pool(1.0, 0.0, 0.06, 0.16), 0.9)
    near = _soft(pool(1.25, -0.20 * side, 0.08, _FLAT), 0.8)
    wide = np.clip(1 - pool(2.2, -0.55 * side, 0.10, _FLAT * 1.1) / 1.2, 0, 1) ** 2
    kept = (1 - 0.50 * tight) * (1 - 0.28 * near) * (1 - 0.24 * wide)
    return np.asarray(1 - kept, np.float32)


def _soft(far: F32, hard: float) -> F32:
    """Return 1 in the midst of a pool, falling to 0 at its rim (where ``far`` is 1) and somewhat beyond."""
    t = np.clip((1.45 - far) / (1.45 - hard * 0.2), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def mirrored(levels: F32, alpha: F32, share: float) -> tuple[F32, F32]:
    """Return the faint mirror image of a thing in the surface below it, as long as a third of its height.

    Args:
        levels: (h, w, 3).
        alpha: (h, w).
        share: of the light that is mirrored at the foot.
    """
    h = alpha.shape[0]
    rows = max(2, round(0.3 * h))
    fade = share * (1 - np.arange(rows, dtype=np.float32) / rows) ** 1.5
    image = cv2.GaussianBlur(np.ascontiguousarray(levels[::-1][:rows]), (0, 0), 0.008 * h + 0.5)
    cover = cv2.GaussianBlur(np.ascontiguousarray(alpha[::-1][:rows]), (0, 0), 0.008 * h + 0.5)
    return np.asarray(image, np.float32), np.asarray(cover * fade[:, None], np.float32)
