"""Amazon Nova Canvas: its limits and price, the two requests that GenKOL makes, and what comes back.

Source of the fields and bounds: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html,
image-gen-vto.html and image-gen-errors.html there.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field

from genkol.algorithm import Params, Remote, Resources, Step
from genkol.artifacts import U8, Image
from genkol.errors import Moderated, RemoteFailed, RequestError, Unsuitable
from genkol.pictures.limits import Limits
from genkol.pictures.read import read_image
from genkol.pictures.write import write_image
from genkol.remote.bedrock import MOST_BYTES, Bedrock
from genkol.remote.faults import Place
from genkol.settings import Settings

GRID, LEAST_SIDE, MOST_PIXELS, MOST_ASPECT = 16, 320, 4_194_304, 4.0
"""Sides are multiples of 16 from 320 pixels; fewer than 4,194,304 pixels; from 1:4 to 4:1."""
MOST_TEXT = 1024
SEEDS = 2_147_483_647
"""Seeds run from 0 to 2,147,483,646."""

PRICES: Mapping[tuple[int, str], float] = {
    (1024, "standard"): 0.04,
    (1024, "premium"): 0.06,
    (2048, "standard"): 0.06,
    (2048, "premium"): 0.08,
}
"""USD for one picture, by its longest side and quality."""

REMOTE = Remote(
    provider="Amazon Bedrock, Nova Canvas",
    terms="https://aws.amazon.com/service-terms/, https://aws.amazon.com/ai/responsible-ai/policy/",
    prices="https://aws.amazon.com/bedrock/pricing/, on demand in us-east-1, as of July 2025",
    until="2026-09-30",
)

VERSION = f"1 {Place(Settings().bedrock_model, '').name}"
"""Another model gives another picture, so that its id is part of a step's name."""

_TYPICAL_S = 10.0  # seconds to a picture, for the progress alone


class NovaParams(Params):
    """What every request to Nova Canvas may say."""

    size: Literal[1024, 2048] = Field(
        1024, description="Longest side of the picture that is sent and made, pixels; 2048 costs more."
    )
    quality: Literal["standard", "premium"] = Field("standard", description="Premium costs more and takes longer.")
    guidance: float = Field(6.5, ge=1.1, le=10, description="How strictly the model keeps to what is asked.")

    def config(self, seed: int) -> dict[str, Any]:
        """The request's ``imageGenerationConfig``, for one picture."""
        return {"numberOfImages": 1, "quality": self.quality, "cfgScale": self.guidance, "seed": seed % SEEDS}


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        pixels: (h, w, 3) uint8, sRGB, of the size that was sent.
        changed: (h, w) uint8, 255 where the service says that it changed the picture; None where it does not say.
    """

    pixels: U8
    changed: U8 | None


class NovaCanvas:
    """The client that both algorithms share. Raises what `Bedrock` raises."""

    def __init__(self, settings: Settings) -> None:
        self._bedrock = Bedrock(settings)

    def paint(self, request: Mapping[str, Any], size: tuple[int, int], step: Step) -> Answer:
        """Have one picture made; `step` hears of the waiting and may cancel it.

        Args:
            request: see `try_on_request` and `backdrop_request`.
            size: (width, height) of the picture that was sent.
            step: at 0.1 of its progress when this begins, at 0.8 when it ends.
        """
        step.progress(0.1)
        data = self._bedrock.invoke(request, lambda s: step.progress(0.1 + 0.7 * (1 - math.exp(-s / _TYPICAL_S))))
        step.progress(0.8)
        return parsed(data, size, self._bedrock.place)


def priced(resources: Resources, params: NovaParams) -> Resources:
    """Return the needs with the price of such a picture."""
    return replace(resources, price_usd=PRICES[params.size, params.quality])


def fitted(size: tuple[int, int], most: int) -> tuple[int, int]:
    """Return the (width, height) at which a picture is sent: within the limits, nearly of its shape.

    Args:
        size: of the picture.
        most: longest side, pixels.

    Raises:
        Unsuitable: it is too long and narrow.
    """
    long, short = max(size), min(size)
    widest = min(MOST_ASPECT, most / LEAST_SIDE)
    if long > widest * short:
        raise Unsuitable(
            f"The picture is {size[0]} x {size[1]} pixels, {long / short:.1f} times as long as wide; Nova Canvas takes "
            f"up to {widest:.1f} times at size {most}. Crop it.",
            value=list(size),
            expected=widest,
        )
    scale = max(min(1.0, most / long), LEAST_SIDE / short)
    w, h = (min(most, max(LEAST_SIDE, round(side * scale / GRID) * GRID)) for side in size)
    return (w, h) if w * h < MOST_PIXELS else (w - GRID, h)


def resized(pixels: U8, size: tuple[int, int]) -> U8:
    """Return the (H, W, 3) picture, or (H, W) map, at (width, height): averaged where smaller, smooth where larger."""
    if pixels.shape[1::-1] == size:
        return pixels
    smaller = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), np.uint8)


def try_on_request(
    sent: U8, garment: Image, *, garment_class: str, styling: Mapping[str, str], merge: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a VIRTUAL_TRY_ON request: the garment's own kind of mask, returned; face, hands and pose kept.

    Args:
        sent: (h, w, 3) the person, at a size that `fitted` gave.
        garment: on or off a body; transparency becomes white.
        garment_class: UPPER_BODY, ...
        styling: ``garmentStyling``.
        merge: ``mergeStyle``.
        config: see `NovaParams.config`.
    """
    mask: dict[str, Any] = {"garmentClass": garment_class}
    if styling:
        mask["garmentStyling"] = dict(styling)
    return {
        "taskType": "VIRTUAL_TRY_ON",
        "virtualTryOnParams": {
            "sourceImage": _encoded(sent),
            "referenceImage": _encoded(_reference(garment)),
            "maskType": "GARMENT",
            "garmentBasedMask": mask,
            "maskExclusions": {"preserveFace": "ON", "preserveHands": "ON", "preserveBodyPose": "ON"},
            "mergeStyle": merge,
            "returnMask": True,
        },
        "imageGenerationConfig": dict(config),
    }


