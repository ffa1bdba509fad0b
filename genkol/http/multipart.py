"""multipart/form-data as parts in memory: bounded while it streams, and file names never looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from genkol.errors import RequestError, TooLarge


@dataclass(frozen=True)
class Part:
    """One field of a form.

    Args:
        name: of the field.
        data: at most one byte more than was allowed.
        size: of what came, bytes.
    """

    name: str
    data: bytes
    size: int


async def read_parts(
    stream: AsyncIterator[bytes], content_type: str, *, max_parts: int, max_part_bytes: int
) -> list[Part]:
    """Return the parts of a form in their order.

    Args:
        stream: the body, in chunks.
        content_type: the header, for the boundary.
        max_parts: most parts.
        max_part_bytes: a larger part is counted but not kept; see `Part.size`.

    Raises:
        RequestError: the body is no form, or ends early.
        TooLarge: too many parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise RequestError("The form has no boundary. Let your HTTP client set the Content-Type of the form.")
    form = _Form(max_parts, max_part_bytes)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_header_field": form.header_field,
                "on_header_value": form.header_value,
                "on_header_end": form.header_end,
                "on_part_data": form.part_data,
                "on_part_end": form.part_end,
                "on_end": form.end,
            },
        )
        async for chunk in stream:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise RequestError(f"The form cannot be read ({error}). Send multipart/form-data as RFC 7578 says.") from error
    if not form.ended:
        raise RequestError("The form ends early: its closing boundary is missing. Send it again.")
    return form.parts


class _Form:
    """Collects what the parser finds."""

    def __init__(self, max_parts: int, max_part_bytes: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._max_parts, self._max_bytes = max_parts, max_part_bytes
        self.begin()

    def begin(self) -> None:
        self._field, self._value, self._name = b"", b"", ""
        self._data, self._size = bytearray(), 0

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            options = parse_options_header(self._value)[1]
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._field, self._value = b"", b""

    def part_data(self, data: bytes, start: int, end: int) -> None:
        room = self._max_bytes + 1 - len(self._data)
        self._data += data[start : min(end, start + room)]
        self._size += end - start

    def part_end(self) -> None:
        if len(self.parts) >= self._max_parts:
            raise TooLarge(f"The form has more than {self._max_parts} parts. Send fewer.", expected=self._max_parts)
        self.parts.append(Part(self._name, bytes(self._data), self._size))

    def end(self) -> None:
        self.ended = True
