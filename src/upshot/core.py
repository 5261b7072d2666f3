"""The typed heart: records go in and come out, guarded, retried, cached and waited for.

Nothing here knows Celery's names; `upshot.backend` puts those on top.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from upshot import states
from upshot.cache import LRUCache
from upshot.codec import Codec
from upshot.delivery.inbox import Inbox
from upshot.delivery.poller import PollDelay
from upshot.delivery.waiting import Wait, completed, too_late
from upshot.errors import (
    BackendGetMetaError,
    BackendStoreError,
    EncodeError,
    TooLarge,
    Unsupported,
    UpshotError,
)
from upshot.listing import matches, summary
from upshot.record import Ref, TaskRecord, check_id
from upshot.retention import Sweeper
from upshot.retry import RetryPolicy, safe_to_retry
from upshot.settings import Settings
from upshot.stores.contract import (
    Batches,
    Envelope,
    Filter,
    Keeps,
    Lists,
    Page,
    Queries,
    Remembers,
    Saved,
    Store,
)
from upshot.substitutes import living, unstorable

_log = logging.getLogger(__name__)
_ATOMS: Final = frozenset({str, bytes, int, float, bool, type(None)})


class _Default:
    """The type of `DEFAULT`."""


DEFAULT: Final = _Default()
"""In place of a lifetime: as the settings say."""

Lifetime = float | None | _Default


@dataclass(frozen=True, slots=True)
class Written:
    """What a save came to.

    Attributes:
        saved: whether the record stands, and the order that stands now.
        record: what was written or refused; a FAILURE where the value could not be stored.
    """

    saved: Saved
    record: TaskRecord


def utc_now() -> datetime:
    """Return the present as an aware UTC time."""
    return datetime.now(UTC)


class Records:
    """All task records of one store.

    Safe for threads; after a fork the child goes on with fresh connections.

    Args:
        store: where the records are kept; closed by `close`.
        codec: how they are written.
        settings: retry, retention, cache and recording.
        clock: gives the present as an aware UTC time.
    """

    def __init__(
        self,
        store: Store,
        codec: Codec,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.store = store
        self.codec = codec
        self.settings = settings
        self.inbox = Inbox(store)
        self._clock = clock
        self._cache: LRUCache[TaskRecord | Envelope] = LRUCache(settings["result_cache_max"])
        self._recording: bool = settings["upshot_record_submissions"]
        self._retry = RetryPolicy(
            enabled=settings["result_backend_always_retry"],
            max_retries=settings["result_backend_max_retries"],
            base_ms=settings["result_backend_base_sleep_between_retries_ms"],
            max_ms=settings["result_backend_max_sleep_between_retries_ms"],
        )
        self._sweeper = Sweeper(store, self._retry, clock)

    def save(self, record: TaskRecord, *, ttl: Lifetime = DEFAULT) -> Written:
        """Write one record unless a better one stands.

        A result that cannot be encoded, or is too large for the store, is stored as a FAILURE that
        says so. Whoever is refused acts on the record that stands: load it.

        Args:
            record: what is known of the task now.
            ttl: seconds to keep it; None for ever.

        Raises:
            EncodeError: progress data of an unfinished task cannot be encoded.
            UpshotError: the store's own error; `BackendStoreError` after every retry.
        """
        try:
            saved = self._save(record, self._pack(record, ttl))
        except (EncodeError, TooLarge) as error:
            if not record.ready:
                raise
            record = unstorable(record, error)
            saved = self._save(record, self._pack(record, ttl))
        if saved.accepted:
            self._cache.drop(record.id)
            self.inbox.ring((record.id,))
            self._sweeper.wrote(1)
        return Written(saved, record)

    def submit(self, records: Sequence[TaskRecord], *, ttl: Lifetime = DEFAULT) -> None:
        """Record submissions, in as few trips as the store allows, if recording is on."""
        if not self._recording or not records:
            return
        envelopes = [self._pack(record, ttl) for record in records]
        if isinstance(self.store, Batches):
            self._retry.call(self.store.save_many, envelopes)
        else:
            for record, envelope in zip(records, envelopes, strict=True):
                self._save(record, envelope)
        self._sweeper.wrote(len(records))

    def load(self, task_id: str, *, cache: bool = True) -> TaskRecord:
        """Return the record of *task_id*.

        Without one its state is PENDING, or, where submissions are recorded, UNKNOWN or EXPIRED.
        An unfinished record whose owner is gone reads as LOST.

        Args:
            task_id: which task.
            cache: whether a SUCCESS that was read before may be returned without looking.

        Raises:
            UpshotError: the record is damaged, disallowed or hostile, or the store fails.
        """
        found = self.load_many((task_id,), cache=cache)[check_id(task_id)]
        if isinstance(found, UpshotError):
            raise found
        return found

    def load_many(
        self, ids: Collection[str], *, cache: bool = True
    ) -> dict[str, TaskRecord | UpshotError]:
        """Return the records of *ids* in one look; a bad record is its error and harms no other."""
        found: dict[str, TaskRecord | UpshotError] = {}
        missing = []
        for task_id in dict.fromkeys(map(check_id, ids)):
            known = self._cache.get(task_id) if cache else None
            if known is None:
                missing.append(task_id)
            else:
                found[task_id] = known if isinstance(known, TaskRecord) else self._unpack(known)
        if missing:
            found.update(self._look(missing))
        return found

    def wait(
        self,
        task_id: str,
        timeout: float | None = None,
        *,
        interval: float = 0.5,
        on_interval: Callable[[], object] | None = None,
        on_update: Callable[[TaskRecord], object] | None = None,
    ) -> TaskRecord:
        """Return the first finished record of *task_id*.

        Args:
            task_id: which task.
            timeout: most seconds to wait; None for ever, 0 for one look.
            interval: longest pause in seconds between looks at a store that cannot push.
            on_interval: called on every pass; what it raises ends the wait.
            on_update: called with each unfinished record that differs from the one before.

        Raises:
            ResultTimeout: the time is up; the task goes on.
        """
        wait = self.wait_many(
            (task_id,), timeout, interval=interval, on_interval=on_interval, on_update=on_update
        )
        try:
            return next(wait)
        except StopIteration as end:
            raise too_late(end.value[check_id(task_id)], timeout) from None

    def wait_many(
        self,
        ids: Collection[str],
        timeout: float | None = None,
        *,
        interval: float = 0.5,
        on_interval: Callable[[], object] | None = None,
        on_update: Callable[[TaskRecord], object] | None = None,
    ) -> Wait:
        """Yield each finished record once, as it completes, until all are or time is up.

        Ends without error when *timeout* seconds have passed, and returns the unfinished records.
        An unreadable record raises its error.
        """
        return completed(
            list(dict.fromkeys(map(check_id, ids))),
            self.load_many,
            self.inbox,
            PollDelay(interval, self.settings["upshot_safety_interval"]),
            timeout=timeout,
            on_interval=on_interval,
            on_update=on_update,
        )

    def forget(self, ids: Collection[str]) -> None:
        """Remove the records of *ids* and every trace of them; unknown ids are no error."""
        ids = [check_id(i) for i in ids]
        self._retry.call(self.store.delete, ids)
        self._cache.forget(ids)

    def query(
        self,
        wanted: Filter,
        cursor: str | None = None,
        limit: int = 100,
        *,
        values: bool = True,
    ) -> Page[TaskRecord | UpshotError]:
        """Return a page of the records that match, last written first where the store can.

        Args:
            wanted: conditions, all of which hold.
            cursor: of the page before.
            limit: most records of the page.
            values: False leaves results undecoded where the store indexes the rest.

        Raises:
            Unsupported: the store cannot enumerate its records.
        """
        pushed = isinstance(self.store, Queries)
        if isinstance(self.store, Queries):
            page = self._retry.call(self.store.query, wanted, cursor, limit)
        elif isinstance(self.store, Lists):
            page = self._retry.call(self.store.scan, cursor, limit)
        else:
            raise Unsupported(
                f"{type(self.store).__name__} cannot list its records; ask for them by id"
            )
        items: list[TaskRecord | UpshotError] = []
        for item in page.items:
            if isinstance(item, UpshotError):
                items.append(item)
                continue
            found = (None if values else summary(item)) or self._unpack(item)
            if pushed or isinstance(found, UpshotError) or matches(found, wanted):
                items.append(found)
        return Page(items, page.cursor)

    def put_group(self, ref: Ref, *, ttl: Lifetime = DEFAULT) -> None:
        """Keep the members of a group, so that `get_group` can restore it."""
        data = self.codec.dump_ref(ref)
        self._retry.call(self._keeps().put, "group", check_id(ref.id), data, self._ttl(ttl))

    def get_group(self, group_id: str) -> Ref | None:
        """Return the group with its members, or None when it is not known."""
        data = self._retry.call(self._keeps().get, "group", check_id(group_id))
        return None if data is None else self.codec.load_ref(group_id, data)

    def drop_group(self, group_id: str) -> None:
        """Forget the list of members, not the members."""
        self._retry.call(self._keeps().drop, "group", check_id(group_id))

    def purge(self) -> int:
        """Delete what has expired, in batches; return how many things went.

        Saving does a little of it now and then, so that nobody has to call this; stores that
        expire records themselves have nothing to do.
        """
        return self._sweeper.everything()

    def cached(self, task_id: str) -> bool:
        """Tell whether the record can be had without asking the store."""
        return task_id in self._cache

    def close(self) -> None:
        """End the listener and close the store; may be called twice."""
        self.inbox.close()
        self.store.close()

    def _ttl(self, ttl: Lifetime) -> float | None:
        return self.settings["result_expires"] if isinstance(ttl, _Default) else ttl

    def _pack(self, record: TaskRecord, ttl: Lifetime) -> Envelope:
        check_id(record.id)
        tombstone = self.settings["upshot_tombstone_ttl"] if self._recording else 0.0
        return self.codec.pack(
            record, now=self._clock(), ttl=self._ttl(ttl), tombstone=tombstone or 0.0
        )

    def _save(self, record: TaskRecord, envelope: Envelope) -> Saved:
        try:
            saved = self._retry.call(self.store.save, envelope)
            return (
                Saved(accepted=True, order=saved.order)
                if self._repeated(envelope, saved)
                else saved
            )
        except UpshotError as error:
            if not (self._retry.enabled and safe_to_retry(error)):
                raise
            raise BackendStoreError(
                f"could not store {record.state} of task {record.id}: {error}",
                task_id=record.id,
                state=record.state,
            ) from error

    def _repeated(self, envelope: Envelope, saved: Saved) -> bool:
        # A write whose answer was lost and that was sent again is refused by itself.
        if saved.accepted or saved.order != envelope.order:
            return False
        standing = self._retry.call(self.store.load, (envelope.id,)).get(envelope.id)
        return isinstance(standing, Envelope) and standing.document == envelope.document

    def _look(self, ids: list[str]) -> dict[str, TaskRecord | UpshotError]:
        forgotten = self._cache.forgotten
        try:
            stored = self._retry.call(self.store.load, ids)
        except UpshotError as error:
            if not (self._retry.enabled and safe_to_retry(error)):
                raise
            raise BackendGetMetaError(
                f"could not read task {ids[0]}: {error}", task_id=ids[0]
            ) from error
        found: dict[str, TaskRecord | UpshotError] = {}
        for task_id, item in stored.items():
            if isinstance(item, UpshotError):
                found[task_id] = item
                continue
            record = found[task_id] = self._unpack(item)
            if isinstance(record, TaskRecord) and record.state == states.SUCCESS:
                # Decoded anew for each reader, who may change what he gets.
                kept = record if type(record.result) in _ATOMS else item
                self._cache.put(task_id, kept, forgotten=forgotten)
        absent = [i for i in ids if i not in found]
        if absent:
            found.update(self._absent(absent))
        return found

    def _absent(self, ids: list[str]) -> dict[str, TaskRecord]:
        if not self._recording:
            return {i: TaskRecord(id=i) for i in ids}
        expired: frozenset[str] = frozenset()
        if isinstance(self.store, Remembers):
            expired = self._retry.call(self.store.expired, ids)
        return {
            i: TaskRecord(id=i, state=states.EXPIRED if i in expired else states.UNKNOWN)
            for i in ids
        }

    def _unpack(self, envelope: Envelope) -> TaskRecord | UpshotError:
        try:
            return living(self.codec.unpack(envelope))
        except UpshotError as error:
            _log.debug("record %s cannot be read: %s", envelope.id, error)
            return error

    def _keeps(self) -> Keeps:
        if not isinstance(self.store, Keeps):
            raise Unsupported(f"{type(self.store).__name__} cannot save groups")
        return self.store
