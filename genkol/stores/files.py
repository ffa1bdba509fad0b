"""Files that are either whole or absent."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

PART = ".part"
"""Ending of a file that is still being written."""


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_at_once(file: Path, data: bytes) -> None:
    """Write a file that is either whole or absent, whatever happens meanwhile."""
    with NamedTemporaryFile(dir=file.parent, suffix=PART, delete=False) as part:
        try:
            part.write(data)
            part.close()
            Path(part.name).replace(file)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
