"""The databases that an index may lie in, by one small protocol: SQLite for one machine, PostgreSQL for several."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from genkol.errors import GenkolError
from genkol.stores.files import make_private

Row = tuple[Any, ...]
BUSY_S = 5.0
"""Longest wait for another process's lock, or for a statement."""


class Down(Exception):
    """A database or a store of files does not answer as it should; the cache then does without."""


class Database(Protocol):
    """Runs SQL that both know. Safe in threads. Every error is `Down`.

    Values stand for ``?``; ``genkol_now()`` is the time in seconds, by the one clock that all its users share.
    """

    def run(self, sql: str, *values: Any) -> Sequence[Row]:
        """Run one statement, on its own or in the transaction that this thread is in."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """A transaction that no two are in at the same time, in whatever process; an error takes it back."""
        ...

    def close(self) -> None:
        """Give the connection back; the next statement opens another one."""
        ...


class Sqlite:
    """A file of this machine (WAL); any number of its processes may use it. Not for network file systems.

    Args:
        file: made with its folder, readable by its owner alone.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.RLock()
        self._opened: tuple[int, sqlite3.Connection] | None = None

    def run(self, sql: str, *values: Any) -> Sequence[Row]:
        with self._lock, _down(sqlite3.Error, OSError):
            return self._connection().execute(sql, values).fetchall()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._lock:
            self.run("BEGIN IMMEDIATE")
            try:
                yield
                self.run("COMMIT")
            except BaseException:
                with suppress(Down):
                    self.run("ROLLBACK")
                raise

    def close(self) -> None:
        with self._lock, suppress(sqlite3.Error):
            if self._opened:
                self._opened[1].close()
            self._opened = None

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None or self._opened[0] != os.getpid():  # a connection does not outlive a fork
            self._opened = os.getpid(), self._connect()
        return self._opened[1]

    def _connect(self) -> sqlite3.Connection:
        make_private(self.file.parent)
        connection = sqlite3.connect(self.file, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        end = time.monotonic() + BUSY_S
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:  # changing the mode does not wait for others, as all else does
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.create_function("genkol_now", 0, time.time)
        return connection


class Postgres:
    """A PostgreSQL database, by one connection that is opened anew when it breaks.

    Args:
        url: ``postgresql://...`` as libpq takes it.
    """

    _NOW = "extract(epoch from clock_timestamp())::float8"
    _ALONE = 0x67656E6B6F6C  # the advisory lock's number: "genkol"

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.RLock()
        self._opened: tuple[int, Any] | None = None
        self._inside = False

    def run(self, sql: str, *values: Any) -> Sequence[Row]:
        psycopg = _psycopg()
        with self._lock, _down(psycopg.Error, OSError):
            used = self._opened
            try:
                return self._execute(sql, values)
            except psycopg.OperationalError:
                if self._inside or used is None or not used[1].closed:
                    raise
                return self._execute(sql, values)  # the server went and came back: all statements bear a second run

    def _execute(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        said = sql.replace("?", "%s").replace("genkol_now()", self._NOW)
        cursor = self._connection().execute(said, values)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    @contextmanager
    def alone(self) -> Iterator[None]:
        psycopg = _psycopg()
        with self._lock:
            self.run("SELECT 1")  # opens a connection that broke meanwhile
            with _down(psycopg.Error, OSError), self._connection().transaction():
                self._inside = True
                try:
                    self.run("SELECT pg_advisory_xact_lock(?)", self._ALONE)
                    yield
                finally:
                    self._inside = False

    def close(self) -> None:
        with self._lock, suppress(Exception):
            if self._opened:
                self._opened[1].close()
            self._opened = None

    def _connection(self) -> Any:
        if self._opened is None or self._opened[0] != os.getpid() or self._opened[1].closed:
            limit_ms = int(BUSY_S * 1000)
            connection = _psycopg().connect(
                self._url,
                autocommit=True,
                connect_timeout=3,
                prepare_threshold=None,  # a pooler may give each statement another session
                tcp_user_timeout=limit_ms,
                options=f"-c statement_timeout={limit_ms} -c idle_in_transaction_session_timeout={2 * limit_ms}",
            )
            self._opened = os.getpid(), connection
        return self._opened[1]


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise Down("PostgreSQL needs psycopg: pip install 'genkol[postgres]'") from error
    return psycopg


@contextmanager
def _down(*errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise Down(f"{type(error).__name__}: {error}") from error


def database_at(url: str) -> Database:
    """Return the database of a URL: ``sqlite:///FILE`` or ``postgresql://...``.

    Raises:
        GenkolError: it is neither.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return Sqlite(Path(rest.removeprefix("/")).expanduser())
    if scheme in ("postgresql", "postgres") and rest:
        return Postgres(url)
    raise GenkolError(
        f"{scheme}:// is no database of the step cache (GENKOL_CACHE_URL). Give sqlite:///RELATIVE, "
        "sqlite:////ABSOLUTE or postgresql://USER:PASSWORD@HOST/DATABASE."
    )
