"""What the user hands in becomes values: pictures read with care, by kind."""

from __future__ import annotations

from collections.abc import Mapping

from genkol.artifacts import PYTHON_TYPE, Kind, Value, digest_of
from genkol.errors import BadFlow, BadImage
from genkol.pictures import read_image
from genkol.settings import settings

CUT_OUTS = frozenset({Kind.GARMENT, Kind.PRODUCT})
"""Kinds whose transparency means something."""

MAX_PROMPT = 2000
"""Most characters of a prompt."""


def read_input(name: str, kind: Kind, data: bytes | str) -> Value:
    """Return the value of an input.

    Args:
        name: of the input, for messages.
        kind: what it is; a garment or product keeps its transparency, all else is laid on white.
        data: an encoded picture, or the text of a prompt.

    Raises:
        BadImage, UnsupportedImage, TooLarge: the picture cannot be used; the message says why.
        BadFlow: bytes came for a prompt or text for a picture.
    """
    if kind is Kind.PROMPT:
        if not isinstance(data, str) or len(data) > MAX_PROMPT:
            raise BadFlow(f"The input {name!r} is a prompt: give text of at most {MAX_PROMPT} characters.", field=name)
        return data
    if not isinstance(data, bytes):
        raise BadImage(f"The input {name!r} ({kind}) needs a picture, not text.", field=name)
    return read_image(data, field=name, max_side=settings().work_side, keep_alpha=kind in CUT_OUTS)


def check_values(kinds: Mapping[str, Kind], values: Mapping[str, Value]) -> None:
    """Raise `BadFlow` when a value is not held in the class of its kind."""
    for name, value in values.items():
        kind = kinds.get(name)
        if kind is not None and not isinstance(value, PYTHON_TYPE[kind]):
            raise BadFlow(
                f"The input {name!r} ({kind}) is a {PYTHON_TYPE[kind].__name__}, not a {type(value).__name__}.",
                field=name,
            )


def digests_of(values: Mapping[str, Value]) -> dict[str, str]:
    """Return name to digest of each value."""
    return {name: digest_of(value) if isinstance(value, str) else value.digest for name, value in values.items()}
