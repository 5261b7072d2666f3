"""Opens connections to the file of a SQLite store, making its tables if there are none."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from upshot.errors import Damaged, Unsupported, UpshotError
from upshot.stores.sqlite import file as sqlite_file
from upshot.stores.sqlite import numbered
from upshot.stores.sqlite.errors import explain, explain_file, is_locked
from upshot.stores.sqlite.sql import schema
from upshot.stores.sqlite.url import Place

SCHEMA: Final = 1
"""Version of the tables this release reads and writes."""

_STATEMENTS: Final = 64
_CHECKPOINT_PAGES: Final = 4000
_LOG_LIMIT: Final = 64 << 20


class Connection(sqlite3.Connection):
    """A connection that knows which file it was opened on."""

    file: sqlite_file.Identity | None = None

    if numbered.COMPLAINS:

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            """See `sqlite3.Connection.execute`."""
            return super().execute(*numbered.plain(sql, parameters))


def connect(place: Place) -> Connection:
    """Open a connection, in autocommit mode, usable from any one thread at a time.

    Args:
        place: the file, and how to open it.

    Raises:
        Misconfigured: *place* is a directory or otherwise no file.
        Refused: this user may not read, write or make it.
        Unavailable: it stayed locked, or the disk is full.
        Damaged: it is no SQLite file, or not as upshot made it.
        Unsupported: a newer release made it.
    """
    connection: Connection | None = None
    try:
        sqlite_file.ensure(place.path)
        connection = sqlite3.connect(
            place.path,
            timeout=place.timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
            factory=Connection,
        )
        connection.file = sqlite_file.identify(place.path)
        _prepare(connection, place)
    except (OSError, sqlite3.Error, UpshotError) as exc:
        if connection:
            connection.close()
        if isinstance(exc, UpshotError):
            raise
        raise (
            explain(exc, place) if isinstance(exc, sqlite3.Error) else explain_file(exc, place)
        ) from exc
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the body as one write, from the start: a read that turns into one may be refused."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _prepare(connection: Connection, place: Place) -> None:
    connection.execute(f"PRAGMA synchronous = {place.synchronous}")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT}")
    # Fewer waits for the disk than with SQLite's 1000, for a log of 16 MB instead of 4.
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA trusted_schema = OFF")
    _write_ahead(connection, time.monotonic() + place.timeout)
    version = _version(connection)
    if version is None:
        version = _create(connection)
    if not isinstance(version, int):
        raise Damaged(
            f"{place.path} does not say which version its tables have: move it away and a new one"
            " is made"
        )
    if version > SCHEMA:
        raise Unsupported(
            f"{place.path} was made by a newer upshot (its tables have version {version}, this"
            f" release knows {SCHEMA}): upgrade upshot, or name another file"
        )


def _write_ahead(connection: Connection, deadline: float) -> None:
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as exc:
            # Changing the mode does not wait for others by itself, whatever the timeout.
            if not is_locked(exc) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 spreads processes, no secret
        else:
            return


def _version(connection: Connection) -> object:
    made = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'upshot_meta'"
    ).fetchall()
    if not made:
        return None
    rows = connection.execute("SELECT value FROM upshot_meta WHERE name = 'schema'").fetchall()
    return rows[0][0] if rows else "absent"


def _create(connection: Connection) -> object:
    with transaction(connection):
        version = _version(connection)
        if version is None:
            for statement in schema():
                connection.execute(statement)
            connection.execute("INSERT INTO upshot_meta VALUES ('schema', ?1)", (SCHEMA,))
            version = SCHEMA
    return version
