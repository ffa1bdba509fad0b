"""What the processes of test_races do; each is started anew, as on another machine."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from genkol.kept import Kept
from genkol.stores.blobs import Folder
from genkol.stores.databases import database_at
from genkol.stores.index import Index
from genkol.stores.steps import StepCache
from genkol.testing import fake_portrait


def opened(url: str, folder: Path, max_bytes: int = 1 << 30, lease_s: float = 2.0) -> StepCache:
    return StepCache(Index(database_at(url)), Folder(folder / "blobs"), max_bytes=max_bytes, lease_s=lease_s)


def told(folder: Path, what: str) -> None:
    """Leave a word, one file for each."""
    (folder / f"{what}-{os.getpid()}-{time.monotonic_ns()}").touch()


def ask(url: str, folder: Path, names: list[str], seconds: float) -> list[str]:
    """Ask for some names at once; return the digests of what came."""
    cache = opened(url, folder)

    async def make(name: str) -> Kept:
        told(folder, f"made-{name[:8]}")
        await asyncio.sleep(seconds)
        return Kept(fake_portrait(96, 96, int(name[:4], 16)), seconds, "a/b")

    async def all_of_them() -> list[Kept]:
        return await asyncio.gather(*(cache.once(name, lambda name=name: make(name)) for name in names))

    kept = asyncio.run(all_of_them())
    cache.close()
    return [k.value.digest for k in kept]  # type: ignore[union-attr]


def hold_for_ever(url: str, folder: Path, name: str) -> None:
    """Take a name and never end."""
    cache = opened(url, folder)

    async def make() -> Kept:
        told(folder, "holding")
        await asyncio.sleep(600)
        raise AssertionError

    asyncio.run(cache.once(name, make))


def fill(url: str, folder: Path, names: list[str], max_bytes: int) -> int:
    """Put many; return how many were damaged or wrong when they were looked at."""
    cache = opened(url, folder, max_bytes)
    wrong = 0
    for n, name in enumerate(names):
        cache.put(name, fake_portrait(64, 64, int(name[:4], 16)), 0.1, "a/b")
        before = names[n // 2]
        kept = cache.get(before)
        wrong += kept is not None and kept.value.digest != fake_portrait(64, 64, int(before[:4], 16)).digest  # type: ignore[union-attr]
    wrong += int(cache.counters.corrupt) + int(cache.counters.failures)
    cache.close()
    return wrong
