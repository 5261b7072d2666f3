"""News of the memory store: who wants to hear of which id, and the listener that hears it."""

from collections.abc import Collection, Sequence
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from upshot.stores.contract import Confirmed, Event, Gap, News

_BACKLOG: Final = 10_000
"""News a listener may fall behind by before it is told to look at everything again."""


class Board:
    """Listeners by the ids they want; whoever calls holds the store's lock."""

    def __init__(self) -> None:
        self._wanted: dict[str, set[MemoryListener]] = {}

    def announce(self, task_id: str, document: bytes) -> None:
        """Tell everybody who wants *task_id* that it changed."""
        for listener in self._wanted.get(task_id, ()):
            listener.hear(News(task_id, document))

    def want(self, listener: "MemoryListener", add: Collection[str], drop: Collection[str]) -> None:
        """Change what *listener* hears of."""
        for task_id in drop:
            if listeners := self._wanted.get(task_id):
                listeners.discard(listener)
                if not listeners:
                    del self._wanted[task_id]
        for task_id in add:
            self._wanted.setdefault(task_id, set()).add(listener)

    def clear(self) -> None:
        """Forget every listener."""
        self._wanted.clear()


class Desk(Protocol):
    """What a listener asks of its store: `Board.want` under the lock."""

    def want(self, listener: "MemoryListener", add: Collection[str], drop: Collection[str]) -> None:
        """Change what *listener* hears of."""


class MemoryListener:
    """Hears of accepted writes through a queue that is safe to fill from a signal handler.

    Args:
        desk: where wishes are noted.
        backlog: most news to hold for a reader that falls behind.
    """

    def __init__(self, desk: Desk, backlog: int = _BACKLOG) -> None:
        self._desk = desk
        self._backlog = backlog
        self._ids: set[str] = set()
        self._heard: SimpleQueue[Event | None] = SimpleQueue()
        self._overflown = False
        self._closed = False
        self._heard.put(Gap("the listener has just started"))

    def hear(self, news: News) -> None:
        """Note *news*; the store's lock is held, so only one writer is here."""
        if self._overflown:
            return
        if self._heard.qsize() < self._backlog:
            self._heard.put(news)
            return
        self._overflown = True
        self._heard.put(Gap("more news came than was read"))

    def want(self, add: Collection[str], drop: Collection[str]) -> None:
        """Change the ids that are listened to."""
        added, dropped = frozenset(add), frozenset(drop)
        self._desk.want(self, added, dropped)
        self._ids = (self._ids - dropped) | added
        if added:
            self._heard.put(Confirmed(added))

    def next(self, timeout: float | None) -> Sequence[Event]:
        """Return what was heard, waiting up to *timeout* seconds."""
        events: list[Event] = []
        if self._closed:
            return events
        try:
            first = self._heard.get(timeout=None if timeout is None else max(timeout, 0.0))
        except Empty:
            return events
        for event in (first, *self._rest()):
            if isinstance(event, Gap):
                self._overflown = False
            if event is not None:
                events.append(event)
        return events

    def wake(self) -> None:
        """End a running or the next `next` at once."""
        self._heard.put(None)

    def close(self) -> None:
        """Stop listening and end a running `next`."""
        self._closed = True
        ids, self._ids = self._ids, set()
        self._desk.want(self, (), ids)
        self.wake()

    def _rest(self) -> list[Event | None]:
        rest: list[Event | None] = []
        try:
            while True:
                rest.append(self._heard.get_nowait())
        except Empty:
            return rest
