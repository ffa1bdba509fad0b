"""Uploaded pictures, kept under the digest of their content.

Only pictures that were decoded and encoded anew are stored, never the bytes that somebody sent.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from genkol.artifacts import Image
from genkol.errors import TooLarge, UnknownAsset
from genkol.pictures import PNG, write_image
from genkol.stores.files import PART, write_at_once

DIGEST = re.compile(r"[0-9a-f]{64}")
"""The name of an asset: SHA-256 of its PNG file, lower-case hex."""

_ABANDONED_S = 3600.0  # a temporary file this old belongs to a process that died


@dataclass(frozen=True)
class Asset:
    """A stored picture.

    Args:
        digest: its name.
        size_bytes: of the PNG file.
        width, height: pixels.
    """

    digest: str
    size_bytes: int
    width: int
    height: int


class AssetStore(Protocol):
    """Keeps pictures by digest."""

    def put(self, image: Image) -> Asset:
        """Keep a picture; the same picture has the same digest and is kept once.

        Raises:
            TooLarge: it does not fit the store.
        """
        ...

    def get(self, digest: str) -> bytes:
        """Return the PNG file.

        Raises:
            UnknownAsset: there is none of that digest, or no longer.
        """
        ...

    def delete(self, digest: str) -> None:
        """Forget a picture.

        Raises:
            UnknownAsset: there is none of that digest.
        """
        ...


class FolderStore:
    """Assets as files of one folder; several processes of one machine may share it.

    When the folder grows over its limit, those go first that were not used for longest.

    Args:
        root: made on first use, readable by its owner alone.
        max_bytes: of all files together.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes

    def put(self, image: Image) -> Asset:
        data = write_image(image, PNG)
        if len(data) > self._max_bytes:
            raise TooLarge(
                f"The picture has {len(data):,} bytes as PNG; the asset folder holds {self._max_bytes:,}. "
                "Send a smaller one.",
                value=len(data),
                expected=self._max_bytes,
            )
        digest = hashlib.sha256(data).hexdigest()
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._root / ".lock"):
            file = self._file(digest)
            if file.exists():
                os.utime(file)
            else:
                self._make_room(len(data))
                write_at_once(file, data)
        return Asset(digest, len(data), image.width, image.height)

    def get(self, digest: str) -> bytes:
        file = self._file(digest)
        try:
            data = file.read_bytes()
        except FileNotFoundError as error:
            raise _unknown(digest) from error
        with suppress(OSError):  # evicted between the two calls: what was read is still good
            os.utime(file)
        return data

    def delete(self, digest: str) -> None:
        try:
            self._file(digest).unlink()
        except FileNotFoundError as error:
            raise _unknown(digest) from error

    def _file(self, digest: str) -> Path:
        """The place of an asset; a name that is no digest has none, so nobody walks out of the folder."""
        if not DIGEST.fullmatch(digest):
            raise _unknown(digest)
        return self._root / f"{digest}.png"

    def _make_room(self, wanted: int) -> None:
        kept = sorted(self._kept(), key=lambda entry: entry[0])
        total = sum(size for _, size, _ in kept)
        for _, size, file in kept:
            if total + wanted <= self._max_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size

    def _kept(self) -> Iterator[tuple[int, int, Path]]:
        """(time of last use, bytes, file) of every asset; leftovers of dead processes are removed."""
        for file in self._root.iterdir():
            with suppress(FileNotFoundError):
                stat = file.stat()
                if file.suffix == ".png":
                    yield stat.st_mtime_ns, stat.st_size, file
                elif file.suffix == PART and time.time() - stat.st_mtime > _ABANDONED_S:
                    file.unlink()


def _unknown(digest: str) -> UnknownAsset:
    shown = digest if len(digest) <= 80 else digest[:77] + "..."
    return UnknownAsset(
        f"No asset {shown!r} is kept here. Upload the picture with POST /v1/assets; "
        "assets that nobody uses are removed when room is needed.",
        value=shown,
    )
