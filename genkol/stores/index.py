"""The index of the step cache, in SQL: what is kept and where, when it was last used, and who is making what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from genkol.stores.databases import Database, Down, Row, Sqlite

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE genkol_cache_entries (key TEXT PRIMARY KEY, blob TEXT NOT NULL, made_by TEXT NOT NULL, "
        "seconds DOUBLE PRECISION NOT NULL, bytes BIGINT NOT NULL, made_at DOUBLE PRECISION NOT NULL, "
        "used_at DOUBLE PRECISION NOT NULL)",
        "CREATE INDEX genkol_cache_used ON genkol_cache_entries (used_at)",
        "CREATE UNIQUE INDEX genkol_cache_blob ON genkol_cache_entries (blob)",
        "CREATE TABLE genkol_cache_leases (key TEXT PRIMARY KEY, token TEXT NOT NULL, holder TEXT NOT NULL, "
        "expires_at DOUBLE PRECISION NOT NULL)",
    ),
)
"""What brings a database from each version to the next; only ever appended to."""

_MANY = 200  # values in one statement


@dataclass(frozen=True)
class Entry:
    """A kept result.

    Args:
        key: its name and the edition.
        blob: name of its bytes.
        made_by: ``service/algorithm``.
        seconds: that making it took.
        bytes: its size.
        unused_s: seconds since it was last used, as far as the index knows.
    """

    key: str
    blob: str
    made_by: str
    seconds: float
    bytes: int
    unused_s: float = 0.0


class Index:
    """Keeps the rows; what it raises is `Down`.

    Args:
        database: where; tables are made on first use.
        migrations: to the version that this code knows.
    """

    def __init__(self, database: Database, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        self._database = database
        self._migrations = migrations
        self._ready = False

    @property
    def is_local(self) -> bool:
        """Whether it is this machine's alone."""
        return isinstance(self._database, Sqlite)

    def find(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Return the entries that there are, by key."""
        found: dict[str, Entry] = {}
        for start in range(0, len(keys), _MANY):
            some = keys[start : start + _MANY]
            sql = "SELECT key, blob, made_by, seconds, bytes, genkol_now() - used_at FROM genkol_cache_entries"
            found.update((row[0], Entry(*row)) for row in self._run(f"{sql} WHERE key IN ({_marks(some)})", *some))
        return found

    def touch(self, key: str) -> None:
        """Note that an entry was used just now."""
        self._run("UPDATE genkol_cache_entries SET used_at = genkol_now() WHERE key = ?", key)

    def keep(self, entry: Entry, max_bytes: int) -> tuple[list[str], list[str]]:
        """Put an entry into its place, and take those out that were not used for longest, until all fit.

        Returns:
            Blobs that no entry has now: of the one that had the place before, and of those that were taken out.
        """
        self._prepare()
        with self._database.alone():
            old = [b for (b,) in self._run("DELETE FROM genkol_cache_entries WHERE key = ? RETURNING blob", entry.key)]
            sql = "INSERT INTO genkol_cache_entries VALUES (?, ?, ?, ?, ?, genkol_now(), genkol_now())"
            self._run(sql, entry.key, entry.blob, entry.made_by, entry.seconds, entry.bytes)
            return old, self._make_room(max_bytes, entry.key)

    def _make_room(self, max_bytes: int, but: str) -> list[str]:
        _, total = self.totals()
        gone: list[str] = []
        oldest = "SELECT key, blob, bytes FROM genkol_cache_entries WHERE key <> ? ORDER BY used_at LIMIT 50"
        while total > max_bytes and (rows := self._run(oldest, but)):
            keys: list[str] = []
            for key, blob, size in rows:
                if total > max_bytes:
                    total -= size
                    keys.append(key)
                    gone.append(blob)
            self._run(f"DELETE FROM genkol_cache_entries WHERE key IN ({_marks(keys)})", *keys)  # noqa: S608
        return gone

    def drop(self, entry: Entry) -> bool:
        """Forget an entry, unless another one is in its place by now."""
        sql = "DELETE FROM genkol_cache_entries WHERE key = ? AND blob = ? RETURNING key"
        return bool(self._run(sql, entry.key, entry.blob))

    def totals(self) -> tuple[int, int]:
        """(entries, bytes)."""
        ((entries, size),) = self._run("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM genkol_cache_entries")
        return int(entries), int(size)

    def unknown(self, blobs: Iterable[str]) -> list[str]:
        """Return those of some blobs that no entry has."""
        names = list(blobs)
        known: set[str] = set()
        for start in range(0, len(names), _MANY):
            some = names[start : start + _MANY]
            sql = f"SELECT blob FROM genkol_cache_entries WHERE blob IN ({_marks(some)})"  # noqa: S608
            known.update(blob for (blob,) in self._run(sql, *some))
        return [name for name in names if name not in known]

    def acquire(self, key: str, token: str, holder: str, seconds: float) -> bool:
        """Take a lease that nobody holds, or whose holder let it lapse."""
        sql = (
            "INSERT INTO genkol_cache_leases VALUES (?, ?, ?, genkol_now() + ?) ON CONFLICT (key) DO UPDATE SET "
            "token = excluded.token, holder = excluded.holder, expires_at = excluded.expires_at "
            "WHERE genkol_cache_leases.expires_at < genkol_now() OR genkol_cache_leases.token = excluded.token "
            "RETURNING key"
        )
        return bool(self._run(sql, key, token, holder, seconds))

    def holder(self, key: str) -> str | None:
        """The token of whoever holds a lease that has not lapsed."""
        sql = "SELECT token FROM genkol_cache_leases WHERE key = ? AND expires_at >= genkol_now()"
        return next((token for (token,) in self._run(sql, key)), None)

    def renew(self, tokens: Sequence[str], seconds: float) -> None:
        """Hold leases for some time more; one that another took meanwhile stays his."""
        sql = "UPDATE genkol_cache_leases SET expires_at = genkol_now() + ?"
        self._run(f"{sql} WHERE token IN ({_marks(tokens)})", seconds, *tokens)

    def release(self, key: str, token: str) -> None:
        """Give a lease back, if it is still held."""
        self._run("DELETE FROM genkol_cache_leases WHERE key = ? AND token = ?", key, token)

    def due(self, job: str, every_s: float) -> bool:
        """Whether a job of housekeeping is due: true for the one who asks first, then for nobody for some time."""
        return self.acquire(f"!{job}", uuid4().hex, "", every_s)

    def forget_lapsed(self, seconds: float) -> None:
        """Remove leases that lapsed so long ago that nobody waits for them."""
        self._run("DELETE FROM genkol_cache_leases WHERE expires_at < genkol_now() - ?", seconds)

    def close(self) -> None:
        self._database.close()

    def _run(self, sql: str, *values: Any) -> Sequence[Row]:
        self._prepare()
        return self._database.run(sql, *values)

    def _prepare(self) -> None:
        """Bring the tables to the version that this code knows; one process does it, the others wait."""
        if self._ready:
            return
        run = self._database.run
        with self._database.alone():
            run("CREATE TABLE IF NOT EXISTS genkol_cache_schema (version BIGINT NOT NULL)")
            version = next((int(v) for (v,) in run("SELECT version FROM genkol_cache_schema")), 0)
            if version > len(self._migrations):
                raise Down(
                    f"the step cache's tables are of version {version}, and this GenKOL knows {len(self._migrations)}: "
                    "give it another database, or install the newer release"
                )
            for statements in self._migrations[version:]:
                for statement in statements:
                    run(statement)
            run("DELETE FROM genkol_cache_schema")
            run("INSERT INTO genkol_cache_schema VALUES (?)", len(self._migrations))
        self._ready = True


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
