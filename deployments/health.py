"""What an Engine learns of places from the calls it makes: how busy, how fast, and whether to leave them alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from deployments.names import Place

LOSSES = 3
"""Losses in a row after which a place is left alone."""
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 120.0
PROBE_S = 30.0
"""A probe that has not ended by then counts as lost."""
KEPT = 0.8
"""Share of what was known when a new time comes in."""


@dataclass
class _Known:
    """Of one place."""

    running: int = 0
    seconds: float | None = None
    losses: int = 0
    all_losses: int = 0
    pause_s: float = FIRST_PAUSE_S
    open_until: float | None = None
    probe_until: float = 0.0


@dataclass(frozen=True)
class Seen:
    """What is told of one place. Args: losses: all that there were; breaker: its state."""

    losses: int
    breaker: Literal["closed", "half-open", "open"]


class Health:
    """A circuit breaker for each algorithm at each site, and what calls there take.

    Closed: calls go there. Open, after `LOSSES` losses in a row: none does for a pause. Half-open, after the pause: one
    does; its success closes the breaker, its loss opens it for twice as long.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Place, _Known] = {}
        self._lock = threading.Lock()

    def began(self, place: Place) -> None:
        """A call was made."""
        with self._lock:
            known = self._known.setdefault(place, _Known())
            known.running += 1
            if known.open_until is not None:
                known.probe_until = self._clock() + PROBE_S

    def done(self, place: Place, seconds: float) -> None:
        """It made its value, after so many seconds of work; or failed in a way that is the step's own."""
        with self._lock:
            known = self._ended(place)
            known.seconds = seconds if known.seconds is None else KEPT * known.seconds + (1 - KEPT) * seconds
            self._close(known)

    def answered(self, place: Place) -> None:
        """It failed in a way that is the step's own: the place works."""
        with self._lock:
            self._close(self._ended(place))

    def lost(self, place: Place) -> None:
        """It was lost on the way, or took too long."""
        with self._lock:
            known = self._ended(place)
            known.losses += 1
            known.all_losses += 1
            if known.open_until is not None:
                known.pause_s = min(2 * known.pause_s, LONGEST_PAUSE_S)
            if known.open_until is not None or known.losses >= LOSSES:
                known.open_until = self._clock() + known.pause_s
                known.probe_until = 0.0

    def dropped(self, place: Place) -> None:
        """It was taken back: nothing is known of the place."""
        with self._lock:
            known = self._ended(place)
            known.probe_until = 0.0

    def closed_in_s(self, place: Place) -> float:
        """How long the place should be left alone; 0 when it may be called."""
        with self._lock:
            known = self._known.get(place)
            if known is None or known.open_until is None:
                return 0.0
            return max(0.0, known.open_until - self._clock(), known.probe_until - self._clock())

    def wait_s(self, place: Place, replicas: int, seconds: float) -> float:
        """How long a call made now waits for its turn. Args: seconds: of a run, where none was seen yet."""
        with self._lock:
            known = self._known.get(place)
            if known is None:
                return 0.0
            return known.running / max(1, replicas) * (seconds if known.seconds is None else known.seconds)

    def seconds(self, place: Place) -> float | None:
        """How long a run takes there, as far as is known."""
        with self._lock:
            known = self._known.get(place)
            return known.seconds if known else None

    def seen(self) -> dict[Place, Seen]:
        """What is to be told of each place that was ever called."""
        with self._lock:
            return {place: Seen(known.all_losses, self._breaker(known)) for place, known in self._known.items()}

    def _breaker(self, known: _Known) -> Literal["closed", "half-open", "open"]:
        if known.open_until is None:
            return "closed"
        return "open" if self._clock() < known.open_until else "half-open"

    def _ended(self, place: Place) -> _Known:
        known = self._known.setdefault(place, _Known())
        known.running = max(0, known.running - 1)
        return known

    @staticmethod
    def _close(known: _Known) -> None:
        known.losses, known.pause_s, known.open_until, known.probe_until = 0, FIRST_PAUSE_S, None, 0.0
