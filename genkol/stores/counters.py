"""What the step cache counts; an exporter of metrics reads it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Counts since this process began. Read them by `snapshot`.

    Args:
        hits: results that were there.
        misses: results that had to be made.
        waits: hits that somebody else made while one waited.
        saved_seconds: what making the hits took once.
        bytes_read, bytes_written: of results.
        evictions: entries that this process took out to make room.
        corrupt: entries that were damaged, cut off or gone, and were removed.
        not_kept: results that were too large, had no form, or came faster than they could be written.
        failures: times that the database or the store of files did not answer.
    """

    hits: int = 0
    misses: int = 0
    waits: int = 0
    saved_seconds: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    evictions: int = 0
    corrupt: int = 0
    not_kept: int = 0
    failures: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, **more: float) -> None:
        """Add to some of them, from any thread."""
        with self._lock:
            for name, by in more.items():
                setattr(self, name, getattr(self, name) + by)

    def snapshot(self) -> dict[str, float]:
        """All of them, at one moment."""
        with self._lock:
            return {name: value for name, value in vars(self).items() if not name.startswith("_")}
