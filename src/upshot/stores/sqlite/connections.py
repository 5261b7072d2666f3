"""The connections of a SQLite store: few, lent to one thread at a time, none across a fork.

Threads may come and go by the thousand without opening more. Writers of one process queue for a
lock of their own, since SQLite itself lets only one write and makes the others sleep.
"""

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec, TypeVar

from upshot.errors import StoreClosed, Unavailable
from upshot.stores import forks
from upshot.stores.sqlite import file as sqlite_file
from upshot.stores.sqlite.errors import explain
from upshot.stores.sqlite.schema import Connection, connect
from upshot.stores.sqlite.url import Place

T = TypeVar("T")
P = ParamSpec("P")

MOST: Final = 8
"""Connections a store opens at most."""

_LOOK_EVERY: Final = 1.0
"""Seconds after which to look whether the file is still the one that was opened."""


class Connections:
    """Connections to one file, opened when needed.

    Args:
        place: the file.
        most: how many may be open at once.
    """

    def __init__(self, place: Place, most: int = MOST) -> None:
        self._place = place
        self._most = most
        self._closed = False
        self._idle: list[Connection] = []
        self._inherited: list[Connection] = []
        self._look_at = 0.0
        self._renew()
        # A store that is dropped without being closed, or lives until the program ends.
        weakref.finalize(self, _close_all, self._idle)
        forks.watch(self)

    def read(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """Run *work* with a connection, among other readers and a writer.

        Raises:
            UpshotError: in place of any error of SQLite.
        """
        connection = self._take()
        keep = False
        try:
            answer = work(connection, *args, **kw)
            keep = True
        except sqlite3.Error as exc:
            raise explain(exc, self._place) from exc
        finally:
            self._give(connection, keep=keep)
        return answer

    def write(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """Run *work* with a connection while no other thread of this process writes.

        Raises:
            UpshotError: in place of any error of SQLite.
        """
        writing = self._writing
        if not writing.acquire(timeout=self._place.timeout + _LOOK_EVERY):
            raise Unavailable(
                f"other threads have been writing to {self._place.path} for"
                f" {self._place.timeout:g} s: try again, or allow more with ?timeout=SECONDS"
            )
        try:
            return self.read(work, *args, **kw)
        finally:
            writing.release()

    def close(self) -> None:
        """Close what is idle now, and what is lent out when it comes back."""
        with self._lock:
            self._closed = True
            _close_all(self._idle)
            self._freed.notify_all()

    def before_fork(self) -> None:
        """Close every connection: none may be used, or closed, on the other side of a fork.

        One that is still lent out after the timeout is left to the parent.
        """
        self._held = self._lock.acquire(timeout=self._place.timeout)
        if self._held:
            self._forking = True
            self._freed.wait_for(lambda: not self._lent, self._place.timeout)
            _close_all(self._idle)

    def after_fork_in_parent(self) -> None:
        """Let the waiting threads go on."""
        self._forking = False
        if self._held:
            self._freed.notify_all()
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Begin without connections."""
        # Usually none; letting go of one would close it.
        self._inherited += self._idle
        self._idle.clear()
        self._renew()

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._writing = threading.Lock()
        self._lent = 0
        self._waiting = 0
        self._forking = False
        self._held = False

    def _take(self) -> Connection:
        with self._lock:
            if not self._is_free():
                self._wait()
            if self._closed:
                raise StoreClosed(f"the store of {self._place.path} is closed; open another")
            now = time.monotonic()
            if now >= self._look_at:
                self._look_at = now + _LOOK_EVERY
                self._drop_stale()
            self._lent += 1
            if self._idle:
                return self._idle.pop()
        try:
            return connect(self._place)
        except BaseException:
            self._give(None, keep=False)
            raise

    def _give(self, connection: Connection | None, *, keep: bool) -> None:
        with self._lock:
            self._lent -= 1
            if connection:
                if keep and not self._closed:
                    self._idle.append(connection)
                else:
                    connection.close()
            if self._waiting or self._forking:
                self._freed.notify_all()

    def _wait(self) -> None:
        self._waiting += 1
        try:
            free = self._freed.wait_for(self._is_free, self._place.timeout + _LOOK_EVERY)
        finally:
            self._waiting -= 1
        if not free:
            raise Unavailable(
                f"all {self._most} connections to {self._place.path} have been in use for"
                f" {self._place.timeout:g} s: try again"
            )

    def _is_free(self) -> bool:
        return self._closed or not (self._forking or self._lent >= self._most)

    def _drop_stale(self) -> None:
        """Leave a file that was deleted or replaced: what is written there, nobody can read."""
        if self._idle and self._idle[-1].file != sqlite_file.identify(self._place.path):
            _close_all(self._idle)


def _close_all(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()
