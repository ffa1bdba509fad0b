"""How large a picture may be; asked before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from genkol.errors import BadImage, TooLarge
from genkol.settings import settings


@dataclass(frozen=True)
class Limits:
    """Bounds of a picture that comes in.

    Args:
        max_bytes: of the file.
        max_pixels: width times height.
        max_side: longest side, pixels.
        min_side: shortest side, pixels.
        max_aspect_ratio: longest side over shortest side.
    """

    max_bytes: int
    max_pixels: int
    max_side: int
    min_side: int
    max_aspect_ratio: float

    @classmethod
    def current(cls) -> Limits:
        """The operator's limits, from the settings."""
        s = settings()
        return cls(s.max_image_bytes, s.max_image_pixels, s.max_image_side, s.min_image_side, s.max_aspect_ratio)

    def check_bytes(self, count: int, field: str) -> None:
        """Refuse an empty file (`BadImage`) or one that is too large (`TooLarge`)."""
        if count == 0:
            raise BadImage(f"The picture in {field!r} is empty. Send the bytes of a file.", field=field, value=0)
        if count > self.max_bytes:
            raise TooLarge(
                f"The picture in {field!r} has {count:,} bytes; at most {self.max_bytes:,} are taken. "
                "Send a smaller or more compressed one.",
                field=field,
                value=count,
                expected=self.max_bytes,
            )

    def check_size(self, width: int, height: int, field: str) -> None:
        """Refuse a picture with too many pixels (`TooLarge`), too few, or too narrow a one (`BadImage`)."""
        size = [width, height]
        said = f"The picture in {field!r} is {width} x {height} pixels"
        if max(size) > self.max_side or width * height > self.max_pixels:
            raise TooLarge(
                f"{said}; at most {self.max_pixels:,} pixels and {self.max_side} on a side are taken. Send it reduced.",
                field=field,
                value=size,
                expected={"max_pixels": self.max_pixels, "max_side": self.max_side},
            )
        if min(size) < self.min_side:
            raise BadImage(
                f"{said}; each side must have {self.min_side} or more. Send a larger one.",
                field=field,
                value=size,
                expected={"min_side": self.min_side},
            )
        if max(size) > min(size) * self.max_aspect_ratio:
            raise BadImage(
                f"{said}; the longer side may be at most {self.max_aspect_ratio:g} times the shorter one. Crop it.",
                field=field,
                value=size,
                expected={"max_aspect_ratio": self.max_aspect_ratio},
            )
