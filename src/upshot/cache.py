"""A bounded memory of records already read, shared by all threads of a process."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class LRUCache(Generic[V]):
    """Keeps the values used last.

    Args:
        limit: most values kept; 0 or None for no limit, negative to keep nothing at all.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit or 0
        self._values: OrderedDict[str, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> V | None:
        """Return the value and count it as used, or None."""
        if self._limit < 0:
            return None
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: str, value: V) -> None:
        """Keep *value*; the least recently used one leaves when the limit is passed."""
        if self._limit < 0:
            return
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if self._limit and len(self._values) > self._limit:
                self._values.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forget *key*; unknown keys are no error."""
        with self._lock:
            self._values.pop(key, None)

    def reset(self) -> None:
        """Begin empty with a new lock, as a forked child must."""
        self._values = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)
