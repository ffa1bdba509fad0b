"""The shelf of the step cache: rows in an index and files of bytes, read with care, written whole, and bounded."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import genkol
from genkol.artifacts import Value
from genkol.finish import Finished
from genkol.kept import Kept
from genkol.stores.blobs import Blobs
from genkol.stores.counters import Counters
from genkol.stores.databases import Down
from genkol.stores.index import Entry, Index
from genkol.stores.values import FORMAT, Corrupt, NotKept, decode, encode

log = logging.getLogger("genkol.cache")

EDITION = f"{FORMAT}-{genkol.__version__}"
"""Part of every key: another release composes, gates or writes otherwise, and shares nothing with this one."""

NAME = re.compile(r"[0-9a-f]{64}")
DOWN_S = 20.0
"""How long a database that failed is not asked again."""
_BLOB = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{32}")
_ABANDONED_S = 3600.0  # bytes this old that no row knows of belong to a process that died
T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What the index says of a kept result, before its bytes are read.

    Args:
        by: ``service/algorithm`` that made it.
        seconds: that making it took.
        bytes: its size.
    """

    by: str
    seconds: float
    bytes: int


class Shelf:
    """Safe in threads and among processes. What fails in it is counted and logged, and never raised.

    Args:
        index: the rows.
        blobs: the bytes.
        max_bytes: of all entries together; those not used for longest go first.
        touch_s: how exactly the time of last use is kept.
        edition: entries of other editions are not seen.
        counters: what happens here.
    """

    def __init__(
        self, index: Index, blobs: Blobs, *, max_bytes: int, touch_s: float, edition: str, counters: Counters
    ) -> None:
        self._index = index
        self._blobs = blobs
        self._max_bytes = max_bytes
        self._touch_s = touch_s
        self._edition = edition
        self._counters = counters
        self._down_until = 0.0

    def get(self, name: str, by: str | None = None) -> Kept | None:
        """See `StepCache.get`."""
        return self.asked(lambda: self._read(name, by), None)

    def known(self, names: Sequence[str]) -> dict[str, Known]:
        """See `StepCache.known`."""
        return self.asked(lambda: self._known(names), {})

    def put(self, name: str, value: Value | Finished, seconds: float, by: str) -> bool:
        """See `StepCache.put`."""
        return self.asked(lambda: self._write(name, value, seconds, by), False)

    def key(self, name: str) -> str:
        """The key of a name in this edition."""
        return f"{name}.{self._edition}"

    def asked(self, work: Callable[[], T], otherwise: T) -> T:
        """Do what needs the index and the files. When they fail, all do without for a while; then one tries again."""
        now = time.monotonic()
        if now < self._down_until:
            return otherwise
        if self._down_until:
            self._down_until = now + DOWN_S
        try:
            done = work()
        except Down as error:
            self._down_until = time.monotonic() + DOWN_S
            self._counters.add(failures=1)
            log.warning("the step cache is left out for %.0f s: %s", DOWN_S, error)
            return otherwise
        self._down_until = 0.0
        return done

    def _read(self, name: str, by: str | None) -> Kept | None:
        key = self.key(name)
        for _ in range(2):  # another entry may take the place while one reads
            entry = self._index.find([key]).get(key)
            if entry is None or by not in (None, entry.made_by):
                return None
            data = self._blobs.get(entry.blob)
            try:
                value = decode(key, data or b"")
            except Corrupt as error:
                self._remove(entry, str(error) if data is not None else "its bytes are gone")
                continue
            self._used(entry)
            self._counters.add(hits=1, saved_seconds=entry.seconds, bytes_read=entry.bytes)
            return Kept(value, entry.seconds, entry.made_by, cached=True)
        return None

    def _used(self, entry: Entry) -> None:
        if entry.unused_s >= self._touch_s:
            with suppress(Down):
                self._index.touch(entry.key)

    def _remove(self, entry: Entry, why: str) -> None:
        if self._index.drop(entry):
            self._blobs.delete([entry.blob])
            self._counters.add(corrupt=1)
            log.warning("the kept result %s of %s was removed: %s", entry.key[:12], entry.made_by, why)

    def _known(self, names: Sequence[str]) -> dict[str, Known]:
        keys = {self.key(name): name for name in names if NAME.fullmatch(name)}
        found = self._index.find(list(keys))
        for entry in found.values():
            self._used(entry)
        return {keys[key]: Known(entry.made_by, entry.seconds, entry.bytes) for key, entry in found.items()}

    def _write(self, name: str, value: Value | Finished, seconds: float, by: str) -> bool:
        if not NAME.fullmatch(name):
            return False
        key, blob = self.key(name), f"{name}.{uuid4().hex}"
        try:
            data = encode(key, value)
        except NotKept as error:
            data = b""
            log.warning("a result of %s is not kept: %s", by, error)
        if not 0 < len(data) <= self._max_bytes:
            self._counters.add(not_kept=1)
            return False
        self._blobs.put(blob, data)
        try:
            replaced, evicted = self._index.keep(Entry(key, blob, by, seconds, len(data)), self._max_bytes)
        except Down:
            self._blobs.delete([blob])
            raise
        self._blobs.delete([*replaced, *evicted])
        self._counters.add(bytes_written=len(data), evictions=len(evicted))
        self._sweep()
        return True

    def _sweep(self) -> None:
        """Remove what dead processes left behind; once an hour somebody does."""
        if self._index.due("sweep", _ABANDONED_S):
            self._index.forget_lapsed(_ABANDONED_S)
            old = [blob for blob in self._blobs.older(_ABANDONED_S) if _BLOB.fullmatch(blob)]
            self._blobs.delete(self._index.unknown(old))
