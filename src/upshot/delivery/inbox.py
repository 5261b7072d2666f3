"""Wakes whoever waits: threads note the ids they wait for, news and gaps wake them to look.

News is a hint, the store is the truth. A waiter registers, looks, and looks again whenever it is
woken; nothing here carries a value.
"""

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from upshot.delivery.listener import ListenerThread
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
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiters: dict[str, set[Waiter]] = {}
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
        self._after_fork()
        waiter = Waiter(ids)
        with self._lock:
            new = [i for i in waiter.ids if i not in self._waiters]
            for i in waiter.ids:
                self._waiters.setdefault(i, set()).add(waiter)
            self._want(new, ())
        try:
            yield waiter
        finally:
            with self._lock:
                self._want((), self._leave(waiter))

    def ring(self, ids: Collection[str]) -> None:
        """Wake the waiters of *ids*; called for every accepted write of this process."""
        if not self._waiters:
            return
        with self._lock:
            waiters = {w for i in ids for w in self._waiters.get(i, ())}
        for waiter in waiters:
            waiter.ring(waiter.ids.intersection(ids))

    def ring_all(self) -> None:
        """Wake every waiter for all its ids: news may have been missed."""
        with self._lock:
            waiters = {w for some in self._waiters.values() for w in some}
        for waiter in waiters:
            waiter.ring(waiter.ids)

    def close(self) -> None:
        """End the listener thread; may be called twice and in a forked child."""
        self._after_fork()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _want(self, add: Collection[str], drop: Collection[str]) -> None:
        if self._thread is None and add and isinstance(self._store, Listens):
            self._thread = ListenerThread(self._store, self.ring, self.ring_all)
        if self._thread is not None and (add or drop):
            self._thread.want(add, drop)

    def _leave(self, waiter: Waiter) -> list[str]:
        gone = []
        for i in waiter.ids:
            others = self._waiters[i]
            others.discard(waiter)
            if not others:
                del self._waiters[i]
                gone.append(i)
        return gone

    def _after_fork(self) -> None:
        # A child has none of the parent's threads, and a lock copied while held never opens.
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._lock = threading.Lock()
            self._waiters = {}
            self._thread = None
