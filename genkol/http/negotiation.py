"""Which form of the answer the client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genkol.errors import NotAcceptable


@dataclass(frozen=True)
class _Range:
    """One media range of an Accept header, e.g. ``image/*;q=0.8``."""

    type: str
    subtype: str
    quality: float

    def specificity(self, media_type: str) -> int:
        """0 when it does not match; the more exact the match, the higher."""
        type_, _, subtype = media_type.partition("/")
        if (self.type, self.subtype) == (type_, subtype):
            return 3
        if (self.type, self.subtype) == (type_, "*"):
            return 2
        return 1 if (self.type, self.subtype) == ("*", "*") else 0


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """Return the media type to answer with.

    The most exact range decides the quality of each type. Among equal qualities a type that is named
    wins over one that a wildcard lets in, then the order of `offered` counts.

    Args:
        accept: the header; None or blank means anything.
        offered: media types, the preferred one first.

    Raises:
        NotAcceptable: none of them is wanted.
    """
    ranges = _ranges(accept) if accept and accept.strip() else [_Range("*", "*", 1.0)]
    scored = []
    for place, media_type in enumerate(offered):
        specificity, quality = max(((r.specificity(media_type), r.quality) for r in ranges), default=(0, 0.0))
        if specificity and quality > 0:
            scored.append((quality, specificity, -place, media_type))
    if not scored:
        raise NotAcceptable(
            f"Nothing in {(accept or '')[:200]!r} can be answered. Accept one of: {', '.join(offered)}.",
            field="Accept",
            expected=list(offered),
        )
    return max(scored)[3]


def _ranges(accept: str) -> list[_Range]:
    return [found for part in accept.split(",") if (found := _range(part)) is not None]


def _range(text: str) -> _Range | None:
    """Read one range; what is malformed is not counted."""
    media, *parameters = (part.strip() for part in text.split(";"))
    type_, slash, subtype = media.lower().partition("/")
    if not (type_ and slash and subtype):
        return None
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
            if not 0 <= quality <= 1:
                return None
    return _Range(type_, subtype, quality)
