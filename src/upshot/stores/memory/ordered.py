"""The keys of a dictionary in order, for listings that go on where they stopped."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K", str, tuple[str, str])


class Ordered(Generic[K]):
    """The sorted keys of *source*, sorted anew only after `stale`.

    Code points of text sort like the bytes of its UTF-8 form, as the contract wants ids compared.
    """

    def __init__(self, source: Mapping[K, Any]) -> None:
        self._source: Mapping[K, Any] = source
        self._keys: list[K] | None = None

    def stale(self) -> None:
        """Note that a key was added or removed."""
        self._keys = None

    def walk(self, start: K, *, after: bool) -> Iterator[K]:
        """Yield the keys from *start* on, or those behind it, as they stand now."""
        if self._keys is None:
            self._keys = sorted(self._source)
        keys = self._keys
        begin = bisect_right(keys, start) if after else bisect_left(keys, start)
        for place in range(begin, len(keys)):
            yield keys[place]
