"""A SQLite file looked at, filled and spoilt from outside of the store."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.children import as_nobody, error_of
from upshot.stores.contract import Envelope, Store
from upshot.stores.sqlite.numbered import plain
from upshot.testing.envelopes import make_envelope

__all__ = ["as_nobody", "error_of", "filled", "mode", "open_files", "sql"]


def sql(path: Path, statement: str, *values: Any) -> list[Any]:
    """Run one statement on the file, apart from any store."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(*plain(statement, values)).fetchall()


def mode(path: Path) -> int:
    """Return the permissions of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


def filled(store: Store, count: int = 3) -> list[Envelope]:
    """Save *count* records and return them."""
    sent = [make_envelope(f"id-{n}", result=n) for n in range(count)]
    for envelope in sent:
        assert store.save(envelope).accepted
    return sent


def open_files(path: Path) -> int:
    """Return how many file descriptors of this process lead to *path* or its companions."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            count += str(link.readlink()).startswith(str(path))
        except OSError:
            continue
    return count
