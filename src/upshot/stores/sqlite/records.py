"""Task records in SQLite: what each call does with the connection it is lent."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from upshot.errors import Damaged, Misconfigured, TooLarge
from upshot.stores import clock
from upshot.stores.contract import Envelope, Filter, Page, Saved
from upshot.stores.sqlite.rows import Row, from_row, printable, to_row
from upshot.stores.sqlite.schema import transaction
from upshot.stores.sqlite.sql import sql

T = TypeVar("T")

MAX_VALUE = 999_000_000
"""Largest document, in bytes: what SQLite allows for a whole row, less room for its columns."""

_CHUNK = 500
_LARGEST_PAGE = 100_000

_SAVE = sql("save")
_LOAD = sql("load")
_LOAD_MANY = sql("load_many")


def save(connection: sqlite3.Connection, row: Row) -> Saved:
    """Write one row unless a better record stands; one statement, and one more if refused."""
    task_id, order, now = row[0], row[1], row[-1]
    while not _written(connection, row):
        standing = connection.execute(sql("standing"), (task_id, now)).fetchone()
        # No record any more: somebody deleted it between the two statements.
        if standing is not None:
            return Saved(accepted=False, order=standing[0])
    return Saved(accepted=True, order=order)


def save_many(connection: sqlite3.Connection, rows: Sequence[Row]) -> list[Saved]:
    """Write each as `save` would, in transactions short enough for other writers."""
    answers: list[Saved] = []
    for chunk in _chunks(rows):
        with transaction(connection):
            answers += [save(connection, row) for row in chunk]
    return answers


def rows_of(envelopes: Sequence[Envelope], now: int) -> list[Row]:
    """Return the rows to write for *envelopes*.

    Raises:
        TooLarge: one is above `MAX_VALUE`.
        Unsupported: one is not encoded.
    """
    for envelope in envelopes:
        if len(envelope.document) > MAX_VALUE:
            raise TooLarge(
                f"the record of {envelope.id!r} has {len(envelope.document):,} bytes, SQLite takes"
                f" {MAX_VALUE:,}: store less, or a reference to it"
            )
    return [to_row(envelope, now) for envelope in envelopes]


def load(
    connection: sqlite3.Connection, ids: Collection[str], now: int
) -> dict[str, Envelope | Damaged]:
    """Read the records of *ids* that stand at *now*."""
    if len(ids) == 1:
        rows = _fetch(connection, _LOAD, (next(iter(ids)), now))
        return {row[0]: from_row(row, now) for row in rows}
    found: dict[str, Envelope | Damaged] = {}
    for chunk in _chunks(list(ids)):
        for row in _fetch(connection, _LOAD_MANY, (json.dumps(chunk), now)):
            found[row[0]] = from_row(row, now)
    return found


def delete(connection: sqlite3.Connection, ids: Collection[str]) -> None:
    """Remove records and tombstones."""
    for chunk in _chunks(list(ids)):
        connection.execute(sql("delete"), (json.dumps(chunk),))


def expired(connection: sqlite3.Connection, ids: Collection[str], now: int) -> frozenset[str]:
    """Return those of *ids* that have expired and are still remembered."""
    return frozenset(
        row[0]
        for chunk in _chunks(list(ids))
        for row in connection.execute(sql("expired"), (json.dumps(chunk), now))
    )


def scan(
    connection: sqlite3.Connection, cursor: str | None, limit: int, now: int
) -> Page[Envelope | Damaged]:
    """Return the next records by id."""
    limit = min(max(limit, 1), _LARGEST_PAGE)
    rows = _fetch(connection, sql("scan"), (cursor or "", now, limit + 1))
    return _page(rows, limit, now, str(rows[limit - 1][0]) if len(rows) > limit else None)


def query(
    connection: sqlite3.Connection, wanted: Filter, cursor: str | None, limit: int, now: int
) -> Page[Envelope | Damaged]:
    """Return the next matching records, last written first."""
    limit = min(max(limit, 1), _LARGEST_PAGE)
    moment, task_id = _place(cursor)
    until = clock.FOREVER if wanted.until is None else clock.to_micros(wanted.until)
    rows = _fetch(
        connection,
        sql("query"),
        (
            -clock.FOREVER if wanted.since is None else clock.to_micros(wanted.since),
            # The row value below says the same, but only this bound is looked up in the index.
            min(until, moment + 1),
            moment,
            task_id,
            now,
            None if wanted.states is None else json.dumps(sorted(wanted.states)),
            wanted.name,
            wanted.worker,
            wanted.queue,
            wanted.group,
            limit + 1,
        ),
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return _page(rows, limit, now, f"{last[8]}:{last[0]}" if last else None)


def purge(connection: sqlite3.Connection, moment: int, limit: int) -> int:
    """Reduce expired records to tombstones, and delete what is not remembered any longer."""
    gone, most = 0, min(limit, _LARGEST_PAGE)
    with transaction(connection):
        for name in ("reduce", "purge", "purge_kept"):
            gone += connection.execute(sql(name), (moment, most - gone)).rowcount
    return gone


def _written(connection: sqlite3.Connection, row: Row) -> bool:
    try:
        return connection.execute(_SAVE, row).rowcount == 1
    except UnicodeEncodeError:
        return connection.execute(_SAVE, printable(row)).rowcount == 1


def _fetch(connection: sqlite3.Connection, statement: str, values: Row) -> list[Row]:
    try:
        return connection.execute(statement, values).fetchall()
    except sqlite3.OperationalError as exc:
        if getattr(exc, "sqlite_errorcode", None) is not None:
            raise
    # Python's module gives up on text that is not UTF-8; one such column must not cost a batch.
    connection.text_factory = _decode
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.text_factory = str


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _page(rows: list[Row], limit: int, now: int, cursor: str | None) -> Page[Envelope | Damaged]:
    return Page([from_row(row, now) for row in rows[:limit]], cursor)


def _place(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return clock.FOREVER, ""
    moment, mark, task_id = cursor.partition(":")
    if not (mark and moment.removeprefix("-").isdecimal()):
        raise Misconfigured(f"{cursor!r} is no cursor of this store; start again without one")
    return int(moment), task_id


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
