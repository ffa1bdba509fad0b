"""Whatever Pillow decoded, as sRGB bytes: profiles, 16 bits, grey, palettes and inks."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from genkol.artifacts import U8

_BAND = 256  # rows at once: the sums take more room than the picture


def plain(picture: Pillow.Image) -> Pillow.Image:
    """Return the picture in L, LA, RGB, RGBA or CMYK: palettes, bits and 16-bit grey are resolved."""
    if picture.mode.startswith("I"):
        return Pillow.fromarray(_grey_of_16_bits(picture))
    if picture.mode in ("L", "RGB", "P", "1") and picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return picture
    if picture.mode == "1":
        return picture.convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def srgb(picture: Pillow.Image, profile: bytes | None) -> tuple[U8, U8 | None]:
    """Return pixels (H, W, 3) in sRGB and alpha (H, W), or None when opaque, of a `plain` picture.

    A profile that is broken, or made for another kind of pixels, is ignored as browsers do.
    """
    alpha = np.asarray(picture.getchannel("A")) if picture.mode in ("LA", "RGBA") else None
    colours = picture.convert(picture.mode.rstrip("A")) if alpha is not None else picture
    converted = (_converted(colours, profile) if profile else None) or colours
    pixels = np.asarray(converted if converted.mode == "RGB" else converted.convert("RGB"))
    return pixels, None if alpha is None or alpha.min() == 255 else alpha


def over_white(pixels: U8, alpha: U8) -> U8:
    """Return (H, W, 3) pixels laid over white by their alpha (H, W), rounded to nearest."""
    out = np.empty_like(pixels)
    for top in range(0, len(out), _BAND):
        rows = slice(top, top + _BAND)
        share = alpha[rows, :, None].astype(np.uint16)
        out[rows] = (pixels[rows] * share + 255 * (255 - share) + 127) // 255
    return out


def _grey_of_16_bits(picture: Pillow.Image) -> U8:
    levels = np.asarray(picture).astype(np.float32)
    return np.clip(np.rint(levels / 257), 0, 255).astype(np.uint8)


def _converted(picture: Pillow.Image, profile: bytes) -> Pillow.Image | None:
    """Return the picture in sRGB, or None when the profile is sRGB itself, damaged, or not for these channels."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if (source.profile.profile_description or "").startswith("sRGB"):
            return None
        return ImageCms.profileToProfile(
            picture,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
