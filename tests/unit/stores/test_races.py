"""Several real processes share one step cache."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.unit.stores import racing

SPAWN = get_context("spawn")


def names(count: int) -> list[str]:
    return [hashlib.sha256(str(n).encode()).hexdigest() for n in range(count)]


def words(folder: Path, what: str) -> int:
    return len(list(folder.glob(f"{what}-*")))


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Three processes, started once: most of a test's time would go into their imports."""
    with ProcessPoolExecutor(3, mp_context=SPAWN) as started:
        yield started


def test_each_name_is_made_once_however_many_processes_ask(
    pool: ProcessPoolExecutor, database_url: str, tmp_path: Path
) -> None:
    wanted = names(6)
    asked = [pool.submit(racing.ask, database_url, tmp_path, order, 0.3) for order in (wanted, wanted[::-1], wanted)]
    one, other, third = (future.result(120) for future in asked)
    assert one == other[::-1] == third
    assert len(set(one)) == 6
    assert [words(tmp_path, f"made-{name[:8]}") for name in wanted] == [1] * 6


def test_the_work_of_a_killed_process_is_taken_over(
    pool: ProcessPoolExecutor, database_url: str, tmp_path: Path
) -> None:
    (name,) = names(1)
    holder = SPAWN.Process(target=racing.hold_for_ever, args=(database_url, tmp_path, name))
    holder.start()
    end = time.monotonic() + 60
    while not words(tmp_path, "holding") and time.monotonic() < end:
        time.sleep(0.05)
    assert holder.pid
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    asked = [pool.submit(racing.ask, database_url, tmp_path, [name], 0.3) for _ in range(2)]
    one, other = (future.result(120) for future in asked)
    assert one == other
    assert words(tmp_path, f"made-{name[:8]}") == 1


@pytest.mark.parametrize("room", [6])
def test_the_bound_holds_while_several_processes_write_and_nothing_wrong_is_read(
    pool: ProcessPoolExecutor, database_url: str, tmp_path: Path, room: int
) -> None:
    cache = racing.opened(database_url, tmp_path)
    assert racing.fill(database_url, tmp_path, names(1), 1 << 20) == 0
    size = cache.totals()[1]
    wanted = names(30)
    asked = [pool.submit(racing.fill, database_url, tmp_path, order, size * room) for order in (wanted, wanted[::-1])]
    assert [future.result(120) for future in asked] == [0, 0]
    entries, total = cache.totals()
    assert 0 < entries <= room
    assert total <= size * room
    assert len(list((tmp_path / "blobs").glob("??/*"))) == entries
    cache.close()
