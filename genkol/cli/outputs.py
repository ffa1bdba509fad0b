"""Where the picture, its layers and the report go: checked before the work, written all at once after it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genkol.errors import NotAcceptable, RequestError

FORMATS: Mapping[str, str] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""Ending of a file to the format of a picture."""


@dataclass(frozen=True)
class Produced:
    """What comes out of a flow.

    Args:
        picture: the encoded file.
        ora: the layers as OpenRaster, empty unless asked for.
        report: JSON-ready, see `genkol.engine.Result.report`.
    """

    picture: bytes
    ora: bytes
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Outputs:
    """The files to write.

    Args:
        picture: its ending says the format.
        layers, report: None where not asked for.
    """

    picture: Path
    layers: Path | None = None
    report: Path | None = None

    @property
    def format(self) -> str:
        """png, jpeg or webp.

        Raises:
            NotAcceptable: the ending is none of these.
        """
        ending = self.picture.suffix.lower()
        if ending not in FORMATS:
            raise NotAcceptable(
                f"{self.picture}: no picture is written as {ending or 'a file without ending'}. "
                f"Choose one of: {', '.join(FORMATS)}."
            )
        return FORMATS[ending]

    def check(self) -> None:
        """Raise before the work is done what would go wrong after it.

        Raises:
            RequestError: a folder is absent, or a file is named twice.
        """
        _ = self.format
        paths = [path for path in (self.picture, self.layers, self.report) if path is not None]
        for path in paths:
            if path.is_dir() or not path.parent.is_dir():
                what = "is a folder" if path.is_dir() else f"cannot be written: there is no folder {path.parent}"
                raise RequestError(f"{path} {what}.")
        if len({path.absolute() for path in paths}) < len(paths):
            raise RequestError("The picture, --layers and --report need a file each, but two are the same.")

    def write(self, produced: Produced) -> None:
        """Write all files, or none.

        Raises:
            RequestError: the disk does not take them.
        """
        contents = {self.picture: produced.picture}
        if self.layers is not None:
            contents[self.layers] = produced.ora
        if self.report is not None:
            contents[self.report] = (json.dumps(produced.report, indent=2) + "\n").encode()
        try:
            _write_all(contents)
        except OSError as error:
            raise RequestError(f"{error.filename or self.picture} cannot be written: {error.strerror}.") from error


def _write_all(contents: Mapping[Path, bytes]) -> None:
    """Write beside each file first, so that a full disk leaves nothing half written."""
    with ExitStack() as stack:
        fresh = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
        for path, part in fresh.items():
            stack.callback(part.unlink, missing_ok=True)
            part.write_bytes(contents[path])
        for path, part in fresh.items():
            part.replace(path)
