"""Which keys of the memory store are due for removal, found without looking at the others."""

import heapq
from typing import Generic, TypeVar

from upshot.stores.clock import FOREVER

K = TypeVar("K", str, tuple[str, str])


class Due(Generic[K]):
    """Keys by the moment, in microseconds, at which something has to be done about them."""

    def __init__(self) -> None:
        self._moments: dict[K, int] = {}
        self._heap: list[tuple[int, K]] = []

    def set(self, key: K, moment: int) -> None:
        """Note that *key* is due at *moment* and at no other; `FOREVER` is never."""
        if moment >= FOREVER:
            self.drop(key)
            return
        self._moments[key] = moment
        heapq.heappush(self._heap, (moment, key))
        if len(self._heap) > 2 * len(self._moments) + 64:
            self._heap = [(when, name) for name, when in self._moments.items()]
            heapq.heapify(self._heap)

    def drop(self, key: K) -> None:
        """Forget *key*; one that is not due is no error."""
        self._moments.pop(key, None)

    def take(self, now: int, limit: int) -> list[K]:
        """Remove and return up to *limit* keys that are due by *now*, the earliest first."""
        taken: list[K] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            moment, key = heapq.heappop(self._heap)
            if self._moments.get(key) == moment:
                del self._moments[key]
                taken.append(key)
        return taken
