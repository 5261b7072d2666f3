"""The SQLite store: records in one file, shared by every process of the machine.

Readers never wait for a writer; writers wait for each other. A saved record is one statement.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from upshot.errors import Damaged
from upshot.stores import clock
from upshot.stores.contract import Envelope, Filter, Page, Saved, Traits
from upshot.stores.sqlite import kept, records
from upshot.stores.sqlite import url as locations
from upshot.stores.sqlite.connections import Connections

_TRAITS: Final = Traits(
    form="document",
    guard="atomic",
    expiry="stored",
    strong=True,
    max_value=records.MAX_VALUE,
    survives_restart=True,
)


def from_url(url: str, settings: Mapping[str, Any]) -> "SqliteStore":
    """Return the store that *url* names; the file is opened by the first call.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite://` for the file in the
            user's state directory; `?timeout=SECONDS` and `?synchronous=FULL` are optional.
        settings: `upshot_sqlite_synchronous` is read.

    Raises:
        Misconfigured: the URL names no file, or a parameter is wrong.
    """
    where = locations.parse(url, settings.get("upshot_sqlite_synchronous", "NORMAL"))
    return SqliteStore(where.path, timeout=where.timeout, synchronous=where.synchronous)


class SqliteStore:
    """Task records and small documents in a SQLite file.

    Args:
        path: the file; made with its directory, for this user only, unless it is there.
        timeout: seconds to wait while other processes write.
        synchronous: "NORMAL" survives a killed process, "FULL" also a power cut.
        now: tells the present, the system's clock if None.

    Raises:
        Misconfigured: one of them cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = locations.DEFAULT_TIMEOUT,
        synchronous: str = "NORMAL",
        now: clock.Clock | None = None,
    ) -> None:
        self._place = locations.locate(path, timeout, synchronous)
        self._now = clock.ticker(now)
        self._connections = Connections(self._place)

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._place.path)!r})"

    @property
    def traits(self) -> Traits:
        """What this store promises."""
        return _TRAITS

    def save(self, envelope: Envelope) -> Saved:
        """Write one record unless a better one stands."""
        (row,) = records.rows_of((envelope,), self._now())
        return self._connections.write(records.save, row)

    def save_many(self, envelopes: Sequence[Envelope]) -> Sequence[Saved]:
        """Write each as `save` would, in order."""
        rows = records.rows_of(envelopes, self._now())
        return self._connections.write(records.save_many, rows)

    def load(self, ids: Collection[str]) -> Mapping[str, Envelope | Damaged]:
        """Read records; ids without one have no key in the answer."""
        return self._connections.read(records.load, ids, self._now())

    def delete(self, ids: Collection[str]) -> None:
        """Remove records and their tombstones."""
        self._connections.write(records.delete, ids)

    def expired(self, ids: Collection[str]) -> frozenset[str]:
        """Return those *ids* that have expired and are still remembered."""
        return self._connections.read(records.expired, ids, self._now())

    def scan(self, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """Return the next records, by id."""
        return self._connections.read(records.scan, cursor, limit, self._now())

    def query(self, wanted: Filter, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """Return the next matching records, last written first."""
        return self._connections.read(records.query, wanted, cursor, limit, self._now())

    def put(
        self, kind: str, key: str, data: bytes, ttl: float | None, *, new: bool = False
    ) -> bool:
        """Keep a small document for *ttl* seconds; with *new* only where none is."""
        now = self._now()
        if new:
            return self._connections.write(kept.put_new, (kind, key), data, ttl, now)
        self._connections.write(kept.put, (kind, key), data, ttl, now)
        return True

    def get(self, kind: str, key: str) -> bytes | None:
        """Return a kept document, or None."""
        found = self.fetch(kind, key)
        return found[0] if found else None

    def drop(self, kind: str, key: str) -> None:
        """Remove a kept document."""
        self._connections.write(kept.drop, (kind, key))

    def fetch(self, kind: str, key: str) -> tuple[bytes, object] | None:
        """Return a kept document and its version, or None."""
        return self._connections.read(kept.fetch, (kind, key), self._now())

    def swap(self, kind: str, key: str, data: bytes, ttl: float | None, version: object) -> bool:
        """Replace a kept document if *version* still stands (None: if absent)."""
        place, now = (kind, key), self._now()
        return self._connections.write(kept.swap, place, data, ttl, version, now)

    def names(self, kind: str, prefix: str, cursor: str | None, limit: int) -> Page[str]:
        """Return the next keys of *kind* that begin with *prefix*, in order."""
        return self._connections.read(kept.names, kind, prefix, cursor, limit, self._now())

    def purge(self, now: datetime, limit: int) -> int:
        """Delete up to *limit* things whose time is over at *now*."""
        if limit < 1:
            return 0
        return self._connections.write(records.purge, clock.to_micros(now), limit)

    def close(self) -> None:
        """Close every connection; the file stays."""
        self._connections.close()
