"""A bounded memory of records already read, shared by all threads of a process."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

from upshot.stores import forks

V = TypeVar("V")


class LRUCache(Generic[V]):
    """Keeps the values used last.

    Args:
        limit: most values kept; 0 or None for no limit, negative to keep nothing at all.

    Attributes:
        forgotten: how many times keys were forgotten, for `put`.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit or 0
        self.forgotten = 0
        self.after_fork_in_child()
        forks.watch(self)

    def get(self, key: str) -> V | None:
        """Return the value and count it as used, or None."""
        if self._limit < 0:
            return None
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: str, value: V, *, forgotten: int | None = None) -> None:
        """Keep *value*; the least recently used one leaves when the limit is passed.

        Args:
            key: of the value.
            value: what to keep.
            forgotten: what `forgotten` was before *value* was read; if anything was forgotten
                since, it may have been this, and nothing is kept. None keeps it always.
        """
        if self._limit < 0:
            return
        with self._lock:
            if forgotten not in (None, self.forgotten):
                return
            self._values[key] = value
            self._values.move_to_end(key)
            if self._limit and len(self._values) > self._limit:
                self._values.popitem(last=False)

    def drop(self, key: str) -> None:
        """Let go of *key*; unknown keys are no error."""
        with self._lock:
            self._values.pop(key, None)

    def forget(self, keys: Iterable[str]) -> None:
        """Let go of *keys*, which whoever reads them at this moment shall not bring back."""
        with self._lock:
            self.forgotten += 1
            for key in keys:
                self._values.pop(key, None)

    def before_fork(self) -> None:
        """Do nothing: the child begins anew."""

    def after_fork_in_parent(self) -> None:
        """Do nothing: all stands as it was."""

    def after_fork_in_child(self) -> None:
        """Begin empty with a new lock: another thread may have held the old one at the fork."""
        self._values: OrderedDict[str, V] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)
