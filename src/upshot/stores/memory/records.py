"""The task records of the memory store; whoever calls holds the store's lock."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from upshot import states
from upshot.errors import Damaged, Misconfigured, Unsupported
from upshot.stores import clock
from upshot.stores.contract import Envelope, Filter, Page, Saved
from upshot.stores.memory.due import Due
from upshot.stores.memory.ordered import Ordered
from upshot.stores.memory.recency import Recency

_SWEPT_PER_WRITE = 4
"""Expired things removed with each write: more than a write can add, so garbage stays bounded."""


@dataclass(frozen=True, slots=True)
class _Entry:
    envelope: Envelope
    updated: int
    expires: int
    gone: int


class Records:
    """Envelopes by id, with the guard, expiry and tombstones.

    Args:
        limit: most records to hold; None for any number.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._entries: dict[str, _Entry] = {}
        self._tombs: dict[str, int] = {}
        self._due: Due[str] = Due()
        self._ids = Ordered(self._entries)
        self._recency = Recency()

    def save(self, envelope: Envelope, now: int) -> Saved:
        """Write *envelope* unless a better record stands at *now*."""
        if not isinstance(envelope.document, bytes):
            raise Unsupported("the memory store keeps encoded documents, not columns")
        standing = self._live(envelope.id, now)
        if standing and not states.supersedes(envelope.order, standing.envelope.order):
            return Saved(accepted=False, order=standing.envelope.order)
        self._put(envelope, now)
        self.purge(now, _SWEPT_PER_WRITE)
        return Saved(accepted=True, order=envelope.order)

    def load(self, ids: Collection[str], now: int) -> dict[str, Envelope | Damaged]:
        """Return the records of *ids* that stand at *now*."""
        found: dict[str, Envelope | Damaged] = {}
        for task_id in ids:
            if entry := self._live(task_id, now):
                found[task_id] = _outgoing(entry, now)
                if self._limit is not None:
                    self._recency.used(task_id)
        return found

    def delete(self, ids: Collection[str]) -> None:
        """Remove records and tombstones."""
        for task_id in ids:
            self._remove(task_id)
            self._tombs.pop(task_id, None)
            self._due.drop(task_id)

    def expired(self, ids: Collection[str], now: int) -> frozenset[str]:
        """Return those of *ids* that have expired and are still remembered."""
        return frozenset(task_id for task_id in ids if self._is_tomb(task_id, now))

    def scan(self, cursor: str | None, limit: int, now: int) -> Page[Envelope | Damaged]:
        """Return the next records by id."""
        alive = (
            entry
            for task_id in self._ids.walk(cursor or "", after=True)
            if (entry := self._live(task_id, now))
        )
        return _page(alive, limit, now, lambda entry: entry.envelope.id)

    def query(
        self, wanted: Filter, cursor: str | None, limit: int, now: int
    ) -> Page[Envelope | Damaged]:
        """Return the next matching records, last written first."""
        before = _place(cursor)
        matching = [
            entry
            for entry in self._entries.values()
            if entry.expires > now
            and (before is None or _rank(entry) < before)
            and _matches(entry, wanted)
        ]
        matching.sort(key=_rank, reverse=True)
        return _page(
            iter(matching), limit, now, lambda entry: f"{entry.updated}:{entry.envelope.id}"
        )

    def purge(self, now: int, limit: int) -> int:
        """Remove up to *limit* records and tombstones whose time is over."""
        due = self._due.take(now, limit)
        for task_id in due:
            entry = self._remove(task_id)
            if entry and entry.gone > now:
                self._tombs[task_id] = entry.gone
                self._due.set(task_id, entry.gone)
            else:
                self._tombs.pop(task_id, None)
        return len(due)

    def _live(self, task_id: str, now: int) -> _Entry | None:
        entry = self._entries.get(task_id)
        return entry if entry and entry.expires > now else None

    def _is_tomb(self, task_id: str, now: int) -> bool:
        if entry := self._entries.get(task_id):
            return entry.expires <= now < entry.gone
        return self._tombs.get(task_id, now) > now

    def _put(self, envelope: Envelope, now: int) -> None:
        task_id = envelope.id
        expires = clock.FOREVER if envelope.ttl is None else clock.after(now, envelope.ttl)
        gone = clock.FOREVER if envelope.ttl is None else clock.after(expires, envelope.tombstone)
        written = envelope.updated or clock.from_micros(now)
        if task_id not in self._entries:
            self._ids.stale()
        self._entries[task_id] = _Entry(
            replace(envelope, updated=written, labels=dict(envelope.labels), version=None),
            clock.to_micros(written),
            expires,
            gone,
        )
        self._tombs.pop(task_id, None)
        self._due.set(task_id, expires)
        if self._limit is not None:
            self._recency.wrote(task_id, final=states.is_final(envelope.order))
            self._shrink(self._limit, task_id, now)

    def _shrink(self, limit: int, written: str, now: int) -> None:
        if len(self._entries) > limit:
            self.purge(now, len(self._entries))
        while len(self._entries) > max(limit, 1):
            self.delete([self._recency.victim(written)])

    def _remove(self, task_id: str) -> _Entry | None:
        entry = self._entries.pop(task_id, None)
        if entry:
            self._ids.stale()
            self._recency.dropped(task_id)
        return entry


def _outgoing(entry: _Entry, now: int) -> Envelope:
    if entry.expires >= clock.FOREVER:
        return entry.envelope
    return replace(entry.envelope, ttl=clock.seconds_between(now, entry.expires))


def _page(
    entries: Iterator[_Entry], limit: int, now: int, cursor_of: Callable[[_Entry], str]
) -> Page[Envelope | Damaged]:
    taken = list(islice(entries, max(limit, 1)))
    more = next(entries, None) is not None
    return Page([_outgoing(entry, now) for entry in taken], cursor_of(taken[-1]) if more else None)


def _rank(entry: _Entry) -> tuple[int, str]:
    return entry.updated, entry.envelope.id


def _place(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    moment, mark, task_id = cursor.partition(":")
    if not (mark and moment.lstrip("-").isdecimal()):
        raise Misconfigured(f"{cursor!r} is no cursor of this store; start again without one")
    return int(moment), task_id


def _matches(entry: _Entry, wanted: Filter) -> bool:
    envelope = entry.envelope
    return (
        (wanted.states is None or envelope.state in wanted.states)
        and (wanted.since is None or entry.updated >= clock.to_micros(wanted.since))
        and (wanted.until is None or entry.updated < clock.to_micros(wanted.until))
        and all(
            condition is None or condition == value
            for condition, value in (
                (wanted.name, envelope.name),
                (wanted.worker, envelope.worker),
                (wanted.queue, envelope.queue),
                (wanted.group, envelope.group),
            )
        )
    )
