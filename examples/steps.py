"""The sheet that shows how a picture came to be: before, each layer, after."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from examples.sheet import GREY, LINE, PAPER, fitted, opened, write

MARGIN, GAP, HEAD = 56, 28, 150
LABEL = 74
"""Height of the words under a picture, pixels."""


@dataclass(frozen=True)
class Column:
    """One step: a picture of the portrait's size, and words."""

    picture: Pillow.Image
    title: str
    note: str


def steps_sheet(answer: Mapping[str, Any], inputs: Mapping[str, Path]) -> Pillow.Image:
    """Draw the sheet of a JSON answer of ``POST /v1/pictures?swatches=true``.

    Args:
        answer: with picture, layers and report.
        inputs: name to file; "portrait" is the picture that the layers lie on.
    """
    picture = _image(answer["picture"]["data"])
    portrait = opened(inputs["portrait"]).resize(picture.size, Pillow.Resampling.LANCZOS)
    references = [opened(path) for name, path in inputs.items() if name != "portrait"]
    seconds = {step["id"]: step["seconds"] for step in answer["report"]["steps"]}
    layers = [_column(layer, portrait, seconds) for layer in answer["layers"]]
    total = f"{len(answer['report']['steps'])} steps in {answer['report']['seconds']:.1f} s"
    columns = [Column(portrait, "Before", "The portrait"), *layers, Column(picture, "After", total)]
    return _draw(columns, references, _closest(answer["layers"], picture.size))


def _image(data: str) -> Pillow.Image:
    return Pillow.open(io.BytesIO(base64.b64decode(data)))


def _column(layer: Mapping[str, Any], portrait: Pillow.Image, seconds: Mapping[str, float]) -> Column:
    """The portrait in this layer alone: in colour around what the layer touches, elsewhere a pale shade."""
    shade = Pillow.blend(portrait.convert("L").convert("RGB"), Pillow.new("RGB", portrait.size, PAPER), 0.78)
    painted, coverage = portrait.copy(), Pillow.new("L", portrait.size)
    if layer.get("swatch"):
        swatch, place = _image(layer["swatch"]).convert("RGBA"), tuple(layer["box"][:2])
        painted.paste(swatch, place, swatch)
        coverage.paste(swatch.getchannel("A").point(lambda alpha: 255 if alpha else 0), place)
    share = layer["changed_pixels"] / (portrait.width * portrait.height)
    note = f"{seconds.get(layer['step'], 0.0):.2f} s, touches {share:.0%} of the picture"
    return Column(Pillow.composite(painted, shade, _widened(coverage)), f"Layer: {layer['title']}", note)


def _widened(coverage: Pillow.Image) -> Pillow.Image:
    """The mask with its small holes closed and a soft edge."""
    small = coverage.resize((max(1, coverage.width // 8), max(1, coverage.height // 8)), Pillow.Resampling.BOX)
    closed = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(2))
    return closed.resize(coverage.size, Pillow.Resampling.BICUBIC)


def _closest(layers: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A square around the smallest layer, for the close-up."""
    boxes = [layer["box"] for layer in layers if layer["changed_pixels"]] or [[0, 0, *size]]
    left, top, right, bottom = min(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
    side = min(int(1.15 * max(right - left, bottom - top)), *size)
    x = min(max(0, (left + right - side) // 2), size[0] - side)
    y = min(max(0, (top + bottom - side) // 2), size[1] - side)
    return x, y, x + side, y + side


def _draw(
    columns: Sequence[Column], references: Sequence[Pillow.Image], close_up: tuple[int, int, int, int]
) -> Pillow.Image:
    first = columns[0].picture
    wide = 400 if len(columns) < 6 else 320
    tall = round(wide * first.height / first.width)
    width = 2 * MARGIN + len(columns) * (wide + GAP) - GAP
    sheet = Pillow.new("RGB", (width, HEAD + tall + LABEL + wide + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    write(draw, (MARGIN, 46), "A portrait and a few references: one picture", 40)
    write(draw, (MARGIN, 100), "Each service paints a layer of its own; all other pixels stay as they were.", 20, GREY)
    for number, reference in enumerate(reversed(references)):
        sheet.paste(fitted(reference, 88, 88), (width - MARGIN - 88 - number * 100, 40))
    for number, column in enumerate(columns):
        x = MARGIN + number * (wide + GAP)
        sheet.paste(fitted(column.picture, wide, tall), (x, HEAD))
        write(draw, (x, HEAD + tall + 12), column.title, 22)
        write(draw, (x, HEAD + tall + 40), column.note, 15, GREY)
        near = column.picture.crop(close_up).resize((wide, wide), Pillow.Resampling.LANCZOS)
        sheet.paste(near, (x, HEAD + tall + LABEL))
        for top, height in ((HEAD, tall), (HEAD + tall + LABEL, wide)):
            draw.rectangle((x, top, x + wide - 1, top + height - 1), outline=LINE)
    return sheet


def variants_sheet(pictures: Sequence[tuple[str, bytes]]) -> Pillow.Image:
    """Draw finished pictures side by side. Args: pictures: title and encoded picture of each."""
    opened_ = [(title, Pillow.open(io.BytesIO(data)).convert("RGB")) for title, data in pictures]
    wide, tall = 460, 690
    sheet = Pillow.new("RGB", (2 * MARGIN + len(opened_) * (wide + GAP) - GAP, MARGIN + tall + LABEL), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (title, picture) in enumerate(opened_):
        x = MARGIN + number * (wide + GAP)
        sheet.paste(fitted(picture, wide, tall), (x, MARGIN))
        draw.rectangle((x, MARGIN, x + wide - 1, MARGIN + tall - 1), outline=LINE)
        write(draw, (x, MARGIN + tall + 14), title, 22)
    return sheet
