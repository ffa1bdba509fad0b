"""Pictures in and out: bytes of untrusted files to `Image`, `Image` to files without metadata."""

from genkol.pictures.formats import JPEG, PNG, WEBP, Format, format_named
from genkol.pictures.limits import Limits
from genkol.pictures.read import read_image
from genkol.pictures.write import write_image

__all__ = ["JPEG", "PNG", "WEBP", "Format", "Limits", "format_named", "read_image", "write_image"]
