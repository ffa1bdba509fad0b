"""Results survive as bytes, byte for byte; nothing else is ever read for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.artifacts import Face, Hand, Image, Layer, Person, digest_of
from genkol.finish import Finished, LayerReport
from genkol.stores.values import Corrupt, NotKept, decode, encode

NAME = "a" * 64


def person(side: int, rng: np.random.Generator) -> Person:
    maps = [rng.integers(0, 256, (side, side), np.uint8) for _ in range(5)]
    hand = Hand(rng.random((21, 3)).astype(np.float32), "left", 0.25)
    return Person(*maps, np.zeros((side, side), np.uint8), rng.random((33, 4)).astype(np.float32), (hand, hand))


def layer(h: int, w: int, rng: np.random.Generator) -> Layer:
    paint = rng.integers(-9000, 9000, (h, w, 3), np.int16)
    return Layer(paint, rng.integers(0, 256, (h, w), np.uint8), np.array([[1, 0.1, 7], [0.2, 1, -3]]), "Rouge · 口红")


def values(seed: int, side: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    flat = np.full((side, side + 1, 3), 7, np.uint8)
    face = Face(
        rng.random((68, 2)).astype(np.float32),
        np.zeros((0, 3), np.float32),
        np.array([1, 2, 3, 4], np.float32),
        rng.random((2, 3)),
        256,
        0.1 + 0.2,
        -3.5,
    )
    report = LayerReport("makeup", "Rouge", 0.5, (1, 2, 3, 4), 12, "d" * 64, b"\x89PNG")
    finished = Finished(b"\x89PNG...", "image/png", 4, 5, "e" * 64, (4, 5), (report,), b"PK")
    images = [Image(flat), Image(rng.integers(0, 256, (side, side, 3), np.uint8), flat[:, :side, 0])]
    return [*images, face, person(side, rng), layer(side, side + 3, rng), layer(0, 0, rng), finished, "a prompt"]


@given(seed=st.integers(0, 99), side=st.integers(1, 70))
def test_every_kind_of_result_comes_back_as_it_was(seed: int, side: int) -> None:
    for value in values(seed, side):
        data = encode(NAME, value)
        back = decode(NAME, data)
        if isinstance(value, Finished):
            assert back == value
        else:
            assert digest_of(back) == digest_of(value)
        assert type(back) is type(value)


def test_what_comes_back_cannot_be_changed() -> None:
    back = decode(NAME, encode(NAME, person(40, np.random.default_rng(0))))
    assert isinstance(back, Person)
    for array in (back.matte, back.accessories, back.pose, back.hands[0].landmarks):
        assert array.flags.aligned
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_flat_maps_are_small_and_noise_is_not_blown_up() -> None:
    flat, noise = Image(np.zeros((512, 512, 3), np.uint8)), values(1, 512)[1]
    assert len(encode(NAME, flat)) < 20_000
    assert len(encode(NAME, noise)) < noise.pixels.nbytes + 20_000


@given(data=st.data(), which=st.integers(0, 7))
def test_a_changed_or_missing_byte_is_noticed(data: st.DataObject, which: int) -> None:
    whole = encode(NAME, values(1, 9)[which])
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))
    for damaged in (bytes(flipped), whole[:at], whole + b"\x00"):
        with pytest.raises(Corrupt):
            decode(NAME, damaged)


@given(st.binary(max_size=200))
def test_other_bytes_are_nobodys(data: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(NAME, data)


def test_a_result_is_read_under_its_own_name_only() -> None:
    with pytest.raises(Corrupt, match="it is the result aaaa"):
        decode("b" * 64, encode(NAME, "x"))


def test_a_form_of_the_future_is_nobodys() -> None:
    data = bytearray(encode(NAME, "x"))
    data[7] += 1
    with pytest.raises(Corrupt, match="not of this form"):
        decode(NAME, bytes(data))


class Foreign(Image):
    """A class that the form does not know, though it derives from one it does."""


@pytest.mark.parametrize(
    "value",
    [
        Foreign(np.zeros((2, 2, 3), np.uint8)),
        Hand(np.array([object()]), "left", 1.0),
        Hand(np.zeros(3, np.float32), "left", np.float32(1)),  # type: ignore[arg-type]
        {"a": 1},
    ],
)
def test_what_has_no_form_is_not_kept(value: Any) -> None:
    with pytest.raises(NotKept, match="has no form in the step cache"):
        encode(NAME, value)


def test_a_header_that_lies_is_not_believed() -> None:
    """A digest that fits proves who wrote it, not that what was written makes sense."""
    import hashlib
    import json
    import struct

    from genkol.stores.values import MAGIC

    def forged(value: Any, parts: list[dict[str, Any]], payload: bytes = b"") -> bytes:
        header = json.dumps({"name": NAME, "value": value, "parts": parts}).encode()
        body = struct.pack("<I", len(header)) + header + payload
        return MAGIC + hashlib.sha256(body).digest() + body

    assert decode(NAME, forged("fine", [])) == "fine"
    image = {"is": "Image", "pixels": {"part": 0}, "alpha": None}
    part = {"dtype": "|u1", "shape": [1, 1, 3], "size": 3}
    assert isinstance(decode(NAME, forged(image, [part], b"rgb")), Image)
    for lie in (
        forged({**image, "is": "Path"}, [part], b"rgb"),
        forged({**image, "more": 1}, [part], b"rgb"),
        forged({"is": "Image", "pixels": {"part": 0}}, [part], b"rgb"),
        forged({**image, "pixels": {"part": 1}}, [part], b"rgb"),
        forged(image, [{**part, "dtype": "|O"}], b"rgb"),
        forged(image, [{**part, "shape": [-1, 1, 3]}], b"rgb"),
        forged(image, [{**part, "shape": [1 << 20, 1 << 20, 3], "packed": True}], b"rgb"),
        forged(image, [{**part, "size": -1}], b"rgb"),
        forged(image, [{**part, "packed": True}], b"rgb"),
        forged(image, [part], b"rgbx"),
        forged({**image, "pixels": "text"}, []),
    ):
        with pytest.raises(Corrupt):
            decode(NAME, lie)
