"""Forms are read in memory, within bounds, whatever their file names say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from genkol.errors import RequestError, TooLarge
from genkol.http.multipart import Part, read_parts

TYPE = "multipart/form-data; boundary=xyz"


def part(name: str, data: bytes, rest: str = "") -> bytes:
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{rest}\r\n\r\n'.encode() + data + b"\r\n"


async def read(body: bytes, content_type: str = TYPE, chunk: int = 7, **limits: int) -> list[Part]:
    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), chunk):
            yield body[start : start + chunk]

    return await read_parts(stream(), content_type, **{"max_parts": 4, "max_part_bytes": 100, **limits})


async def test_parts_come_in_their_order_however_the_body_is_cut() -> None:
    body = part("a", b"1\r\n--xy") + part("b", b"\x00\xff", '; filename="f.png"') + b"--xyz--\r\n"
    for chunk in (1, 2, 3, 50, 1000):
        assert await read(body, chunk=chunk) == [Part("a", b"1\r\n--xy", 7), Part("b", b"\x00\xff", 2)]


async def test_a_part_that_is_too_large_is_counted_but_not_kept() -> None:
    (found,) = await read(part("a", b"x" * 5000) + b"--xyz--\r\n", max_part_bytes=10)
    assert found == Part("a", b"x" * 11, 5000)


async def test_too_many_parts_are_refused() -> None:
    with pytest.raises(TooLarge, match="more than 4 parts"):
        await read(part("a", b"") * 5 + b"--xyz--\r\n")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"", TYPE, "ends early"),
        (part("a", b"1"), TYPE, "ends early"),
        (b"rubbish", TYPE, "cannot be read"),
        (b"", "multipart/form-data", "no boundary"),
        (b"", "multipart/form-data; boundary=" + "x" * 300, "cannot be read"),
        (b"--xyz\r\n" + b"A: b\r\n" * 50 + b"\r\n", TYPE, "cannot be read"),
        (b"--xyz\r\nA: " + b"b" * 9000 + b"\r\n\r\n", TYPE, "cannot be read"),
    ],
)
async def test_what_is_no_form_is_refused(body: bytes, content_type: str, text: str) -> None:
    with pytest.raises(RequestError, match=text):
        await read(body, content_type)
