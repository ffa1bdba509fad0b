"""Results as bytes: a compact, versioned form that cannot run code, and that proves itself whole when it is read.

    MAGIC | SHA-256 of the rest | length of the header, 4 bytes, little-endian | header, JSON | arrays in a row

The header says whose result it is (its name) and how it is built: dataclasses by the names in `_CLASSES`, tuples,
JSON scalars, and places of arrays and bytes. An array that shrinks by half is compressed.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from genkol.artifacts import Face, Hand, Image, Layer, Person, Value
from genkol.errors import GenkolError
from genkol.finish import Finished, LayerReport

FORMAT = 1
"""Raised when the form changes; older bytes are then nobody's."""

MAGIC = b"GENKOL\x00" + bytes([FORMAT])
_CLASSES: Mapping[str, type[Any]] = {c.__name__: c for c in (Image, Face, Hand, Person, Layer, Finished, LayerReport)}
_DTYPES = frozenset({"|u1", "<i2", "<f4", "<f8"})
_SHA_BYTES = 32
_LENGTH = struct.Struct("<I")
_START = len(MAGIC) + _SHA_BYTES + _LENGTH.size
_SAMPLE = 16 << 10  # bytes of each of three samples that tell whether compressing is worth its time
_MOST_BYTES = 4 << 30


class Corrupt(Exception):
    """Bytes that are not what was written."""


class NotKept(GenkolError):
    """A value of a class that has no form here."""

    code = "not-kept"


def encode(name: str, value: Value | Finished) -> bytes:
    """Return the bytes of a result.

    Raises:
        NotKept: it holds something that has no form here.
    """
    writing = _Writing()
    tree = writing.tree(value)
    header = json.dumps({"name": name, "value": tree, "parts": writing.parts}, separators=(",", ":")).encode()
    body = [_LENGTH.pack(len(header)), header, *writing.chunks]
    sha = hashlib.sha256()
    for part in body:
        sha.update(part)
    return b"".join([MAGIC, sha.digest(), *body])


def decode(name: str, data: bytes) -> Value | Finished:
    """Return the result that `encode` wrote under this name; its arrays are read-only.

    Raises:
        Corrupt: a byte is missing or wrong, or these are another result's.
    """
    view = memoryview(data)
    if len(data) < _START or view[: len(MAGIC)] != MAGIC:
        raise Corrupt("not of this form")
    body = view[len(MAGIC) + _SHA_BYTES :]
    if hashlib.sha256(body).digest() != view[len(MAGIC) : len(MAGIC) + _SHA_BYTES]:
        raise Corrupt("the digest does not fit")
    (length,) = _LENGTH.unpack_from(body)
    try:
        header = json.loads(bytes(body[_LENGTH.size : _LENGTH.size + length]))
        if header["name"] != name:
            raise Corrupt(f"it is the result {header['name']}")
        value: Value | Finished = _Reading(header["parts"], body[_LENGTH.size + length :]).value(header["value"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, zlib.error, GenkolError) as error:
        raise Corrupt(f"{type(error).__name__}: {error}") from error
    return value


@dataclass
class _Writing:
    """The arrays that come up while a value is taken apart."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    chunks: list[bytes | memoryview] = field(default_factory=list)

    def tree(self, value: Any) -> Any:
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if isinstance(value, bytes):
            return self._part({"bytes": len(value)}, value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, tuple):
            return [self.tree(item) for item in value]
        if type(value) is _CLASSES.get(type(value).__name__):
            return {"is": type(value).__name__, **{f.name: self.tree(getattr(value, f.name)) for f in fields(value)}}
        raise NotKept(f"A {type(value).__name__} has no form in the step cache.")

    def _array(self, array: np.ndarray[Any, Any]) -> dict[str, int]:
        if array.dtype.str not in _DTYPES:
            raise NotKept(f"An array of {array.dtype} has no form in the step cache.")
        raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        packed = zlib.compress(raw, 1) if _shrinks(raw) else None
        about = {"dtype": array.dtype.str, "shape": list(array.shape)}
        return self._part(about if packed is None else {**about, "packed": True}, raw if packed is None else packed)

    def _part(self, about: dict[str, Any], chunk: bytes | memoryview) -> dict[str, int]:
        self.parts.append({**about, "size": len(chunk)})
        self.chunks.append(chunk)
        return {"part": len(self.parts) - 1}


def _shrinks(raw: memoryview) -> bool:
    if len(raw) < 1 << 10:
        return False
    middle = len(raw) // 2
    sample = bytes(raw[:_SAMPLE]) + bytes(raw[middle : middle + _SAMPLE]) + bytes(raw[-_SAMPLE:])
    return len(zlib.compress(sample, 1)) * 2 < len(sample)


class _Reading:
    """The arrays of a file, found again by their numbers."""

    def __init__(self, parts: list[dict[str, Any]], payload: memoryview) -> None:
        self._parts = [self._opened(about, chunk) for about, chunk in _cut(parts, payload)]

    def value(self, tree: Any) -> Any:
        if isinstance(tree, list):
            return tuple(self.value(item) for item in tree)
        if not isinstance(tree, dict):
            return tree
        if "part" in tree:
            return self._parts[tree["part"]]
        made = _CLASSES[tree["is"]]
        given = {name: self.value(item) for name, item in tree.items() if name != "is"}
        if set(given) != {f.name for f in fields(made)}:
            raise Corrupt(f"a {made.__name__} has other fields")
        return made(**given)

    @staticmethod
    def _opened(about: dict[str, Any], chunk: memoryview) -> Any:
        if "bytes" in about:
            return bytes(chunk)
        dtype, shape = np.dtype(about["dtype"]), tuple(about["shape"])
        size = math.prod(shape) * dtype.itemsize
        if about["dtype"] not in _DTYPES or not 0 <= size <= _MOST_BYTES:
            raise Corrupt(f"an array of {about['dtype']} {shape}")
        raw: bytes | memoryview = _unpacked(chunk, size) if about.get("packed") else chunk
        array = np.frombuffer(raw, dtype).reshape(shape)
        if not array.flags.aligned:  # what lies at an odd place of the file
            array = array.copy()
            array.flags.writeable = False
        return array


def _unpacked(chunk: memoryview, size: int) -> bytes:
    """Decompress to exactly so many bytes, and never to more."""
    unpacking = zlib.decompressobj()
    raw = unpacking.decompress(chunk, size)
    if len(raw) != size or unpacking.decompress(unpacking.unconsumed_tail, 1):
        raise Corrupt("an array has another size")
    return raw


def _cut(parts: list[dict[str, Any]], payload: memoryview) -> Iterator[tuple[dict[str, Any], memoryview]]:
    start = 0
    for about in parts:
        end = start + int(about["size"])
        if not start <= end <= len(payload):
            raise Corrupt("an array is cut off")
        yield about, payload[start:end]
        start = end
    if start != len(payload):
        raise Corrupt("bytes are left over")
