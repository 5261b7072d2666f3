"""The contract between upshot and a storage; this file can be read alone.

A store moves envelopes and bytes. It never decodes a document, never retries, never waits, and
knows nothing of results, codecs or chords beyond what stands here. `Store` is required: four
methods. Every other protocol is a capability, found with `isinstance`; a store that cannot do it
well does not have the methods. `upshot.testing` holds the suite that proves all of it.

Rules for every method:

* Safe to call from any thread. After a fork the child uses connections of its own and leaves those
  of its parent alone. Whoever opens a client closes it: the store if given a URL, else the caller.
* Ids are printable text of 1 to 155 characters and compare byte by byte: `a` is not `A`.
* Times in envelopes are aware UTC; the present is the store's clock, or the server's.
* Only these errors leave a store, the driver's own chained as cause: `Unavailable`, `Refused`,
  `TooLarge`, `Unsupported`, `Misconfigured`, `Damaged`, `OutcomeUnknown`, `StoreClosed`.
* A call is one round trip, or one statement, unless it says otherwise.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeVar, runtime_checkable

from upshot.errors import Damaged

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One record on its way to or from a store.

    `document` holds everything; the other fields are copies that a store may index, or else
    leave at their default when it gives the envelope back.

    Attributes:
        document: the encoded record; a mapping for stores of the form "fields".
        order, state: see `upshot.states.order`; 0 and empty where the store cannot tell.
        created, started, done, updated: times of submission, begin, end, and of this write.
        group, parent: ids of its group and of the task that sent it.
        ttl: seconds until it expires, counted from each accepted write; None keeps it.
        tombstone: seconds beyond `ttl` for which `Remembers` still knows the id; 0 for none.
        version: set by `load` of a store with guard "swap", handed back on the next `save`.
    """

    id: str
    document: bytes | Mapping[str, object]
    order: int = 0
    state: str = ""
    attempt: int = 0
    created: datetime | None = None
    started: datetime | None = None
    done: datetime | None = None
    updated: datetime | None = None
    name: str | None = None
    worker: str | None = None
    queue: str | None = None
    group: str | None = None
    parent: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ttl: float | None = None
    tombstone: float = 0.0
    version: object = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a guarded write came to: whether the envelope stands, and the order that stands now."""

    accepted: bool
    order: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a long answer, perhaps empty; hand `cursor` back for more, None is the end."""

    items: Sequence[T]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a store promises; printed by `upshot backends`, each promise tested by the suite.

    Attributes:
        form: one encoded record, or columns.
        guard: who keeps the larger order. "atomic": the server, in one step. "swap": read and
            compare-and-swap. "merge": all writes are kept, readers take the largest. "weak": a
            race of two writers may end in either.
        expiry: "native" (the server deletes), "stored" (readers check a time, `purge` deletes),
            "age" (by time of the write), "none".
        strong: a read that begins after a write ended sees it, from every process.
        max_value, max_id: largest document in bytes (None: no limit), longest id in characters.
        survives_restart: records outlive the server, or the process for embedded stores.
    """

    form: Literal["document", "fields"]
    guard: Literal["atomic", "swap", "merge", "weak"]
    expiry: Literal["native", "stored", "age", "none"]
    strong: bool
    max_value: int | None
    max_id: int = 155
    survives_restart: bool


@runtime_checkable
class Store(Protocol):
    """What every storage does; `traits` are its promises, as configured."""

    @property
    def traits(self) -> Traits: ...  # noqa: D102 described above

    def save(self, envelope: Envelope) -> Saved:
        """Write one record unless a better one stands.

        A stored record gives way to a larger `order`, and to an equal one while unfinished
        (`upshot.states.supersedes`). A record that was written by somebody else without the guard
        counts by the order of its state. An unreadable record gives way to anything. An accepted
        write replaces all fields together, restarts `ttl`, and announces itself to listeners; a
        refused one changes nothing, not even the remaining time.

        Raises:
            TooLarge: the document is above the limit; nothing was written.
            OutcomeUnknown: the connection was lost before the answer; saving again is safe.
        """

    def load(self, ids: Collection[str]) -> Mapping[str, Envelope | Damaged]:
        """Read records; ids without one, expired ones included, have no key in the answer.

        A record that cannot be read yields its `Damaged` error as the value and harms no other.
        Any number of ids may be asked for; the store splits them into batches.
        """

    def delete(self, ids: Collection[str]) -> None:
        """Remove records and their tombstones; ids without a record are no error."""

    def close(self) -> None:
        """Release what the store opened; may be called twice, after a fork, and at exit."""


@runtime_checkable
class Batches(Protocol):
    """Several guarded writes in one trip."""

    def save_many(self, envelopes: Sequence[Envelope]) -> Sequence[Saved]:
        """Write each as `save` would, in order; answers in the same order."""


@runtime_checkable
class Remembers(Protocol):
    """Tells an expired id from one that never was."""

    def expired(self, ids: Collection[str]) -> frozenset[str]:
        """Return those *ids* whose record has expired while their tombstone stands."""


@runtime_checkable
class Keeps(Protocol):
    """Small documents beside the records, told apart by kind ("group", "join")."""

    def put(
        self, kind: str, key: str, data: bytes, ttl: float | None, *, new: bool = False
    ) -> bool:
        """Store *data* for *ttl* seconds; with *new* only where none is. False: one was there."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was put, or None when absent or expired."""

    def drop(self, kind: str, key: str) -> None:
        """Remove it; absent is no error."""


@runtime_checkable
class Swaps(Protocol):
    """Compare-and-swap on kept documents, from which joins can be derived."""

    def fetch(self, kind: str, key: str) -> tuple[bytes, object] | None:
        """Return the document and its version, or None when absent."""

    def swap(self, kind: str, key: str, data: bytes, ttl: float | None, version: object) -> bool:
        """Replace the document if *version* still stands (None: if absent); False if it does not."""


