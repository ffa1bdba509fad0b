"""The step cache: results kept under the names of the steps that made them, each made once at a time.

An entry is a row in the index (SQLite or PostgreSQL) and a file of its bytes (a folder or S3). Names are digests of
all that decides a result, so that an entry is never out of date. Whatever fails here costs time and no request:
while a database does not answer, nothing is found and nothing kept.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

from genkol.artifacts import Value
from genkol.errors import GenkolError
from genkol.finish import Finished
from genkol.kept import Kept, Make
from genkol.settings import Settings
from genkol.stores.blobs import Blobs, Folder, blobs_at
from genkol.stores.counters import Counters
from genkol.stores.databases import Sqlite, database_at
from genkol.stores.index import Index
from genkol.stores.leases import Leases
from genkol.stores.shelf import EDITION, NAME, Known, Shelf

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5  # between two looks of one who waits
_HOLDERS = 2  # that one waits for; when the second ends without a result too, one works on one's own
_MOST_WRITING = 32  # results that wait to be written, each held in memory
T = TypeVar("T")


class StepCache:
    """Keeps `genkol.kept.Keeper`. Any number of threads, processes and machines may share one index and store.

    Args:
        index: the rows.
        blobs: the bytes.
        max_bytes: of all entries together; those not used for longest go first.
        lease_s: after which the work of a process that died is taken over.
        touch_s: how exactly the time of last use is kept; a hit within this time of the last one writes nothing.
        edition: entries of other editions are not seen.
    """

    def __init__(
        self,
        index: Index,
        blobs: Blobs,
        *,
        max_bytes: int,
        lease_s: float = 15.0,
        touch_s: float = 5.0,
        edition: str = EDITION,
    ) -> None:
        self.counters = Counters()
        self._stays_here = isinstance(blobs, Folder) and index.is_local
        self._index = index
        self._shelf = Shelf(index, blobs, max_bytes=max_bytes, touch_s=touch_s, edition=edition, counters=self.counters)
        self._leases = Leases(index, lease_s)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="step-cache")
        self._writer = ThreadPoolExecutor(2, thread_name_prefix="step-cache-writer")
        self._writing: set[Future[None]] = set()
        self._lock = threading.Lock()

    @property
    def stays_here(self) -> bool:
        """Whether all is kept on this machine: private inputs may be, too."""
        return self._stays_here

    def get(self, name: str, by: str | None = None) -> Kept | None:
        """Return what is kept under a name, whole and checked; what is damaged is removed and not returned.

        Args:
            name: of a step's result.
            by: accept only what this algorithm made.
        """
        return self._shelf.get(name, by)

    def known(self, names: Sequence[str]) -> dict[str, Known]:
        """Return what the index has of some names; what it has is spared from going first for a while."""
        return self._shelf.known(names)

    def put(self, name: str, value: Value | Finished, seconds: float, by: str) -> bool:
        """Keep a result; false when it was not.

        Args:
            name: of the step.
            value: its result.
            seconds: that making it took.
            by: ``service/algorithm`` that made it.
        """
        return self._shelf.put(name, value, seconds, by)

    async def find(self, name: str, by: str | None = None) -> Kept | None:
        return await self._apart(lambda: self.get(name, by)) if NAME.fullmatch(name) else None

    async def once(self, name: str, make: Make, by: str | None = None) -> Kept:
        if not NAME.fullmatch(name):
            return await make()
        seen: set[str] = set()
        pause = _FIRST_PAUSE_S
        while len(seen) <= _HOLDERS:
            token = self._leases.token()
            holder = await self._holder(name, token)
            if holder == token:
                return await self._as_holder(name, token, make, by)
            if (kept := await self.find(name, by)) is not None:
                self.counters.add(waits=1)
                return kept
            if holder is None:  # the index does not answer: nobody is waited for
                break
            pause = min(pause * 1.5, _LONGEST_PAUSE_S) if holder in seen else _FIRST_PAUSE_S
            seen.add(holder)
            await asyncio.sleep(pause)
        return await self._made(name, make)

    async def _holder(self, name: str, token: str) -> str | None:
        """Take the lease of a name if it is free; return the token of who holds it then, None when nobody knows."""
        asked = self._pool.submit(lambda: self._shelf.asked(lambda: self._leased(self._shelf.key(name), token), None))
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            # Its thread may take the lease all the same, and only then can it be given back.
            asked.add_done_callback(lambda _: self._soon(lambda: self._release(name, token)))
            raise

    def _leased(self, key: str, token: str) -> str:
        # Looked at first: who waits only reads, and taking a lease is a write.
        for _ in range(3):
            if (holder := self._index.holder(key)) is not None:
                return holder
            if self._leases.acquire(key, token):
                return token
        return "somebody"

    async def _as_holder(self, name: str, token: str, make: Make, by: str | None) -> Kept:
        self._leases.hold(token)
        try:
            # It may have come between the look and the lease.
            kept = await self.find(name, by)
            made = kept or await self._made(name, make, then=lambda: self._release(name, token))
        except BaseException:
            self._soon(lambda: self._release(name, token))
            raise
        if kept:
            self._soon(lambda: self._release(name, token))
        return made

    async def _made(self, name: str, make: Make, then: Callable[[], None] = lambda: None) -> Kept:
        self.counters.add(misses=1)
        made = await make()
        self._keep_soon(name, made, then)
        return made

    def keep_soon(self, name: str, kept: Kept) -> None:
        """Keep a result without waiting for it."""
        self._keep_soon(name, kept, lambda: None)

    def settle(self) -> None:
        """Wait until all that is to be written is written."""
        with self._lock:
            waiting = set(self._writing)
        wait(waiting)

    def totals(self) -> tuple[int, int]:
        """(entries, bytes) of all editions; zeros while the index does not answer."""
        return self._shelf.asked(self._index.totals, (0, 0))

    def close(self) -> None:
        """Write what is to be written, and let go of the index."""
        self._writer.shutdown()
        self._pool.shutdown()
        self._leases.stop()
        self._index.close()

    def _keep_soon(self, name: str, kept: Kept, then: Callable[[], None]) -> None:
        def write() -> None:
            try:
                self.put(name, kept.value, kept.seconds, kept.by)
            finally:
                then()

        with self._lock:
            full = len(self._writing) >= _MOST_WRITING
        if full:
            self.counters.add(not_kept=1)
        self._soon(then if full else write)

    def _soon(self, work: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # closed meanwhile: leases lapse
            future = self._writer.submit(copy_context().run, work)  # log lines bear the request's id
            with self._lock:
                self._writing.add(future)
            future.add_done_callback(self._written)  # without the lock: it is called here when all is done already

    def _written(self, future: Future[None]) -> None:
        with self._lock:
            self._writing.discard(future)

    async def _apart(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, work)

    def _release(self, name: str, token: str) -> None:
        self._leases.let_go(token)
        self._shelf.asked(lambda: self._leases.release(self._shelf.key(name), token), None)


def open_cache(settings: Settings) -> StepCache | None:
    """Return the step cache that the operator wants, or None: there is none unless ``GENKOL_CACHE_URL`` is set.

    Nothing is opened yet.

    Raises:
        GenkolError: the settings do not say where it shall be.
    """
    if not settings.cache_url:
        return None
    database = database_at(settings.cache_url)
    store = settings.cache_store
    if store is None:
        if not isinstance(database, Sqlite):
            raise GenkolError(
                "GENKOL_CACHE_URL names a database for several machines. Say where they all keep the results: "
                "GENKOL_CACHE_STORE=s3://BUCKET/PREFIX, or a folder that they share."
            )
        store = str(database.file.parent / "results")
    return StepCache(Index(database), blobs_at(store), max_bytes=settings.cache_max_bytes)