def backdrop_request(
    sent: U8, subject: U8, *, text: str, avoid: str, precise: bool, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an OUTPAINTING request, which repaints all that is not the subject.

    Args:
        sent: (h, w, 3) the portrait, at a size that `fitted` gave.
        subject: (h, w) uint8; above 0 is kept.
        text: the place, 1 to 1,024 characters.
        avoid: what must not be there, up to 1,024 characters.
        precise: keep to the mask's outline, rather than blend over it.
        config: see `NovaParams.config`.
    """
    _check_text(text, "prompt")
    white = np.where(subject[..., None] > 0, np.uint8(0), np.uint8(255))  # outpainting changes what is white
    params = {
        "image": _encoded(sent),
        "maskImage": _encoded(np.repeat(white, 3, axis=2)),
        "text": text.strip(),
        "outPaintingMode": "PRECISE" if precise else "DEFAULT",
    }
    if avoid.strip():
        _check_text(avoid, "avoid")
        params["negativeText"] = avoid.strip()
    return {"taskType": "OUTPAINTING", "outPaintingParams": params, "imageGenerationConfig": dict(config)}


def parsed(data: bytes, size: tuple[int, int], place: Place) -> Answer:
    """Read the body of an answer.

    Raises:
        Moderated: the service blocked all that it made.
        RemoteFailed: it is not what was asked for.
    """
    try:
        answer = json.loads(data)
    except ValueError:
        raise _malformed(place, f"{len(data):,} bytes that are no JSON") from None
    if not isinstance(answer, dict):
        raise _malformed(place, f"a JSON {type(answer).__name__} instead of an object")
    images = answer.get("images") or []
    said = str(answer.get("error") or "")
    if not images and "content filter" in said:
        raise Moderated(
            f"{place} made a picture and then blocked it: {said[:200]} Try another seed, prompt or picture.",
            value=said[:200],
            repeatable=False,
        )
    if not isinstance(images, list) or not images:
        raise _malformed(place, f"no picture ({said[:200] or 'no reason given'})")
    mask = answer.get("maskImage")
    pixels = _decoded(images[0], size, "picture", place)
    changed = None if mask is None else 255 - _decoded(mask, size, "mask", place).min(axis=2)  # black was changed
    return Answer(pixels, changed)


def _decoded(text: Any, size: tuple[int, int], what: str, place: Place) -> U8:
    try:
        data = base64.b64decode(text, validate=True)
        pixels = read_image(data, field=what, limits=_LIMITS).pixels
    except (binascii.Error, TypeError, ValueError):
        raise _malformed(place, f"a {what} whose base64 is broken") from None
    except RequestError as error:
        raise _malformed(place, f"a {what} that cannot be read ({error.code})") from None
    if pixels.shape[1::-1] != size:
        have = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise _malformed(place, f"a {what} of {have} pixels where {size[0]} x {size[1]} was sent")
    return pixels


_LIMITS = Limits(max_bytes=MOST_BYTES, max_pixels=MOST_PIXELS, max_side=4096, min_side=16, max_aspect_ratio=4.2)


def _malformed(place: Place, what: str) -> RemoteFailed:
    return RemoteFailed(
        f"{place} answered with {what}. Try another seed or algorithm; the picture may have been charged.",
        value=what,
        repeatable=False,
    )


def _check_text(text: str, name: str) -> None:
    if not 1 <= len(text.strip()) <= MOST_TEXT:
        raise Unsuitable(
            f"The {name} has {len(text.strip()):,} characters; Nova Canvas takes 1 to {MOST_TEXT:,}. Describe the "
            "place in a few sentences.",
            value=len(text.strip()),
            expected=MOST_TEXT,
        )


def _reference(garment: Image) -> U8:
    """The garment on white, in a shape that the service takes."""
    pixels = garment.pixels
    if garment.alpha is not None:
        share = garment.alpha[..., None].astype(np.float32) / 255
        pixels = np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)
    h, w = pixels.shape[:2]
    need = math.ceil(max(h, w) / 3)
    x, y = max(0, need - w), max(0, need - h)
    if x or y:
        pixels = np.pad(pixels, ((y // 2, y - y // 2), (x // 2, x - x // 2), (0, 0)), constant_values=255)
    return resized(pixels, fitted(pixels.shape[1::-1], 1024))


def _encoded(pixels: U8) -> str:
    return base64.b64encode(write_image(Image(np.ascontiguousarray(pixels)))).decode()
