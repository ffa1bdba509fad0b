"""Results are kept by name, checked when they are read, bounded, and made once at a time; failures cost no request."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genkol.artifacts import Image
from genkol.errors import GenkolError, NoFace
from genkol.kept import Kept
from genkol.settings import Settings
from genkol.stores import databases, shelf
from genkol.stores.blobs import Blobs, Folder
from genkol.stores.databases import Down, Postgres, Sqlite, database_at
from genkol.stores.index import MIGRATIONS, Index
from genkol.stores.steps import StepCache, open_cache
from genkol.stores.values import encode
from genkol.testing import fake_portrait

Make = Callable[..., StepCache]
PICTURE = fake_portrait(64, 64)  # 12,288 bytes of noise
SIZE = len(encode("x" * 70, PICTURE))


def name(of: object) -> str:
    return hashlib.sha256(str(of).encode()).hexdigest()


@pytest.fixture
def cache(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """Opens step caches over one database, as several processes would; and one folder unless said otherwise."""
    opened: list[StepCache] = []

    def make(blobs: Blobs | None = None, **more: Any) -> StepCache:
        said = {"max_bytes": 1 << 30, "lease_s": 0.6, "touch_s": 0.0} | more
        opened.append(StepCache(Index(database_at(database_url)), blobs or Folder(tmp_path / "blobs"), **said))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "blobs").glob("??/*"))


def test_what_is_put_is_got_with_who_made_it_and_how_long_it_took(cache: Make) -> None:
    one, other = cache(), cache()
    assert one.get(name(1)) is None
    assert one.put(name(1), PICTURE, 2.5, "makeup-transfer/mesh")
    kept = other.get(name(1))
    assert kept is not None
    assert isinstance(kept.value, Image)
    assert kept.value.digest == PICTURE.digest
    assert (kept.seconds, kept.by, kept.cached) == (2.5, "makeup-transfer/mesh", True)
    assert other.counters.snapshot() | {"bytes_read": 0} == {
        "hits": 1, "misses": 0, "waits": 0, "saved_seconds": 2.5, "bytes_read": 0, "bytes_written": 0,
        "evictions": 0, "corrupt": 0, "not_kept": 0, "failures": 0,
    }  # fmt: skip


def test_every_store_serves(cache: Make, blobs: Blobs) -> None:
    assert cache(blobs).put(name(1), PICTURE, 1, "a/b")
    assert cache(blobs).get(name(1)) is not None


def test_what_another_algorithm_made_is_not_accepted_where_one_is_asked_for(cache: Make) -> None:
    one = cache()
    one.put(name(1), PICTURE, 1, "a/second")
    assert one.get(name(1), by="a/first") is None
    assert one.get(name(1), by="a/second") is not None


def test_another_release_sees_nothing_of_this_one(cache: Make) -> None:
    cache(edition="1-0.1.0").put(name(1), PICTURE, 1, "a/b")
    assert cache(edition="1-0.2.0").get(name(1)) is None
    assert cache(edition="1-0.1.0").get(name(1)) is not None


@pytest.mark.parametrize("wrong", ["", "../../etc/passwd", "A" * 64, "a" * 63])
async def test_what_is_no_name_is_neither_kept_nor_found(cache: Make, wrong: str) -> None:
    one = cache()
    assert not one.put(wrong, PICTURE, 1, "a/b")
    assert await one.find(wrong) is None
    assert (await one.once(wrong, made("fresh"))).value == "fresh"


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:200] + b"\x00" + file.read_bytes()[201:]),
        lambda file: file.write_bytes(encode("another", PICTURE)),
        lambda file: file.unlink(),
    ],
    ids=["cut off", "empty", "changed", "another's", "gone"],
)
def test_a_damaged_entry_is_a_miss_is_removed_and_counted(
    cache: Make, tmp_path: Path, damage: Callable[[Path], Any], caplog: pytest.LogCaptureFixture
) -> None:
    one = cache()
    one.put(name(1), PICTURE, 1, "a/b")
    (file,) = files(tmp_path)
    damage(file)
    assert one.get(name(1)) is None
    assert (one.counters.corrupt, one.counters.hits, files(tmp_path)) == (1, 0, [])
    assert "was removed" in caplog.text
    assert one.get(name(1)) is None
    assert one.counters.corrupt == 1
    one.put(name(1), PICTURE, 1, "a/b")
    assert one.get(name(1)) is not None


def test_the_size_is_bounded_and_what_was_not_used_for_longest_goes_first(cache: Make, tmp_path: Path) -> None:
    one, onlooker = cache(max_bytes=int(SIZE * 3.5)), cache(touch_s=60.0)
    for n in range(3):
        one.put(name(n), fake_portrait(64, 64, seed=n), 1, "a/b")
    one.get(name(0))
    one.known([name(1)])
    one.put(name(3), fake_portrait(64, 64, seed=3), 1, "a/b")
    assert onlooker.known([name(n) for n in range(4)]).keys() == {name(0), name(1), name(3)}
    assert (one.counters.evictions, len(files(tmp_path))) == (1, 3)
    one.put(name(4), fake_portrait(96, 96), 1, "a/b")
    assert onlooker.known([name(n) for n in range(5)]).keys() == {name(3), name(4)}
    assert sum(file.stat().st_size for file in files(tmp_path)) <= SIZE * 3.5


def test_hits_in_quick_succession_write_nothing(cache: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = cache(touch_s=60.0)
    one.put(name(1), PICTURE, 1, "a/b")
    monkeypatch.setattr(Index, "touch", lambda *_: pytest.fail("written"))
    assert one.get(name(1)) is not None


def test_a_result_that_does_not_fit_at_all_is_not_kept_and_nothing_is_lost(cache: Make, tmp_path: Path) -> None:
    one = cache(max_bytes=SIZE * 2)
    one.put(name(1), PICTURE, 1, "a/b")
    assert not one.put(name(2), fake_portrait(400, 400), 1, "a/b")
    assert (one.counters.not_kept, len(files(tmp_path))) == (1, 1)


def test_the_same_name_again_takes_the_place_and_leaves_no_file_behind(cache: Make, tmp_path: Path) -> None:
    one = cache()
    for seed in (1, 2):
        one.put(name(1), fake_portrait(64, 64, seed), 1, "a/b")
    kept = one.get(name(1))
    assert kept is not None
    assert isinstance(kept.value, Image)
    assert kept.value.digest == fake_portrait(64, 64, 2).digest
    assert (len(files(tmp_path)), one.counters.evictions) == (1, 0)


def test_leftovers_of_dead_processes_are_removed_and_other_files_are_not(cache: Make, tmp_path: Path) -> None:
    import os

    folder = tmp_path / "blobs" / "ab"
    folder.mkdir(parents=True)
    old, fresh, foreign = folder / ("ab" * 32 + "." + "0" * 32), folder / ("ab" * 32 + "." + "1" * 32), folder / "abc"
    for file in (old, fresh, foreign):
        file.write_bytes(b"x")
    for file in (old, foreign):
        os.utime(file, (1000, 1000))
    cache().put(name(1), PICTURE, 1, "a/b")
    assert (old.exists(), fresh.exists(), foreign.exists()) == (False, True, True)


def made(value: str, calls: list[str] | None = None, seconds: float = 0.0) -> Callable[[], Any]:
    async def make() -> Kept:
        await asyncio.sleep(seconds)
        if calls is not None:
            calls.append(value)
        return Kept(value, seconds, "a/b")

    return make


async def test_many_ask_for_one_name_and_it_is_made_once(cache: Make) -> None:
    """Two caches: two replicas of the Engine."""
    calls: list[str] = []
    replicas = [cache(), cache()]
    asked = [replica.once(name(1), made("v", calls, 0.2)) for replica in replicas for _ in range(8)]
    kept = await asyncio.gather(*asked)
    assert calls == ["v"]
    assert [k.value for k in kept] == ["v"] * 16
    assert sorted(k.cached for k in kept) == [False] + [True] * 15
    counts = [replica.counters for replica in replicas]
    assert sum(c.misses for c in counts) == 1
    assert sum(c.hits for c in counts) == 15


async def test_different_names_do_not_wait_for_each_other(cache: Make) -> None:
    one, calls = cache(), list[str]()
    slow = asyncio.create_task(one.once(name("slow"), made("slow", calls, 60)))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(20):
        await asyncio.gather(*(one.once(name(n), made(str(n), calls)) for n in range(6)))
    slow.cancel()
    assert sorted(calls) == [str(n) for n in range(6)]


async def test_a_failure_is_not_kept_and_the_next_one_tries(cache: Make) -> None:
    one, tries = cache(lease_s=60), list[int]()

    async def fail() -> Kept:
        tries.append(1)
        await asyncio.sleep(0.05)
        raise NoFace("There is no face.")

    async with asyncio.timeout(20):
        first = await asyncio.gather(*(one.once(name(1), fail) for _ in range(6)), return_exceptions=True)
    assert [str(error) for error in first] == ["There is no face."] * 6
    assert len(tries) == 6
    assert (await one.once(name(1), made("v"))).value == "v"


async def test_a_cancelled_holder_lets_the_next_one_work_at_once(cache: Make) -> None:
    one = cache(lease_s=60)
    first = asyncio.create_task(one.once(name(1), made("never", None, 60)))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(one.once(name(1), made("v")))
    await asyncio.sleep(0.1)
    first.cancel()
    async with asyncio.timeout(20):
        assert (await second).value == "v"


async def test_one_who_is_cancelled_while_taking_the_lease_gives_it_back(
    cache: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = cache(lease_s=60)
    leased = one._leased

    def late(key: str, token: str) -> str:
        time.sleep(0.3)
        return leased(key, token)

    monkeypatch.setattr(one, "_leased", late)
    first = asyncio.create_task(one.once(name(1), made("never")))
    await asyncio.sleep(0.1)
    first.cancel()
    async with asyncio.timeout(20):
        assert (await one.once(name(1), made("v"))).value == "v"


async def test_one_who_waits_may_go(cache: Make) -> None:
    one = cache(lease_s=60)
    first = asyncio.create_task(one.once(name(1), made("v", None, 0.5)))
    await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await one.once(name(1), made("never"))
    assert (await first).value == "v"


async def test_the_lease_of_one_who_died_lapses(cache: Make) -> None:
    """A token that nobody renews."""
    dead, living = cache(), cache()
    assert dead._leases.acquire(dead._shelf.key(name(1)), "dead")
    async with asyncio.timeout(20):
        assert (await living.once(name(1), made("v"))).value == "v"
    assert living.counters.misses == 1


async def test_a_long_step_keeps_its_lease(cache: Make) -> None:
    """It takes longer than a lease lasts."""
    calls: list[str] = []
    one, other = cache(lease_s=1.5), cache()
    first = asyncio.create_task(one.once(name(1), made("v", calls, 2.5)))
    await asyncio.sleep(0.1)
    assert (await other.once(name(1), made("v", calls))).cached
    assert (await first).value == "v"
    assert calls == ["v"]


async def test_a_lease_that_is_asked_for_by_one_who_goes_lapses(cache: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    one = cache()
    taken = one._leases.acquire
    monkeypatch.setattr(one._leases, "acquire", lambda *a: (time.sleep(0.2), taken(*a))[1])
    gone = asyncio.create_task(one.once(name(1), made("never")))
    await asyncio.sleep(0.1)
    gone.cancel()
    async with asyncio.timeout(20):
        assert (await one.once(name(1), made("v"))).value == "v"


async def test_a_lease_that_cannot_be_given_back_lapses(cache: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = cache(), cache()
    taken = Index.release
    monkeypatch.setattr(Index, "release", lambda *_: (_ for _ in ()).throw(Down("gone")))
    monkeypatch.setattr(StepCache, "put", lambda *_: False)
    await one.once(name(1), made("v"))
    one.settle()
    monkeypatch.setattr(Index, "release", taken)
    async with asyncio.timeout(20):
        assert (await other.once(name(1), made("w"))).value == "w"


class Broken(Folder):
    """Files that cannot be had."""

    def get(self, name: str) -> bytes | None:
        raise Down("no such host")

    def put(self, name: str, data: bytes) -> None:
        raise Down("no such host")


async def test_while_the_files_do_not_answer_one_does_without(
    cache: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    one = cache(Broken(tmp_path))
    assert not one.put(name(1), PICTURE, 1, "a/b")
    assert one.counters.failures == 1
    async with asyncio.timeout(20):
        for _ in range(3):
            assert (await one.once(name(1), made("v"))).value == "v"
    assert one.counters.failures == 1  # it was not asked again for a while
    assert "the step cache is left out for 20 s: no such host" in caplog.text


async def test_it_comes_back_when_the_database_does(cache: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = cache()
    monkeypatch.setattr(shelf, "DOWN_S", 0.05)
    run = Index._run
    monkeypatch.setattr(Index, "_run", lambda *a: (_ for _ in ()).throw(Down("gone")))
    assert (await one.once(name(1), made("v"))).value == "v"
    monkeypatch.setattr(Index, "_run", run)
    await asyncio.sleep(0.1)
    one.settle()
    assert one.put(name(1), PICTURE, 1, "a/b")


def test_a_database_that_is_not_there_is_down() -> None:
    with pytest.raises(Down):
        Postgres("postgresql://nobody@127.0.0.1:9/none").run("SELECT 1")


def test_a_server_that_went_and_came_back_is_found_again(postgres: str) -> None:
    one, other = Postgres(postgres), Postgres(postgres)
    ((pid,),) = one.run("SELECT pg_backend_pid()")
    other.run("SELECT pg_terminate_backend(?)", pid)
    assert one.run("SELECT 1") == [(1,)]
    ((pid,),) = one.run("SELECT pg_backend_pid()")
    other.run("SELECT pg_terminate_backend(?)", pid)
    with one.alone():
        assert one.run("SELECT 1") == [(1,)]
    with pytest.raises(Down, match="SyntaxError"):
        one.run("NO SQL")

    def cut_off_inside() -> None:
        with one.alone():
            ((pid,),) = one.run("SELECT pg_backend_pid()")
            other.run("SELECT pg_terminate_backend(?)", pid)
            one.run("SELECT 1")

    with pytest.raises(Down):
        cut_off_inside()
    assert one.run("SELECT 1") == [(1,)]
    for database in (one, other):
        database.close()


def test_a_statement_that_takes_too_long_is_down(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "BUSY_S", 0.2)
    one = Postgres(postgres)
    with pytest.raises(Down, match="timeout"):
        one.run("SELECT pg_sleep(30)")
    one.close()


def test_a_file_that_is_no_database_is_down(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"this is no database" * 100)
    with pytest.raises(Down):
        Sqlite(tmp_path / "a").run("SELECT 1")


def test_tables_are_brought_up_to_date_once_and_newer_ones_are_left_alone(database_url: str) -> None:
    old = Index(database_at(database_url))
    assert old.totals() == (0, 0)
    more = (*MIGRATIONS, ("ALTER TABLE genkol_cache_entries ADD COLUMN note TEXT",))
    for _ in range(2):
        newer = Index(database_at(database_url), more)
        assert newer.totals() == (0, 0)
        newer.close()
    again = Index(database_at(database_url))
    with pytest.raises(Down, match="of version 2, and this GenKOL knows 1"):
        again.totals()
    for index in (old, again):
        index.close()


def test_a_migration_that_fails_is_taken_back_whole(database_url: str) -> None:
    broken = Index(database_at(database_url), (*MIGRATIONS, ("CREATE TABLE half (a TEXT)", "NO SQL")))
    with pytest.raises(Down):
        broken.totals()
    broken.close()
    whole = Index(database_at(database_url), (*MIGRATIONS, ("CREATE TABLE half (a TEXT)",)))
    assert whole.totals() == (0, 0)
    whole.close()


def test_there_is_no_cache_unless_the_operator_wants_one(tmp_path: Path) -> None:
    assert open_cache(Settings()) is None
    cache = open_cache(Settings(cache_url=f"sqlite:///{tmp_path}/cache/index.sqlite"))
    assert cache is not None
    cache.put(name(1), PICTURE, 1, "a/b")
    cache.close()
    assert {f.name for f in (tmp_path / "cache").iterdir()} >= {"index.sqlite", "results"}
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("url", "store", "says"),
    [
        ("postgresql://me:secret@host/db", None, "GENKOL_CACHE_STORE=s3://"),
        ("mysql://me:secret@host/db", None, "mysql:// is no database of the step cache"),
        ("sqlite:///a", "gs://bucket", "'gs://bucket' is no place"),
    ],
)
def test_settings_that_do_not_say_where_are_refused_without_telling_a_secret(
    url: str, store: str | None, says: str
) -> None:
    with pytest.raises(GenkolError, match=says) as caught:
        open_cache(Settings(cache_url=url, cache_store=store))
    assert "secret" not in str(caught.value)
