"""Takes stores across a fork: quiet before it, fresh locks in the child.

A child inherits memory but not threads: a lock that another thread held stays locked for ever, and
what that thread was changing stays half changed. So every store that lives in this process is
brought to rest before the fork and told on which side of it it woke up.
"""

import os
import threading
from typing import Final, Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """A store, or a part of one, that must rest while its process forks."""

    def before_fork(self) -> None:
        """Come to rest, within a bounded time, and stay so; other threads wait."""

    def after_fork_in_parent(self) -> None:
        """Go on as before."""

    def after_fork_in_child(self) -> None:
        """Replace every lock; no other thread exists."""


class _Watch:
    """All living stores of the process, and those that rest for the fork under way."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._living: WeakSet[Forkable] = WeakSet()
        self._resting: list[Forkable] = []

    def add(self, member: Forkable) -> None:
        with self._turn:
            self._living.add(member)

    def before(self) -> None:
        # Two threads that fork at once could otherwise each hold what the other waits for.
        self._turn.acquire()
        self._resting = list(self._living)
        for member in self._resting:
            member.before_fork()

    def in_parent(self) -> None:
        resting, self._resting = self._resting, []
        for member in resting:
            member.after_fork_in_parent()
        self._turn.release()

    def in_child(self) -> None:
        resting, self._resting = self._resting, []
        self._turn = threading.Lock()
        for member in resting:
            member.after_fork_in_child()


_WATCH: Final = _Watch()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_WATCH.before,
        after_in_parent=_WATCH.in_parent,
        after_in_child=_WATCH.in_child,
    )


def watch(member: Forkable) -> None:
    """Have *member* told of every fork for as long as it lives."""
    _WATCH.add(member)
