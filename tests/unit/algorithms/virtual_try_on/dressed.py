"""A drawn person in a top and trousers, whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8, Image, Person

HEIGHT, WIDTH = 480, 320
TOP, BOTTOM = np.s_[110:300, 90:230], np.s_[310:450, 100:220]
BACKDROP, SKIN = (228, 230, 233), (205, 150, 120)


def folds(strength: float = 0.35) -> F32:
    """(HEIGHT, WIDTH) factors on linear light: soft folds, darker to the sides."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    waves = np.sin(x / 13 + np.sin(y / 37)) * 0.5 + np.sin(y / 23 + x / 50) * 0.3
    return np.asarray(np.exp(strength * (waves - 0.6 * ((x - WIDTH / 2) / 80) ** 2)), np.float32)


def srgb(linear: F32) -> F32:
    return np.clip(linear, 0, 1) ** (1 / 2.2) * 255


def dressed(top: tuple[int, int, int], bottom: tuple[int, int, int] | None = None, light: F32 | None = None) -> Image:
    """A person of two garments under a light; without a bottom the legs are bare."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.float32)
    pixels[:] = BACKDROP
    pixels[40:110, 130:190] = SKIN
    pixels[300:450, 100:220] = SKIN
    shade = folds() if light is None else light
    for part, colour in ((TOP, top), (np.s_[300:450, 100:220], bottom)):
        if colour is not None:
            linear = (np.array(colour, np.float32) / 255) ** 2.2
            pixels[part] = srgb(linear * shade[part][..., None])
    return Image(np.rint(np.clip(pixels, 0, 255)).astype(np.uint8))


def worn_by(image: Image, bottom: bool = True, pose: bool = True) -> Person:
    """The parts of that person."""

    def area(*parts: tuple[slice, ...]) -> U8:
        map_: U8 = np.zeros((HEIGHT, WIDTH), np.uint8)
        for part in parts:
            map_[part] = 255
        return cv2.blur(map_, (3, 3))

    legs = np.s_[300:450, 100:220]
    face, clothes = np.s_[40:110, 130:190], [TOP, legs] if bottom else [TOP]
    skin = area() if bottom else area(legs)
    return Person(
        area(face, TOP, legs), area(), area(face), skin, area(*clothes), area(), facing() if pose else facing()[:0]
    )


def facing(back: bool = False) -> F32:
    """(33, 4) upright, towards the camera or away from it."""
    pose = np.zeros((33, 4), np.float32)
    pose[:, 3] = 0.95
    left, right = (110, 210) if back else (210, 110)  # the person's own left is at the picture's right
    for index, (x, y) in {
        11: (left, 125),
        12: (right, 125),
        13: (left, 200),
        14: (right, 200),
        15: (left, 270),
        16: (right, 270),
        23: (left * 0.6 + 64, 285),
        24: (right * 0.6 + 64, 285),
        25: (left * 0.6 + 64, 370),
        26: (right * 0.6 + 64, 370),
        27: (left * 0.6 + 64, 470),
        28: (right * 0.6 + 64, 470),
        29: (left * 0.6 + 64, 476),
        30: (right * 0.6 + 64, 476),
        31: (left * 0.6 + 64, 478),
        32: (right * 0.6 + 64, 478),
    }.items():
        pose[index, :2] = x, y
    return pose
