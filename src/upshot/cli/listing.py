"""Collecting the rows of `upshot list`, newest first whatever the store can do."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from itertools import islice
from typing import Final

from upshot.core import Records
from upshot.errors import UpshotError
from upshot.record import TaskRecord
from upshot.stores.contract import Filter, Queries

PAGE: Final = 500
"""Records asked for in one trip."""
WALK_LIMIT: Final = 100_000
"""Records looked at in a store that can only be walked through."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

Row = TaskRecord | UpshotError


@dataclass(frozen=True)
class Listing:
    """Rows, and whether there would be more.

    Attributes:
        rows: records without values, or the error of one that cannot be read.
        more: whether the limit left rows out.
        cut: whether the walk ended at `WALK_LIMIT` before the store did.
    """

    rows: list[Row]
    more: bool
    cut: bool = False


def collect(records: Records, wanted: Filter, limit: int) -> Listing:
    """Return up to *limit* rows, newest first.

    A store with queries gives them in order. Any other is walked through, and the newest of what
    the walk met are kept.

    Raises:
        Unsupported: the store cannot list at all.
    """
    limit = min(limit, sys.maxsize - 1)
    if isinstance(records.store, Queries):
        rows = list(islice(_pages(records, wanted, min(limit + 1, PAGE)), limit + 1))
        return Listing(rows[:limit], more=len(rows) > limit)
    met = 0

    def walk() -> Iterator[Row]:
        nonlocal met
        for row in islice(_pages(records, wanted, PAGE), WALK_LIMIT):
            met += 1
            yield row

    rows = nlargest(limit + 1, walk(), key=last_change)
    return Listing(rows[:limit], more=len(rows) > limit, cut=met == WALK_LIMIT)


def last_change(row: Row) -> datetime:
    """Return the latest time that is known of a row."""
    if isinstance(row, UpshotError):
        return _LONG_AGO
    return row.done or row.started or row.created or _LONG_AGO


def _pages(records: Records, wanted: Filter, size: int) -> Iterator[Row]:
    cursor: str | None = None
    while True:
        page = records.query(wanted, cursor, size, values=False)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
