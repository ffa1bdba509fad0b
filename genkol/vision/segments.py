"""Hair, skin and clothes: the six-class model on the whole picture and on crops of the person."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from scipy import ndimage

from genkol.artifacts import F32, U8
from genkol.vision.box import Box, box_of
from genkol.vision.colour import lab_of
from genkol.vision.guided import Guide
from genkol.vision.models import LiteModel
from genkol.vision.smooth import smoothed

BACKGROUND, HAIR, BODY_SKIN, FACE_SKIN, CLOTHES, OTHERS = range(6)
MODEL_SIDE = 256


class Segmenter:
    """The six-class selfie model. Args: model: selfie_multiclass_256x256, RGB in [0, 1]."""

    def __init__(self, model: LiteModel) -> None:
        self._model = model

    def __call__(self, pixels: U8) -> F32:
        """Return (256, 256, 6) probabilities for a picture of any shape, squeezed to a square."""
        square = cv2.resize(pixels, (MODEL_SIDE, MODEL_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        logits = self._model(square[None])[0][0]
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)

    def look(self, pixels: U8) -> F32:
        """Return (h, w, 6) probabilities for the whole; a very long picture is looked at piece by piece."""
        tiles = _tiles(pixels.shape)
        if not tiles:
            return self(pixels)
        height, width = pixels.shape[:2]
        nothing = np.zeros((1, 1, 6), np.float32)
        nothing[..., BACKGROUND] = 1
        side = round(MODEL_SIDE * max(height, width) / min(height, width))
        return self.detailed(pixels, nothing, tiles, min(side, max(height, width)))

    def detailed(self, pixels: U8, first: F32, crops: Iterable[Box], side: int) -> F32:
        """Return (h, w, 6) probabilities, ``side`` long at most, from the whole and from crops laid over it.

        Args:
            pixels: (H, W, 3) uint8, sRGB.
            first: what the model says of the whole.
            crops: from coarse to fine; each fades out towards its rim.
            side: longest side of the result, pixels.
        """
        height, width = pixels.shape[:2]
        scale = min(1.0, side / max(height, width))
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        out = cv2.resize(first, (w, h), interpolation=cv2.INTER_LINEAR)
        for box in crops:
            part = Box(*(round(v * scale) for v in (box.left, box.top, box.right, box.bottom))).cut((h, w))
            if part.width < 8 or part.height < 8:
                continue
            found = cv2.resize(self(box.of(pixels)), (part.width, part.height), interpolation=cv2.INTER_LINEAR)
            weight = _fade(box, pixels.shape, (part.height, part.width))[..., None]
            part.of(out)[...] += weight * (found - part.of(out))
        return np.asarray(out, np.float32)


def _tiles(shape: tuple[int, ...]) -> list[Box]:
    """Return overlapping boxes along an (H, W) picture that is more than 2.2 times as long as wide, else none."""
    h, w = shape[:2]
    long, short = max(h, w), min(h, w)
    if long <= 2.2 * short:
        return []
    count = -(-long // short)
    starts = [round(k * (long - 1.5 * short) / (count - 1)) for k in range(count)]
    spans = [(start, min(long, start + round(1.5 * short))) for start in starts]
    return [Box(0, a, w, b) if h > w else Box(a, 0, b, h) for a, b in spans]


def _fade(box: Box, shape: tuple[int, ...], size: tuple[int, int]) -> F32:
    """Return (h, w) weights that fall to 0 at the crop's rim, except where the rim is the picture's own."""
    h, w = size
    ramps = []
    for n, open_low, open_high in (
        (h, box.top > 0, box.bottom < shape[0]),
        (w, box.left > 0, box.right < shape[1]),
    ):
        t = (np.arange(n) + 0.5) / n
        low = np.clip(t / 0.12, 0, 1) if open_low else np.ones(n)
        high = np.clip((1 - t) / 0.12, 0, 1) if open_high else np.ones(n)
        ramps.append(low * high)
    return np.outer(*ramps).astype(np.float32)


def head_box(probabilities: F32, shape: tuple[int, ...]) -> Box | None:
    """Return a box around the largest face and the hair about it, in pixels of an (H, W) picture, or None."""
    h, w = probabilities.shape[:2]
    labels, count = ndimage.label(probabilities[..., FACE_SKIN] > 0.5)
    if not count:
        return None
    areas = np.bincount(labels.ravel())[1:]
    face = box_of(labels == 1 + int(areas.argmax()), shape[1] / w, shape[0] / h)
    assert face is not None
    if face.height < 0.03 * shape[0] and face.height < 24:
        return None
    return face.grown(0.75, shape)


def person_crops(box: Box, shape: tuple[int, ...]) -> list[Box]:
    """Return crops over a person's box: one, or two that overlap where it is long. None where it fills the picture."""
    if box.area > 0.7 * shape[0] * shape[1]:
        return []
    if max(box.height, box.width) < 1.9 * min(box.height, box.width):
        return [box]
    if box.height > box.width:
        cut = round(0.58 * box.height)
        return [
            Box(box.left, box.top, box.right, box.top + cut),
            Box(box.left, box.bottom - cut, box.right, box.bottom),
        ]
    cut = round(0.58 * box.width)
    return [Box(box.left, box.top, box.left + cut, box.bottom), Box(box.right - cut, box.top, box.right, box.bottom)]


