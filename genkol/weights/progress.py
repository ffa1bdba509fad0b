"""Progress of downloads: bars on a terminal, one log line elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

log = logging.getLogger("genkol.weights")


class OnProgress(Protocol):
    def __call__(self, label: str, done_bytes: int, total_bytes: int | None) -> None:
        """Hear how much of an archive is there; `total_bytes` is None while it is unknown."""


@contextmanager
def bars() -> Iterator[OnProgress]:
    """Yield a listener that draws one bar for each archive on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = {}

        def hear(label: str, done_bytes: int, total_bytes: int | None) -> None:
            if label not in tasks:
                log.info("fetching %s", label)
                tasks[label] = progress.add_task(label, total=None)
            progress.update(tasks[label], completed=done_bytes, total=total_bytes)

        yield hear