@runtime_checkable
class Lists(Protocol):
    """Enumerates what is stored; strongly consistent, or not claimed."""

    def scan(self, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """Return about *limit* records in no particular order.

        A record that stands during the whole walk is met at least once, any other perhaps.
        """

    def names(self, kind: str, prefix: str, cursor: str | None, limit: int) -> Page[str]:
        """Return about *limit* keys of kept documents of *kind* that begin with *prefix*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records a query is for; every condition that is set must hold, texts exactly.

    `since` and `until` bound the time of the last write: at *since* or later, before *until*.
    """

    states: frozenset[str] | None = None
    name: str | None = None
    worker: str | None = None
    queue: str | None = None
    group: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@runtime_checkable
class Queries(Protocol):
    """Filters pushed down to the storage; without it the core filters `scan`."""

    def query(self, wanted: Filter, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """Return up to *limit* matching records, last written first."""


@runtime_checkable
class Purges(Protocol):
    """Deletes what has expired, for storages that do not do so themselves."""

    def purge(self, now: datetime, limit: int) -> int:
        """Delete up to *limit* expired things in one short transaction; 0 means none is left."""


@dataclass(frozen=True, slots=True)
class News:
    """A hint that the record of *id* changed; *document*, where it came along, is the new one."""

    id: str
    document: bytes | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """From now on changes of these *ids* are heard."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gap:
    """News may have been missed until now: every awaited id has to be looked at again."""

    reason: str


Event = News | Confirmed | Gap


class Listener(Protocol):
    """A connection that hears of changes; owned by one thread, except for `wake`.

    Its start, each reconnection, each overflow and each unreadable message is a `Gap`.
    """

    def want(self, add: Collection[str], drop: Collection[str]) -> None:
        """Change the ids that are listened to; a `Confirmed` follows for those added."""

    def next(self, timeout: float | None) -> Sequence[Event]:
        """Return what was heard, waiting up to *timeout* seconds (None: until something comes).

        Empty when time ran out or `wake` was called. Restores a lost connection within *timeout*,
        else raises `Unavailable`; the next call tries again.
        """

    def wake(self) -> None:
        """End a running or the next `next` at once; callable from any thread and signal-safe."""

    def close(self) -> None:
        """Close the connection; may be called twice."""


@runtime_checkable
class Listens(Protocol):
    """Pushes news of accepted writes."""

    def listen(self) -> Listener:
        """Open a listener with a connection of its own; `Unsupported` if push cannot work here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A fan-in as it is opened: stored whole, so that it can be finished by anybody.

    Attributes:
        id: id of the join; for a chord the id of its header group.
        body, body_id: what to dispatch, encoded by the caller, and its fixed task id.
        policy: what a failed member means ("fail", "collect", "run_anyway").
        deadline: when it is to be ended although members are missing, or None.
        size: number of members if known already, which seals it; else None.
        ordered: parts come back by index; otherwise in order of arrival.
        ttl: seconds the join and its tombstone are kept after the last change; None keeps them.
    """

    id: str
    body: bytes
    body_id: str
    policy: str
    deadline: datetime | None = None
    size: int | None = None
    ordered: bool = True
    ttl: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How one member ended, as a slot of a join; each member id fills one slot.

    A part of larger `order` replaces the slot until the claim. `index` is the place among the
    members, None goes last; `document` is what the body needs of it, encoded by the caller.
    """

    join: str
    id: str
    index: int | None
    order: int
    state: str
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Where a join stands after a call.

    `arrived` counts distinct members, `size` is the sealed number plus those added (None while
    unsealed), `token` is the claim if this very call took it.
    """

    status: Literal["open", "claimed", "settled", "absent"]
    arrived: int = 0
    size: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinView:
    """A stored join and where it stands."""

    join: Join
    arrival: Arrival
    opened: datetime
    lease_until: datetime | None = None


@runtime_checkable
class Joins(Protocol):
    """Fan-in: atomic and idempotent, on the store's clock.

    A join is complete exactly when distinct members = size + added, and is claimed in the step
    that completes it, once, for a lease. Parts that come to a settled join leave nothing behind.
    """

    def open(self, join: Join) -> bool:
        """Store *join* unless it is there; members that arrived earlier count. False: it was."""

    def grow(
        self,
        join_id: str,
        *,
        add: int = 0,
        size: int | None = None,
        seal: bool = False,
        lease: float = 300.0,
    ) -> Arrival:
        """Expect *add* more members, and learn *size*; only the opener passes *seal*.

        An unsealed size raises a known one, never lowers or seals it. May complete the join, and
        then claims it for *lease* seconds.
        """

    def arrive(
        self, part: Part, envelope: Envelope | None, lease: float
    ) -> tuple[Saved | None, Arrival]:
        """Save *envelope* and fill the slot of *part* in one atomic step.

        If the guard refuses the envelope the slot is left alone: the caller loads the standing
        record and, if final, reports that one, without envelope. Only an added slot may claim.
        """

    def parts(self, join_id: str, cursor: str | None, limit: int) -> Page[Part]:
        """Return the filled slots in the order of the join, in batches."""

    def claim(self, join_id: str, lease: float) -> str | None:
        """Take a complete join whose lease, if any, has run out; return the token or None."""

    def settle(self, join_id: str, token: str) -> bool:
        """Leave only the tombstone, if *token* still holds the claim; False if it does not."""

    def view(self, join_id: str) -> JoinView | None:
        """Return the stored join and its progress, or None."""

    def open_joins(self, cursor: str | None, limit: int) -> Page[JoinView]:
        """Return joins that are not settled."""
