"""The part of a picture, and of a person's maps, that holds the clothes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from genkol.artifacts import U8, Hand, Person
from genkol.vision.box import Box, box_of

STEP = 8


def clothes_box(person: Person) -> Box | None:
    """Return the box around the clothes, a little larger; None without any."""
    box = box_of(person.clothes > 12, 1, 1)
    return None if box is None else even(box.grown(0.03, person.clothes.shape), person.clothes.shape)


def even(box: Box, shape: tuple[int, ...]) -> Box:
    """Return the box with sides of a multiple of `STEP` where the picture has room: such are halved much faster."""
    (left, right), (top, bottom) = (
        _even(*side) for side in ((box.left, box.right, shape[1]), (box.top, box.bottom, shape[0]))
    )
    return Box(left, top, right, bottom)


def _even(first: int, last: int, most: int) -> tuple[int, int]:
    length = -(-(last - first) // STEP) * STEP
    if length > most:
        return first, last
    first = min(first, most - length)
    return first, first + length


def cut(person: Person, box: Box) -> Person:
    """Return the person as it is in a part of the picture."""

    def part(map_: U8) -> U8:
        return np.ascontiguousarray(box.of(map_))

    pose = person.pose.copy()
    pose[:, :2] -= (box.left, box.top)
    skin, held = (part(person.face_skin), part(person.body_skin)), part(person.accessories)
    return Person(
        part(person.matte), part(person.hair), *skin, part(person.clothes), held, pose, _moved(person.hands, box)
    )


def _moved(hands: tuple[Hand, ...], box: Box) -> tuple[Hand, ...]:
    shift = np.array([box.left, box.top, 0], np.float32)
    return tuple(replace(hand, landmarks=hand.landmarks - shift) for hand in hands)
