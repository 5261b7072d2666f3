"""The single looks of a health check: each does one thing to a store and says what it found."""

import secrets
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from upshot import errors, states
from upshot.codec import Codec
from upshot.record import TaskRecord
from upshot.settings import Settings
from upshot.stores.contract import (
    Confirmed,
    Envelope,
    Event,
    Filter,
    Gap,
    Listener,
    Listens,
    Lists,
    News,
    Queries,
    Store,
)

NEWS_LIMIT: Final = 5.0
"""Seconds within which a store that pushes must have told of a write."""
LIFETIME: Final = 120.0
"""Seconds after which the probe's records expire, should it be killed before it removes them."""


class ProbeFailed(errors.UpshotError):
    """The store answered, and the answer is wrong."""


class Skip(Exception):
    """The store does not offer what was to be looked at; the text says what that means."""


class Probe:
    """Looks at one store, under ids of its own; later looks build on what earlier ones found.

    Args:
        url: address of the store.
        settings: what it is opened with.
    """

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self._id = f"upshot-check-{secrets.token_hex(8)}"
        self._pushed = f"{self._id}-push"
        self._opened: Store | None = None

    def address(self) -> str:
        """Find the storage that the address names."""
        from upshot.stores.registry import by_url

        driver, _ = by_url(self._url)
        return driver.title

    def driver(self) -> str:
        """Load the driver and build the store; most drivers do not connect yet."""
        from upshot.stores.registry import open_store

        self._opened = open_store(self._url, self._settings)
        traits = self._opened.traits
        return f"loaded (guard {traits.guard}, expiry {traits.expiry})"

    def connect(self) -> str:
        """Make a first trip to the service."""
        self._store.load([self._id])
        return "the store answers"

    def write(self) -> str:
        """Write an unfinished record, then finish it."""
        for state in (states.STARTED, states.SUCCESS):
            if not self._store.save(self._envelope(self._id, state)).accepted:
                raise ProbeFailed(f"the store refused {state} of a new record as out of date")
        return "a record was written and finished"

    def read(self) -> str:
        """Read it back and compare."""
        found = self._store.load([self._id]).get(self._id)
        if found is None:
            raise ProbeFailed("the record was written, and is not there")
        if isinstance(found, errors.Damaged):
            raise found
        record = Codec.from_settings(self._settings).unpack(found)
        if record.state != states.SUCCESS or record.result != self._id:
            raise ProbeFailed(f"what came back is not what was written, but {record.state}")
        return "the same value came back"

    def guard(self) -> str:
        """Try to replace it by an older state."""
        if self._store.save(self._envelope(self._id, states.STARTED)).accepted:
            raise ProbeFailed("a late STARTED replaced SUCCESS: the writes are not guarded")
        return "a late STARTED did not replace SUCCESS"

    def listing(self) -> str:
        """Ask for one record, whichever it is."""
        if isinstance(self._store, Queries):
            self._store.query(Filter(states=frozenset({states.SUCCESS})), None, 1)
            return "records can be listed, newest first"
        if isinstance(self._store, Lists):
            self._store.scan(None, 1)
            return "records can be walked through, in no order"
        raise Skip("this store cannot list; ask for results by id")

    def push(self) -> str:
        """Listen for a record, write it, and hear of it."""
        if not isinstance(self._store, Listens):
            raise Skip("this store does not push; whoever waits looks again and again")
        try:
            listener = self._store.listen()
        except errors.Unsupported as error:
            raise Skip(str(error)) from error
        try:
            listener.want([self._pushed], [])
            return self._hear(listener)
        finally:
            listener.close()

    def forget(self) -> str:
        """Delete what was written, and look whether it is gone."""
        self._store.delete([self._id, self._pushed])
        if self._store.load([self._id, self._pushed]):
            raise ProbeFailed(f"record {self._id} is still there after it was deleted")
        return "the test data is gone"

    def close(self) -> None:
        """Remove what is left of the test data, as far as that can be done, and close."""
        if self._opened is None:
            return
        store, self._opened = self._opened, None
        try:
            store.delete([self._id, self._pushed])
        except errors.UpshotError:
            # The step that failed has said why; what is left expires.
            pass
        finally:
            store.close()

    @property
    def _store(self) -> Store:
        if self._opened is None:
            raise ProbeFailed("the store has not been opened")
        return self._opened

    def _envelope(self, task_id: str, state: str) -> Envelope:
        now = datetime.now(UTC)
        finished = state == states.SUCCESS
        record = TaskRecord(
            id=task_id,
            state=state,
            result=task_id if finished else None,
            done=now if finished else None,
            name="upshot.check",
        )
        return Codec.from_settings(self._settings).pack(record, now=now, ttl=LIFETIME)

    def _hear(self, listener: Listener) -> str:
        deadline = monotonic() + NEWS_LIMIT
        written: float | None = None
        while (left := deadline - monotonic()) > 0:
            events = listener.next(min(left, 0.2))
            if written is None:
                if any(isinstance(e, Confirmed) and self._pushed in e.ids for e in events):
                    written = monotonic()
                    self._store.save(self._envelope(self._pushed, states.SUCCESS))
            elif any(isinstance(e, Gap) or self._is_it(e) for e in events):
                return f"news of a write came after {(monotonic() - written) * 1000:.0f} ms"
        raise ProbeFailed(
            f"nothing was heard of a write within {NEWS_LIMIT:.0f} s; waiting for results"
            " will be slow"
        )

    def _is_it(self, event: Event) -> bool:
        return isinstance(event, News) and event.id == self._pushed
