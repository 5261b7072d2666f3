"""What the handles of one memory store share: its data, its clock and its lock."""

import threading
from collections.abc import Collection

from upshot.errors import Misconfigured
from upshot.stores import clock, forks
from upshot.stores.contract import Envelope, Saved
from upshot.stores.memory.joins import JoinTable
from upshot.stores.memory.kept import Kept
from upshot.stores.memory.news import Board, MemoryListener
from upshot.stores.memory.records import Records


class Space:
    """The data of one memory store; whoever touches it holds `lock`.

    A forked child goes on with a copy of its own, in which nobody listens.

    Args:
        tell: tells the present, the system's time if None.
        limit: most records to hold; None for any number.
    """

    def __init__(self, tell: clock.Clock | None = None, limit: int | None = None) -> None:
        self.limit = limit
        self.now = clock.ticker(tell)
        self.records = Records(limit)
        self.kept = Kept()
        self.joins = JoinTable()
        self.board = Board()
        self.lock = threading.Lock()
        forks.watch(self)

    def save(self, envelope: Envelope) -> Saved:
        """Write one record and tell the listeners, unless a better one stands."""
        saved = self.records.save(envelope, self.now())
        if saved.accepted and isinstance(envelope.document, bytes):
            self.board.announce(envelope.id, envelope.document)
        return saved

    def purge(self, moment: int, limit: int) -> int:
        """Remove up to *limit* things whose time is over at *moment*."""
        gone = 0
        for part in (self.records, self.kept, self.joins):
            gone += part.purge(moment, max(limit - gone, 0))
        return gone

    def want(self, listener: MemoryListener, add: Collection[str], drop: Collection[str]) -> None:
        """Change what *listener* hears of."""
        with self.lock:
            self.board.want(listener, add, drop)

    def before_fork(self) -> None:
        """Let nobody be in the middle of a change."""
        self.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self.lock.release()

    def after_fork_in_child(self) -> None:
        """Start a life of its own with the copy; the listeners' threads do not exist here."""
        self.lock = threading.Lock()
        self.board.clear()


_SHARED: dict[str, Space] = {}


def shared(name: str, limit: int | None) -> Space:
    """Return the data that every handle called *name* in this process shares.

    Args:
        name: any text; empty for the process's own.
        limit: most records to hold, None for whatever the store has.

    Raises:
        Misconfigured: it was opened with another limit.
    """
    # No lock, which a fork could leave locked: `setdefault` is one step.
    space = _SHARED.get(name) or _SHARED.setdefault(name, Space(limit=limit))
    if limit is not None and limit != space.limit:
        raise Misconfigured(
            f"memory://{name} is open with limit={space.limit or 'none'}, not {limit};"
            " use one limit, or another name"
        )
    return space
