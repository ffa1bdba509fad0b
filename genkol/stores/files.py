"""Files that are either whole or absent."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

PART = ".part"
"""Ending of a file that is still being written."""


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
