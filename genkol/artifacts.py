"""What flows between steps: images, faces, persons and layers, each with a digest of its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genkol.errors import BadImage

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Kind(StrEnum):
    """What an input or a step's output is to the brand; see `PYTHON_TYPE` for how it is held."""

    PORTRAIT = "portrait"
    FACE = "face"
    PERSON = "person"
    GARMENT = "garment"
    MAKEUP = "makeup"
    HAIRSTYLE = "hairstyle"
    SCENE = "scene"
    PRODUCT = "product"
    PROMPT = "prompt"
    LAYER = "layer"
    PICTURE = "picture"


def digest_of(value: Any) -> str:
    """Return the SHA-256 (hex) of a value's content: arrays, dataclasses, JSON scalars and containers.

    Equal content gives an equal digest in every process and on every machine; a change of dtype or
    shape changes it.
    """
    sha = hashlib.sha256()
    _feed(sha, value)
    return sha.hexdigest()


def _feed(sha: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        sha.update(f"a{value.dtype.str}{value.shape}".encode())
        sha.update(np.ascontiguousarray(value).data)
    elif is_dataclass(value) and not isinstance(value, type):
        sha.update(f"d{type(value).__name__}".encode())
        for field in fields(value):
            _feed(sha, field.name)
            _feed(sha, getattr(value, field.name))
    elif isinstance(value, dict):
        sha.update(f"m{len(value)}".encode())
        for key in sorted(value):
            _feed(sha, key)
            _feed(sha, value[key])
    elif isinstance(value, tuple | list):
        sha.update(f"l{len(value)}".encode())
        for item in value:
            _feed(sha, item)
    elif value is None or isinstance(value, str | int | float | bool):
        text = f"{type(value).__name__}:{value!r}"
        sha.update(f"s{len(text)}:{text}".encode())
    else:
        raise TypeError(f"digest_of() cannot take a {type(value).__name__}")


class _Content:
    """A value named by its content."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content."""
        return digest_of(self)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a C-contiguous, read-only view or copy, so that no step can change another's input."""
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Image(_Content):
    """A picture in memory.

    Args:
        pixels: (H, W, 3) uint8, sRGB, upright. Read-only.
        alpha: (H, W) uint8 coverage, 255 opaque, or None when the picture is opaque. Pixels under
            alpha 0 are white: what the file hid there is gone.
    """

    pixels: U8
    alpha: U8 | None = None

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
            raise BadImage(f"An image is (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}.")
        object.__setattr__(self, "pixels", _frozen(pixels))
        if self.alpha is not None:
            if self.alpha.shape != pixels.shape[:2] or self.alpha.dtype != np.uint8:
                raise BadImage(
                    f"The alpha of a {pixels.shape} image is {pixels.shape[:2]} uint8, "
                    f"not {self.alpha.shape} {self.alpha.dtype}."
                )
            object.__setattr__(self, "alpha", _frozen(self.alpha))

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height


@dataclass(frozen=True, eq=False)
class Face(_Content):
    """One face found in a picture. All coordinates are pixels of that picture, x right, y down;
    pixel centres lie at whole numbers.

    Args:
        landmarks: (68, 2) float32, iBUG order.
        mesh: (468, 3) float32, MediaPipe face mesh; z is depth in pixels, smaller is nearer. Empty
            (0, 3) when the algorithm has no mesh.
        box: (4,) float32: left, top, right, bottom.
        alignment: (2, 3) float64 similarity from picture pixels to aligned-crop pixels.
        crop_size: side of the square aligned crop, pixels.
        score: confidence of the detector, 0 to 1.
        yaw: degrees; 0 is frontal, positive turns to the picture's right.
        index: which face this is, largest first.
        count: how many faces the picture has.
    """

    landmarks: F32
    mesh: F32
    box: F32
    alignment: F64
    crop_size: int
    score: float
    yaw: float = 0.0
    index: int = 0
    count: int = 1

    @property
    def eye_distance(self) -> float:
        """Distance between the outer eye corners in pixels (the usual norm of landmark errors)."""
        return float(np.linalg.norm(self.landmarks[36] - self.landmarks[45]))


@dataclass(frozen=True, eq=False)
class Hand(_Content):
    """One hand.

    Args:
        landmarks: (21, 3) float32, MediaPipe order, picture pixels.
        side: "left" or "right", the person's own.
        score: 0 to 1.
    """

    landmarks: F32
    side: str
    score: float


@dataclass(frozen=True, eq=False)
class Person(_Content):
    """The parts of the person in a picture.

    The maps are (H, W) uint8 coverage at the size of the picture, 255 is wholly inside; they are soft
    at the edges and need not sum to 255.

    Args:
        matte: the whole subject (with what it holds) against the background.
        hair, face_skin, body_skin, clothes, accessories: its parts.
        pose: (33, 4) float32: x, y in pixels, z in pixels, visibility 0 to 1 (MediaPipe order); (0, 4)
            when no pose was found.
        hands: those that were found.
    """

    matte: U8
    hair: U8
    face_skin: U8
    body_skin: U8
    clothes: U8
    accessories: U8
    pose: F32
    hands: tuple[Hand, ...] = ()


@dataclass(frozen=True, eq=False)
class Layer(_Content):
    """What one service painted: an affine change of the pixels beneath it.

        out = below * (1 - opacity) + paint

    With opacity 1 the paint replaces; with opacity 0 it is a pure change and whatever lies beneath
    shows through it, so that independent changes add up in any order. Everything between is ordinary
    "over" with premultiplied paint. Both terms are linear: a layer at strength s is (s*paint, s*opacity).

    Args:
        paint: (h, w, 3) int16 in units of 1/64 level (`PAINT_UNIT`), sRGB, signed, premultiplied.
        opacity: (h, w) uint8, 255 replaces what lies beneath.
        placement: (2, 3) float64 from layer pixels to picture pixels: a whole-number offset or a
            similarity (rotation, scale, offset).
        title: what a designer reads in the layer list.
    """

    paint: I16
    opacity: U8
    placement: F64
    title: str = ""

    def __post_init__(self) -> None:
        h, w = self.opacity.shape
        if self.paint.shape != (h, w, 3) or self.paint.dtype != np.int16 or self.opacity.dtype != np.uint8:
            raise BadImage(
                f"A layer is (h, w, 3) int16 paint with (h, w) uint8 opacity, not {self.paint.shape} "
                f"{self.paint.dtype} with {self.opacity.shape} {self.opacity.dtype}."
            )
        if self.placement.shape != (2, 3) or not np.isfinite(self.placement).all():
            raise BadImage(f"A layer's placement is a finite (2, 3) matrix, not {self.placement!r}.")
        for name in ("paint", "opacity", "placement"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))

    @property
    def offset(self) -> tuple[int, int] | None:
        """(x, y) when the layer lies on whole pixels without turning or scaling, else None."""
        (a, b, x), (c, d, y) = self.placement.tolist()
        if (a, b, c, d) == (1.0, 0.0, 0.0, 1.0) and x == int(x) and y == int(y):
            return int(x), int(y)
        return None


PAINT_UNIT = 64
"""Steps of `Layer.paint` in one 8-bit level: fine enough that a stack of layers rounds only once."""

Value = Image | Face | Person | Layer | str
"""What may pass along a wire."""

PYTHON_TYPE: dict[Kind, type] = {
    Kind.FACE: Face,
    Kind.PERSON: Person,
    Kind.LAYER: Layer,
    Kind.PROMPT: str,
    **dict.fromkeys(
        (Kind.PORTRAIT, Kind.GARMENT, Kind.MAKEUP, Kind.HAIRSTYLE, Kind.SCENE, Kind.PRODUCT, Kind.PICTURE), Image
    ),
}
"""The class that holds each kind."""
