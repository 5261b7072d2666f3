"""The small kept documents of the memory store; whoever calls holds the store's lock."""

from dataclasses import dataclass
from itertools import count, islice, takewhile

from upshot.stores import clock
from upshot.stores.contract import Page
from upshot.stores.memory.due import Due
from upshot.stores.memory.ordered import Ordered

_SWEPT_PER_WRITE = 2
"""Expired documents removed with each write: more than a write can add."""


@dataclass(frozen=True, slots=True)
class _Entry:
    data: bytes
    version: int
    expires: int


class Kept:
    """Documents by kind and key, each with an expiry and a version never used again."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._due: Due[tuple[str, str]] = Due()
        self._keys = Ordered(self._entries)
        self._versions = count(1)

    def put(self, place: tuple[str, str], data: bytes, ttl: float | None, now: int) -> None:
        """Store *data* for *ttl* seconds."""
        expires = clock.FOREVER if ttl is None else clock.after(now, ttl)
        if place not in self._entries:
            self._keys.stale()
        self._entries[place] = _Entry(bytes(data), next(self._versions), expires)
        self._due.set(place, expires)
        self.purge(now, _SWEPT_PER_WRITE)

    def fetch(self, place: tuple[str, str], now: int) -> tuple[bytes, int] | None:
        """Return the document and its version, or None."""
        entry = self._entries.get(place)
        return (entry.data, entry.version) if entry and entry.expires > now else None

    def drop(self, place: tuple[str, str]) -> None:
        """Remove a document."""
        self._due.drop(place)
        if self._entries.pop(place, None):
            self._keys.stale()

    def names(self, kind: str, prefix: str, cursor: str | None, limit: int, now: int) -> Page[str]:
        """Return the next keys of *kind* that begin with *prefix*, in order."""
        behind = cursor is not None and cursor >= prefix
        start = (kind, cursor if behind and cursor is not None else prefix)
        places = takewhile(
            lambda place: place[0] == kind and place[1].startswith(prefix),
            self._keys.walk(start, after=behind),
        )
        alive = (place[1] for place in places if self._entries[place].expires > now)
        taken = list(islice(alive, max(limit, 1)))
        more = next(alive, None) is not None
        return Page(taken, taken[-1] if more else None)

    def purge(self, now: int, limit: int) -> int:
        """Remove up to *limit* documents whose time is over."""
        due = self._due.take(now, limit)
        for place in due:
            del self._entries[place]
        if due:
            self._keys.stale()
        return len(due)
