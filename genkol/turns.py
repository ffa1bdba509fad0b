"""Threads that take the most urgent work first, where that which uses the same thing waits for its turn."""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

GRACE_S = 0.001
"""What a result makes possible comes by the event loop, and may be more urgent than what waits already."""


@dataclass(order=True, frozen=True)
class _Turn:
    """Waiting work."""

    urgency: tuple[int, ...]
    number: int
    uses: Hashable = field(compare=False)
    work: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False)


class Turns:
    """A pool of threads. Work that waits for another of its kind holds no thread meanwhile.

    Args:
        threads: most works at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="genkol")
        self._free = threads
        self._numbers = itertools.count()
        self._waiting: list[_Turn] = []
        self._used: set[Hashable] = set()
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], Any], urgency: tuple[int, ...] = (), uses: Hashable = None) -> Future[Any]:
        """Have some work done.

        Args:
            work: to be called in a thread.
            urgency: the smallest goes first; of equals the one that came first.
            uses: what only one work at a time may use, or None.
        """
        future: Future[Any] = Future()
        with self._lock:
            bisect.insort(self._waiting, _Turn(urgency, next(self._numbers), uses, work, future))
            self._start()
        return future

    def close(self) -> None:
        """Let running work end and cancel what waits."""
        with self._lock:
            for turn in self._waiting:
                turn.future.cancel()
            self._waiting.clear()
        self._pool.shutdown()

    def _start(self) -> None:
        """Start what can, the most urgent first. The lock is held."""
        for turn in tuple(self._waiting):
            if self._free == 0:
                return
            if turn.uses is None or turn.uses not in self._used:
                self._waiting.remove(turn)
                if turn.future.set_running_or_notify_cancel():
                    self._free -= 1
                    self._used.add(turn.uses)
                    self._pool.submit(self._run, turn)

    def _run(self, turn: _Turn) -> None:
        try:
            turn.future.set_result(turn.work())
        except BaseException as error:  # whatever it is, whoever waits must learn of it
            turn.future.set_exception(error)
        finally:
            if self._waiting:
                time.sleep(GRACE_S)
            with self._lock:
                self._free += 1
                self._used.discard(turn.uses)
                self._start()
