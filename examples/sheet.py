"""Labelled sheets of pictures, drawn with Pillow alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, ImageOps

PAPER = (250, 249, 247)
INK = (28, 28, 30)
GREY = (128, 126, 122)
LINE = (224, 221, 216)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that comes with Pillow, so that a sheet looks the same everywhere."""
    return ImageFont.load_default(size)


def fitted(picture: Pillow.Image, width: int, height: int) -> Pillow.Image:
    """The middle of a picture, filling the box."""
    return ImageOps.fit(picture, (width, height), Pillow.Resampling.LANCZOS)


def opened(path: Path) -> Pillow.Image:
    """A photograph, upright, RGB; a cut-out lies on white."""
    photo = ImageOps.exif_transpose(Pillow.open(path))
    if not photo.has_transparency_data:
        return photo.convert("RGB")
    cutout = photo.convert("RGBA")
    return Pillow.alpha_composite(Pillow.new("RGBA", cutout.size, "white"), cutout).convert("RGB")


def write(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, ink: tuple[int, int, int] = INK
) -> None:
    """Text with its upper left corner at the place."""
    draw.text(place, text, fill=ink, font=font(size))


def shortened(draw: ImageDraw.ImageDraw, text: str, size: int, width: int) -> str:
    """The text, cut with an ellipsis where it is wider than `width` pixels."""
    if draw.textlength(text, font=font(size)) <= width:
        return text
    while text and draw.textlength(text + "…", font=font(size)) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def words(text: str, size: tuple[int, int]) -> Pillow.Image:
    """A blank picture that says something."""
    picture = Pillow.new("RGB", size, LINE)
    draw, width = ImageDraw.Draw(picture), size[0] - 24
    line, y = "", 12
    for word in [*text.split(), ""]:
        if word and draw.textlength(f"{line} {word}".strip(), font=font(14)) <= width:
            line = f"{line} {word}".strip()
            continue
        write(draw, (12, y), line, 14, GREY)
        line, y = word, y + 18
    return picture


def contact_sheet(
    title: str,
    columns: Sequence[tuple[str, Pillow.Image | None]],
    rows: Sequence[tuple[str, Sequence[Pillow.Image]]],
    cell: tuple[int, int],
) -> Pillow.Image:
    """A table of pictures: columns with a heading and maybe a thumbnail, rows with a name.

    Args:
        title: above all.
        columns: heading and thumbnail of each.
        rows: name and one picture for each column.
        cell: width and height of a picture, pixels.
    """
    width, height = cell
    margin, gap, caption = 40, 6, 22
    thumbnail = min(width, 96) if any(picture for _, picture in columns) else 0
    head = margin + 56 + thumbnail + 34
    sheet_width = 2 * margin + len(columns) * (width + gap) - gap
    sheet = Pillow.new("RGB", (sheet_width, head + len(rows) * (height + caption + gap) + margin), PAPER)
    draw = ImageDraw.Draw(sheet)
    write(draw, (margin, margin - 8), title, 30)
    for number, (heading, picture) in enumerate(columns):
        x = margin + number * (width + gap)
        if picture is not None:
            sheet.paste(fitted(picture, thumbnail, thumbnail), (x, margin + 50))
        write(draw, (x, head - 26), shortened(draw, heading, 15, width), 15)
    for row, (name, pictures) in enumerate(rows):
        y = head + row * (height + caption + gap)
        for number, picture in enumerate(pictures):
            sheet.paste(fitted(picture, width, height), (margin + number * (width + gap), y))
        write(draw, (margin, y + height + 3), name, 13, GREY)
    return sheet
