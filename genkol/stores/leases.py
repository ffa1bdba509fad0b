"""Who is making what: leases that are renewed while their holder lives, and lapse when it dies."""

from __future__ import annotations

import os
import socket
import threading
from uuid import uuid4

from genkol.stores.databases import Down
from genkol.stores.index import Index


class Leases:
    """The leases of this process. One thread renews those that are held, and ends when none is.

    A lease orders who works; it guards nothing. Should two hold one, because a process stood still for longer than
    a lease lasts, both make the same result under the same name: time is lost, never truth.

    Args:
        index: where they stand.
        seconds: after which a dead holder's lease lapses; a living one renews it three times in that.
    """

    def __init__(self, index: Index, seconds: float) -> None:
        self._index = index
        self._seconds = seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @staticmethod
    def token() -> str:
        """A new token: what a lease is held by."""
        return uuid4().hex

    def acquire(self, key: str, token: str) -> bool:
        """Take a free lease. It lapses unless `hold` follows."""
        return self._index.acquire(key, token, self._holder, self._seconds)

    def hold(self, token: str) -> None:
        """Renew a lease from now on."""
        with self._lock:
            self._held.add(token)
            if self._thread is None:
                self._wake = threading.Event()
                self._thread = threading.Thread(target=self._renew, args=(self._wake,), name="leases", daemon=True)
                self._thread.start()

    def let_go(self, token: str) -> None:
        """Renew a lease no more: should giving it back fail, it lapses."""
        with self._lock:
            self._held.discard(token)

    def release(self, key: str, token: str) -> None:
        """Give a lease back."""
        self.let_go(token)
        self._index.release(key, token)

    def stop(self) -> None:
        """Renew nothing any more."""
        with self._lock:
            self._held.clear()
            self._wake.set()

    def _renew(self, stop: threading.Event) -> None:
        while not stop.wait(self._seconds / 3):
            with self._lock:
                held = tuple(self._held)
                if not held:
                    self._thread = None
                    return
            try:
                self._index.renew(held, self._seconds)
            except Down:
                continue
        with self._lock:
            self._thread = None
