"""The picture formats that GenKOL writes, and how one is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from genkol.errors import NotAcceptable, did_you_mean


@dataclass(frozen=True)
class Format:
    """A file format of finished pictures.

    Args:
        name: how the API calls it; also the first suffix.
        mime: its media type.
        suffixes: file name endings without the dot.
        max_side: longest side that the format can hold, pixels.
    """

    name: str
    mime: str
    suffixes: tuple[str, ...]
    max_side: int


PNG = Format("png", "image/png", ("png",), 2**31 - 1)
JPEG = Format("jpeg", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), 65_500)
WEBP = Format("webp", "image/webp", ("webp",), 16_383)

FORMATS = (PNG, JPEG, WEBP)
_BY_WORD = {word: f for f in FORMATS for word in (f.name, f.mime, *f.suffixes)}


def format_named(text: str) -> Format:
    """Return the format of a file name (``out/a.png``), a suffix, a media type or a name.

    Raises:
        NotAcceptable: GenKOL does not write it; the message names the nearest.
    """
    word = text.split(";")[0].strip().lower()
    if not word.startswith("image/"):
        word = PurePosixPath(word.replace("\\", "/")).suffix.lstrip(".") or word.lstrip(".")
    if word not in _BY_WORD:
        known = [f.mime if "/" in word else f.name for f in FORMATS]
        raise NotAcceptable(
            f"GenKOL does not write pictures as {text!r}. {did_you_mean(word, known)}",
            value=text,
            expected=[f.mime for f in FORMATS],
        )
    return _BY_WORD[word]