def inside(maps: F32, box: Box, shape: tuple[int, ...], size: tuple[int, ...]) -> F32:
    """Return what reduced (h, w, n) maps of an (H, W) picture show inside a box, at ``size`` (h', w')."""
    sy, sx = maps.shape[0] / shape[0], maps.shape[1] / shape[1]
    ky, kx = box.height * sy / size[0], box.width * sx / size[1]
    back = np.array([[kx, 0, box.left * sx + kx / 2 - 0.5], [0, ky, box.top * sy + ky / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(np.ascontiguousarray(maps), back, size[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.float32)


def parts_of(probabilities: F32, matte: U8, guide: Guide) -> tuple[U8, U8, U8, U8, U8]:
    """Return hair, face skin, body skin, clothes and accessories: (H, W) uint8, within the matte.

    Where the model saw background but the matte sees the subject, the nearest parts reach in; far from
    all of them it is an accessory (something held, worn or sat on).
    """
    spread = _reaching(probabilities[..., 1:])
    order = (HAIR, FACE_SKIN, BODY_SKIN, CLOTHES, OTHERS)
    fine = [guide(spread[..., k - 1]) for k in order]
    share = matte / np.maximum(sum(fine[1:], fine[0]), 1e-3)
    hair, face, body, clothes, others = (np.rint(part * share).clip(0, 255).astype(np.uint8) for part in fine)
    return hair, face, body, clothes, others


def plausible_skin(probabilities: F32, pixels: U8) -> F32:
    """Return the probabilities with doubtful body skin given to the clothes where it is not of the face's colour."""
    h, w = probabilities.shape[:2]
    lab = lab_of(cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA)) * np.array([0.5, 1, 1], np.float32)
    face = probabilities[..., FACE_SKIN] > 0.8
    if face.sum() < 50:
        return probabilities
    away = np.linalg.norm(lab - np.median(lab[face], axis=0), axis=-1)
    skin = probabilities[..., BODY_SKIN]
    moved = np.where(skin < 0.9, skin * np.clip((away - 24) / 10, 0, 1), 0)
    out = probabilities.copy()
    out[..., BODY_SKIN] -= moved
    out[..., CLOTHES] += moved
    return out


def _reaching(parts: F32) -> F32:
    """Return (h, w, 5) shares that sum to 1: the parts' own where there are any, else those nearby."""
    seen = parts.sum(axis=-1)
    out, left = parts.copy(), 1 - seen
    reach = 0.01 * max(parts.shape[:2])
    for sigma in (reach, 3 * reach, 8 * reach):
        near = smoothed(parts * seen[..., None], sigma)  # sums to the blurred square of what was seen
        weight = near.sum(axis=-1)
        take = left * np.clip(4 * weight, 0, 1)
        out += (take / np.maximum(weight, 1e-6))[..., None] * near
        left = left - take
    out[..., OTHERS - 1] += left
    return out
