"""What the old clothes hid and the new ones do not: the ground behind, and skin of the neck and arms."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.arm import Arm
from genkol.algorithms.virtual_try_on.body import Body
from genkol.algorithms.virtual_try_on.front import share
from genkol.artifacts import F32, U8, Person
from genkol.vision.colour import lab_of, rgb_of
from genkol.vision.models import onnx_session
from genkol.vision.smooth import smoothed

EVEN = 3.0
"""Levels by which an even ground differs from its own blur."""
MOST_APART = 75.0
"""Distance in sRGB levels from the skin's median up to which a pixel is believed to be skin."""
MOST_FLECK = 0.05
"""Share of the largest piece of clothes below which a patch is small."""
LEAST_SKIN = 150
"""Pixels of skin from which its colour is read."""


class Inpainter:
    """MI-GAN (Sargsyan et al., ICCV 2023) in one ONNX graph that crops around the hole by itself.

    Args:
        path: of the graph; image (1, 3, H, W) and mask (1, 1, H, W) uint8, 0 is a hole.
    """

    def __init__(self, path: Path) -> None:
        self._session = onnx_session(path)

    def __call__(self, pixels: U8, hole: F32) -> U8:
        """Return (H, W, 3) uint8 with the hole, (H, W) above 0.5, filled; all else as it was."""
        known = np.where(hole > 0.5, 0, 255).astype(np.uint8)
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        (filled,) = self._session.run(None, {"image": image, "mask": known[None, None]})
        out = np.asarray(filled[0], np.uint8).transpose(1, 2, 0)
        return np.where(hole[..., None] > 0.5, out, pixels).astype(np.uint8)


def even_ground(pixels: U8, hole: F32) -> U8 | None:
    """Return the picture with the hole filled from an even ground, as in a studio; None where the ground is not even.

    Args:
        pixels: (H, W, 3), sRGB.
        hole: (H, W), above 0.5 within it.
    """
    known = (hole < 0.5).astype(np.float32)
    image, reach = pixels.astype(np.float32), 0.01 * max(pixels.shape)
    both = np.dstack([image * known[..., None], known])
    total = np.zeros_like(both)
    for weight, factor in ((1.0, 1), (1e-2, 4), (1e-4, 16)):
        total += np.float32(weight) * smoothed(both, factor * reach)
    even = total[..., :3] / np.maximum(total[..., 3:], 1e-9)
    rim = (cv2.dilate(hole, np.ones((41, 41), np.uint8)) > 0.5) & (known > 0)
    if rim.sum() < 200 or float(np.percentile(np.abs(image - even).max(axis=-1)[rim], 90)) > EVEN:
        return None
    return np.where(known[..., None] > 0, image, np.clip(even, 0, 255)).astype(np.uint8)


def removed(person: Person, lower: F32, top: float, shoulders: float) -> F32:
    """Return (H, W) in [0, 1]: all of the person that is worn above the waist, with its fringes.

    Args:
        person: its parts.
        lower: (H, W) in [0, 1], clothes that stay: trousers, a skirt.
        top: y above which all stays: a hat is no old garment.
        shoulders: their y; small patches above it that touch no clothes are the jaw's shade.
    """
    parts = (person.hair, person.face_skin, person.body_skin, person.accessories)
    kept = np.clip(sum(share(p) for p in parts), 0, 1)
    worn = np.clip(share(person.matte) - kept - lower, 0, 1)
    near = cv2.dilate((share(person.clothes) * (1 - lower) > 0.3).astype(np.float32), np.ones((9, 9), np.uint8))
    worn = (worn * near).astype(np.float32)
    worn = np.clip((worn - 0.12) / 0.45, 0, 1)
    worn *= np.clip((np.arange(len(worn), dtype=np.float32)[:, None] - top) / 6, 0, 1)
    worn = _without_flecks(worn, share(person.clothes), shoulders)
    fringe = cv2.dilate((worn > 0.25).astype(np.float32), np.ones((11, 11), np.uint8))
    room = 1 - np.clip((kept + lower - 0.3) / 0.5, 0, 1)
    return np.asarray(np.maximum(worn, cv2.GaussianBlur(fringe, (0, 0), 1.2) * room), np.float32)


