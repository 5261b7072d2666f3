"""Small kept documents in SQLite: what each call does with the connection it is lent."""

import os
import sqlite3
from typing import Final

from upshot.stores import clock
from upshot.stores.contract import Page
from upshot.stores.sqlite.sql import sql

_LARGEST_PAGE: Final = 100_000
_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_ABOVE_ALL_TEXT: Final = b""
"""SQLite sorts every blob behind every text."""


def put(
    connection: sqlite3.Connection,
    place: tuple[str, str],
    data: bytes,
    ttl: float | None,
    now: int,
) -> None:
    """Store *data* for *ttl* seconds."""
    connection.execute(sql("put"), (*place, _version(), _expiry(ttl, now), data))


def put_new(
    connection: sqlite3.Connection,
    place: tuple[str, str],
    data: bytes,
    ttl: float | None,
    now: int,
) -> bool:
    """Store *data* for *ttl* seconds unless something stands there."""
    values = (*place, _version(), _expiry(ttl, now), data, now)
    return connection.execute(sql("put_new"), values).rowcount == 1


def swap(
    connection: sqlite3.Connection,
    place: tuple[str, str],
    data: bytes,
    ttl: float | None,
    version: object,
    now: int,
) -> bool:
    """Replace the document of *version*, or put a new one where *version* is None."""
    if version is None:
        return put_new(connection, place, data, ttl, now)
    values = (*place, _version(), _expiry(ttl, now), data, now, version)
    return connection.execute(sql("swap"), values).rowcount == 1


def fetch(
    connection: sqlite3.Connection, place: tuple[str, str], now: int
) -> tuple[bytes, object] | None:
    """Return the document and its version, or None."""
    found: tuple[bytes, object] | None
    found = connection.execute(sql("fetch"), (*place, now)).fetchone()
    return found


def drop(connection: sqlite3.Connection, place: tuple[str, str]) -> None:
    """Remove a document."""
    connection.execute(sql("drop"), place)


def names(
    connection: sqlite3.Connection,
    kind: str,
    prefix: str,
    cursor: str | None,
    limit: int,
    now: int,
) -> Page[str]:
    """Return the next keys of *kind* that begin with *prefix*, in order."""
    limit = min(max(limit, 1), _LARGEST_PAGE)
    start = prefix if cursor is None else max(prefix, cursor)
    values = (kind, start, cursor, _end_of(prefix), now, limit + 1)
    keys = [row[0] for row in connection.execute(sql("names"), values)]
    return Page(keys[:limit], keys[limit - 1] if len(keys) > limit else None)


def _version() -> int:
    # Random, so that a document dropped and put again cannot be taken for the old one.
    return int.from_bytes(os.urandom(8), signed=True)


def _expiry(ttl: float | None, now: int) -> int | None:
    return None if ttl is None else clock.after(now, ttl)


def _end_of(prefix: str) -> str | bytes:
    """Return what sorts right behind every text that begins with *prefix*."""
    head = prefix.rstrip(chr(_LAST))
    if not head:
        return _ABOVE_ALL_TEXT
    following = ord(head[-1]) + 1
    return head[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
