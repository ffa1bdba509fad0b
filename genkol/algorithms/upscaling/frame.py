"""What every enlargement keeps: the limit on pixels, the transparency, and no colour from where nothing is seen."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from genkol.algorithms.upscaling.resample import enlarged
from genkol.artifacts import U8, Image
from genkol.errors import TooLarge
from genkol.settings import settings


def size_at(image: Image, scale: float) -> tuple[int, int]:
    """Return (width, height) of the picture enlarged `scale` times.

    Raises:
        TooLarge: it would have more pixels, or a longer side, than the operator allows
            (`max_image_pixels`, `max_image_side`); the text says what scale would do.
    """
    width, height = round(image.width * scale), round(image.height * scale)
    limits = settings()
    if width * height <= limits.max_image_pixels and max(width, height) <= limits.max_image_side:
        return width, height
    fits = min((limits.max_image_pixels / (image.width * image.height)) ** 0.5, limits.max_image_side / max(image.size))
    raise TooLarge(
        f"Enlarged {scale:g} times, {image.width} x {image.height} pixels become {width} x {height}: "
        f"{width * height:,} in all, where {limits.max_image_pixels:,} and {limits.max_image_side:,} on a side are "
        f"allowed. Ask for a scale of at most {int(fits * 100) / 100:g}, or begin with a smaller portrait.",
        field="scale",
        value=[width, height],
        expected=limits.max_image_pixels,
    )


def seen_colours(image: Image) -> U8:
    """Return (H, W, 3) with the colour of the nearest visible pixel where alpha is 0.

    What a file hides is white; resampled, it would leave a white rim around the cut-out.
    """
    if image.alpha is None or image.alpha.all() or not image.alpha.any():
        return image.pixels
    rows, columns = ndimage.distance_transform_edt(image.alpha == 0, return_distances=False, return_indices=True)
    return np.asarray(image.pixels[rows, columns], np.uint8)


def framed(pixels: U8, image: Image) -> Image:
    """Return the enlarged pixels (h, w, 3) with the image's transparency, enlarged alike; white where hidden."""
    if image.alpha is None:
        return Image(pixels)
    alpha = enlarged(image.alpha, (pixels.shape[1], pixels.shape[0]))
    return Image(np.where((alpha == 0)[..., None], np.uint8(255), pixels), alpha)
