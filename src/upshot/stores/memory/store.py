"""The memory store: everything the contract knows, for one process, gone when it ends.

It is the reference for other stores: plain functions over dictionaries, under one lock.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from upshot.errors import Damaged, StoreClosed
from upshot.stores import clock
from upshot.stores.contract import (
    Arrival,
    Envelope,
    Filter,
    Join,
    JoinView,
    Page,
    Part,
    Saved,
    Traits,
)
from upshot.stores.memory.news import MemoryListener
from upshot.stores.memory.space import Space, shared
from upshot.stores.memory.url import parse

_TRAITS: Final = Traits(
    form="document",
    guard="atomic",
    expiry="stored",
    strong=True,
    max_value=None,
    survives_restart=False,
)


def from_url(url: str, settings: Mapping[str, Any]) -> "MemoryStore":  # noqa: ARG001 every driver is called alike
    """Return a handle on the memory store that *url* names.

    Args:
        url: `memory://` for the one of the process, `memory://NAME` for another;
            `?limit=5000` bounds the number of records.
        settings: not used.

    Raises:
        Misconfigured: the URL has an unknown parameter, or another limit than the store has.
    """
    name, limit = parse(url)
    return MemoryStore(space=shared(name, limit))


class MemoryStore:
    """A handle on records, kept documents and joins in the memory of this process.

    Closing it ends this handle and its listeners; data that others share stays.

    Args:
        now: tells the present, the system's clock if None.
        limit: most records to hold; beyond it finished and long unused ones go. None for any.
        space: data to share; a private store if None.
    """

    def __init__(
        self,
        *,
        now: clock.Clock | None = None,
        limit: int | None = None,
        space: Space | None = None,
    ) -> None:
        self._data = space or Space(now, limit)
        self._closed = False

    @property
    def traits(self) -> Traits:
        """What this store promises."""
        return _TRAITS

    def save(self, envelope: Envelope) -> Saved:
        """Write one record unless a better one stands."""
        space = self._space()
        with space.lock:
            return space.save(envelope)

    def save_many(self, envelopes: Sequence[Envelope]) -> Sequence[Saved]:
        """Write each as `save` would, in order."""
        space = self._space()
        with space.lock:
            return [space.save(envelope) for envelope in envelopes]

    def load(self, ids: Collection[str]) -> Mapping[str, Envelope | Damaged]:
        """Read records; ids without one have no key in the answer."""
        space = self._space()
        with space.lock:
            return space.records.load(ids, space.now())

    def delete(self, ids: Collection[str]) -> None:
        """Remove records and their tombstones."""
        space = self._space()
        with space.lock:
            space.records.delete(ids)

    def expired(self, ids: Collection[str]) -> frozenset[str]:
        """Return those *ids* that have expired and are still remembered."""
        space = self._space()
        with space.lock:
            return space.records.expired(ids, space.now())

    def scan(self, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """Return the next records, by id."""
        space = self._space()
        with space.lock:
            return space.records.scan(cursor, limit, space.now())

    def query(self, wanted: Filter, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """Return the next matching records, last written first."""
        space = self._space()
        with space.lock:
            return space.records.query(wanted, cursor, limit, space.now())

    def put(
        self, kind: str, key: str, data: bytes, ttl: float | None, *, new: bool = False
    ) -> bool:
        """Keep a small document for *ttl* seconds; with *new* only where none is."""
        space = self._space()
        with space.lock:
            now = space.now()
            if new and space.kept.fetch((kind, key), now):
                return False
            space.kept.put((kind, key), data, ttl, now)
            return True

    def get(self, kind: str, key: str) -> bytes | None:
        """Return a kept document, or None."""
        found = self.fetch(kind, key)
        return found[0] if found else None

    def drop(self, kind: str, key: str) -> None:
        """Remove a kept document."""
        space = self._space()
        with space.lock:
            space.kept.drop((kind, key))

    def fetch(self, kind: str, key: str) -> tuple[bytes, object] | None:
        """Return a kept document and its version, or None."""
        space = self._space()
        with space.lock:
            return space.kept.fetch((kind, key), space.now())

    def swap(self, kind: str, key: str, data: bytes, ttl: float | None, version: object) -> bool:
        """Replace a kept document if *version* still stands (None: if absent)."""
        space = self._space()
        with space.lock:
            now = space.now()
            standing = space.kept.fetch((kind, key), now)
            if (standing[1] if standing else None) != version:
                return False
            space.kept.put((kind, key), data, ttl, now)
            return True

    def names(self, kind: str, prefix: str, cursor: str | None, limit: int) -> Page[str]:
        """Return the next keys of *kind* that begin with *prefix*, in order."""
        space = self._space()
        with space.lock:
            return space.kept.names(kind, prefix, cursor, limit, space.now())

    def purge(self, now: datetime, limit: int) -> int:
        """Delete up to *limit* things whose time is over at *now*."""
        space = self._space()
        with space.lock:
            return space.purge(clock.to_micros(now), limit)

    def listen(self) -> MemoryListener:
        """Open a listener."""
        return MemoryListener(self._space())

    def open(self, join: Join) -> bool:
        """Store *join* unless it is there."""
        space = self._space()
        with space.lock:
            return space.joins.open(join, space.now())

    def grow(
        self,
        join_id: str,
        *,
        add: int = 0,
        size: int | None = None,
        seal: bool = False,
        lease: float = 300.0,
    ) -> Arrival:
        """Expect *add* more members, and learn *size*."""
        space = self._space()
        with space.lock:
            return space.joins.grow(join_id, add, size, lease, space.now(), seal=seal)

    def arrive(
        self, part: Part, envelope: Envelope | None, lease: float
    ) -> tuple[Saved | None, Arrival]:
        """Save *envelope* and, unless it is refused, fill the slot of *part*."""
        space = self._space()
        with space.lock:
            saved = space.save(envelope) if envelope else None
            if saved and not saved.accepted:
                return saved, space.joins.look(part.join, space.now())
            return saved, space.joins.arrive(part, lease, space.now())

    def parts(self, join_id: str, cursor: str | None, limit: int) -> Page[Part]:
        """Return the next filled slots, in the order of the join."""
        space = self._space()
        with space.lock:
            return space.joins.parts(join_id, cursor, limit, space.now())

    def claim(self, join_id: str, lease: float) -> str | None:
        """Take a complete join that nobody holds; return the token or None."""
        space = self._space()
        with space.lock:
            return space.joins.claim(join_id, lease, space.now())

    def settle(self, join_id: str, token: str) -> bool:
        """Leave only the tombstone, if *token* still holds the claim."""
        space = self._space()
        with space.lock:
            return space.joins.settle(join_id, token, space.now())

    def view(self, join_id: str) -> JoinView | None:
        """Return the stored join and its progress, or None."""
        space = self._space()
        with space.lock:
            return space.joins.view(join_id, space.now())

    def open_joins(self, cursor: str | None, limit: int) -> Page[JoinView]:
        """Return the next joins that are not settled, by id."""
        space = self._space()
        with space.lock:
            return space.joins.unsettled(cursor, limit, space.now())

    def close(self) -> None:
        """End this handle; a private store's data goes with it, shared data stays."""
        self._closed = True

    def _space(self) -> Space:
        if self._closed:
            raise StoreClosed("this memory store is closed; open another")
        return self._data