def _without_flecks(worn: F32, clothes: F32, shoulders: float) -> F32:
    """Return the map without small doubtful patches that lie above the shoulders and are joined to nothing below."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((worn > 0.05).astype(np.uint8))
    if count < 3:
        return worn
    areas, ends = stats[:, cv2.CC_STAT_AREA], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    sure = np.bincount(labels[clothes > 0.8], minlength=count) > 0.5 * areas
    fleck = (areas < MOST_FLECK * areas[1:].max()) & (ends < shoulders) & ~sure
    fleck[0] = False
    return np.where(fleck[labels], np.float32(0), worn).astype(np.float32)


def neck_mask(body: Body, shape: tuple[int, ...], depth: float, column: bool = False) -> F32:
    """Return (H, W) in [0, 1]: neck and upper chest, from under the chin to ``depth`` pixels below the collar.

    Args:
        body: whose.
        shape: of the picture.
        depth: pixels.
        column: the neck alone, without the shoulders.
    """
    x, y, half = body.neck
    lines = []
    for i, side in ((0, -1), (1, 1)):
        start, end = np.array([x + side * half, y]), body.bases[i]
        bend = np.array([x + side * half * 1.02, (start[1] * 0.35 + end[1] * 0.65)])
        t = np.linspace(0, 1, 16)[:, None]
        curve = start * (1 - t) ** 2 + 2 * bend * t * (1 - t) + end * t**2
        if column:
            foot = y + max(1.6 * half, 0.6 * (float(body.bases[:, 1].mean()) + depth - y))
            widths, heights = [1.06, 1.04, 0.72, 0.5], [y - 0.3 * half, y + 0.3 * half, foot, foot + depth]
            sway = np.linspace(0, 1, 4) * (float(body.bases[:, 0].mean()) - x)
            down = np.column_stack([x + sway + side * half * np.array(widths), heights])
            lines.append(down)
            continue
        tip = body.slopes[i][1]
        lines.append(
            np.concatenate(
                [curve, body.slopes[i][::-1] + np.array([0, 0.05 * body.span]), tip[None] + np.array([[0, depth]])]
            )
        )
    high = y - 0.35 * half
    top = np.array([[x - half * 0.9, high], [x + half * 0.9, high]])
    ring = np.concatenate([top[:1], lines[0], lines[1][::-1], top[1:]])
    out = np.zeros(shape[:2], np.float32)
    cv2.fillPoly(out, [np.rint(ring * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 1.0), np.float32)


def neck_skin(pixels: U8, person: Person, body: Body) -> F32:
    """Return (H, W, 3) sRGB levels: the colour of the neck, spread over all that lies about it."""
    skin = np.minimum(np.maximum(share(person.body_skin), share(person.face_skin)), 1 - share(person.hair))
    y = np.arange(skin.shape[0], dtype=np.float32)[:, None]
    x = np.arange(skin.shape[1], dtype=np.float32)
    near = (y > body.neck[1] - 1.2 * body.neck[2]) & (y < body.shoulders + 0.3 * body.span)
    near = near & (np.abs(x - body.neck[0]) < 0.6 * body.span)
    return _diffused(pixels, skin * near, 0.02 * body.span) + _grain(skin.shape)[..., None]


def _diffused(pixels: U8, skin: F32, reach: float, tone: F32 | None = None) -> F32:
    """Return (H, W, 3) sRGB levels: the skin's colour near by, further off that of a wider and wider circle.

    Args:
        pixels: the picture.
        skin: (H, W) in [0, 1].
        reach: of the nearest circle, pixels.
        tone: sRGB levels far from any skin.
    """
    firm = cv2.erode((skin > 0.85).astype(np.float32), np.ones((7, 7), np.uint8))
    image = pixels.astype(np.float32)
    if firm.any():  # a beard, a collar or a shadow that was taken for skin is far from its median
        usual = np.median(image[firm > 0], axis=0)
        firm = firm * (np.linalg.norm(image - usual, axis=-1) < MOST_APART)
    both = np.dstack([image * firm[..., None], firm])
    total = np.zeros_like(both)
    for weight, factor in ((1.0, 1), (0.05, 3), (0.002, 10), (1e-5, 30)):
        total += weight * smoothed(both, factor * reach)
    if tone is not None:
        total += np.float32(1e-4) * np.append(tone, 1).astype(np.float32)
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], 1e-9), np.float32)


def _grain(shape: tuple[int, ...]) -> F32:
    """Return (H, W) levels of noise like that of skin in a photo: always the same."""
    noise = np.random.default_rng(7).standard_normal(shape[:2]).astype(np.float32)
    return np.asarray(1.2 * cv2.GaussianBlur(noise, (0, 0), 0.8) / 0.35, np.float32)


def arm_skin(pixels: U8, person: Person, body: Body, index: int) -> F32:
    """Return (H, W, 3) sRGB levels of an arm's skin, round like a limb.

    It has its own colour where some of it is bare, else that of the hands and the face.
    """
    shape = person.matte.shape
    arm = body.arms[index]
    bare = share(person.body_skin) * arm.mask(shape, 1.3, 0.15, 1.0)
    tone = rgb_of(_tone(pixels, person, body)[None, None])[0, 0] * 255
    colour = _diffused(pixels, bare, 0.03 * body.span, tone)
    known = smoothed((bare > 0.85).astype(np.float32), 0.06 * body.span)
    lab = lab_of(np.clip(colour / np.float32(255), 0, 1).astype(np.float32))
    lab[..., 0] += (1.5 - 11 * _from_bone(arm, shape) ** 2.5) * (1 - np.clip(2.5 * known, 0, 1))
    return np.asarray(rgb_of(lab) * 255 + _grain(shape)[..., None], np.float32)


def _from_bone(arm: Arm, shape: tuple[int, ...]) -> F32:
    """Return (H, W): distance from the bone against the arm's radius, at most 1.2."""
    points, _, radii = arm.at(np.linspace(-0.1, 1.1, 50) * arm.length)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)[:, ::4, ::4]
    near = np.full(x.shape, 1.2, np.float32)
    for (px, py), radius in zip(points, radii, strict=True):
        np.minimum(near, np.hypot(x - px, y - py) / radius, out=near)
    return np.asarray(cv2.resize(near, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _tone(pixels: U8, person: Person, body: Body) -> F32:
    """Return CIELAB of the skin of the arms: between that of the hands and that of face and neck."""
    lab = lab_of(pixels)
    limbs = np.maximum(*(arm.mask(person.matte.shape, 1.6, 0.1, 1.25) for arm in body.arms))
    tones = []
    for part, where in ((person.body_skin, limbs > 0.5), (person.face_skin, limbs < 0.5)):
        skin = (part > 230) & where
        if skin.sum() > LEAST_SKIN:
            tones.append(np.median(lab[skin], axis=0))
    return np.asarray(np.mean(tones, axis=0) if tones else [65, 14, 18], np.float32)
