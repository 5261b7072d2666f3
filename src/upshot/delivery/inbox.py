"""Wakes whoever waits: threads note the ids they wait for, news and gaps wake them to look.

News is a hint, the store is the truth. A waiter registers, looks, and looks again whenever it is
woken; nothing here carries a value.
"""

import threading
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from upshot.delivery.listener import ListenerThread
from upshot.stores import forks
from upshot.stores.contract import Listens, Store


class Waiter:
    """One waiting thread and the ids that were rung since it last looked.

    Args:
        ids: the ids it waits for.
    """

    def __init__(self, ids: Collection[str]) -> None:
        self.ids = frozenset(ids)
        self._rung: set[str] = set()
        self._bell = threading.Event()
        self._lock = threading.Lock()

    def ring(self, ids: Collection[str]) -> None:
        """Note that *ids* may have changed and wake the thread."""
        with self._lock:
            self._rung.update(ids)
        self._bell.set()

    def wait(self, seconds: float) -> set[str]:
        """Sleep until rung, at most *seconds*; return the ids rung since the last call."""
        self._bell.wait(seconds)
        with self._lock:
            self._bell.clear()
            rung, self._rung = self._rung, set()
        return rung


class Inbox:
    """All waiters of one process on one store.

    Args:
        store: where the records are; a listener thread is started on the first wait if it pushes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closed = False
        self.after_fork_in_child()
        forks.watch(self)

    def before_fork(self) -> None:
        """Do nothing: the child begins anew."""

    def after_fork_in_parent(self) -> None:
        """Do nothing: all stands as it was."""

    def after_fork_in_child(self) -> None:
        """Begin without waiters and listener: a child has none of the parent's threads."""
        self._lock = threading.Lock()
        self._waiters: dict[str, set[Waiter]] = {}
        self._left: deque[Waiter] = deque()
        self._thread: ListenerThread | None = None

    @property
    def pushes(self) -> bool:
        """Whether news from other processes reaches the waiters without polling."""
        return self._thread is not None and self._thread.alive

    @contextmanager
    def waiting(self, ids: Collection[str]) -> Iterator[Waiter]:
        """Register a waiter on *ids* for the length of the block.

        On return news of the ids is on its way: a subscription that is confirmed later rings, so
        the waiter looks once more.
        """
        waiter = Waiter(ids)
        with self._lock:
            new = [i for i in waiter.ids if i not in self._waiters]
            for i in waiter.ids:
                self._waiters.setdefault(i, set()).add(waiter)
            self._want(new, ())
        try:
            self._dismiss()
            yield waiter
        finally:
            self._left.append(waiter)
            self._dismiss()

    def ring(self, ids: Collection[str]) -> None:
        """Wake the waiters of *ids*; called for every accepted write of this process."""
        if not self._waiters:
            return
        with self._lock:
            waiters = {w for i in ids for w in self._waiters.get(i, ())}
        for waiter in waiters:
            waiter.ring(waiter.ids.intersection(ids))
        self._dismiss()

    def ring_all(self) -> None:
        """Wake every waiter for all its ids: news may have been missed."""
        with self._lock:
            waiters = {w for some in self._waiters.values() for w in some}
        for waiter in waiters:
            waiter.ring(waiter.ids)
        self._dismiss()

    def close(self) -> None:
        """End the listener thread for good; may be called twice and in a forked child."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _want(self, add: Collection[str], drop: Collection[str]) -> None:
        if self._thread is None and add and isinstance(self._store, Listens) and not self._closed:
            self._thread = ListenerThread(self._store, self.ring, self.ring_all)
            self._thread.start()
        if self._thread is not None and (add or drop):
            self._thread.want(add, drop)

    def _dismiss(self) -> None:
        """Forget the waiters that have left, unless the lock is held: its holder does it then.

        Never waits, because the collector may end an abandoned wait in a thread that holds the
        lock.
        """
        while self._left and self._lock.acquire(blocking=False):
            try:
                self._want((), self._gone())
            finally:
                self._lock.release()

    def _gone(self) -> list[str]:
        gone = []
        while self._left:
            waiter = self._left.popleft()
            for i in waiter.ids:
                others = self._waiters.get(i, set())
                others.discard(waiter)
                if not others and self._waiters.pop(i, None) is not None:
                    gone.append(i)
        return gone
