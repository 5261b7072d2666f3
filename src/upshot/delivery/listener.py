"""The one thread of a process that hears a store's news and hands on what it heard."""

import logging
import threading
from collections.abc import Callable, Collection

from upshot.errors import StoreClosed, Unavailable, UpshotError
from upshot.stores.contract import Confirmed, Gap, Listener, Listens, News

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5


class ListenerThread:
    """Owns a listener: its subscriptions are changed from any thread, its news is rung out.

    No user code runs here. When push turns out not to work, `alive` becomes false and the waiters
    poll.

    Args:
        store: opens the listener.
        ring: called with ids that may have changed.
        ring_all: called when anything may have changed.
    """

    def __init__(
        self,
        store: Listens,
        ring: Callable[[Collection[str]], None],
        ring_all: Callable[[], None],
    ) -> None:
        self._store = store
        self._ring = ring
        self._ring_all = ring_all
        # Reentrant, because the collector may end an abandoned wait while it is held.
        self._lock = threading.RLock()
        self._add: set[str] = set()
        self._drop: set[str] = set()
        self._listener: Listener | None = None
        self._closing = threading.Event()
        self.alive = False
        self._thread = threading.Thread(target=self._run, name="upshot-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen; where no thread can be started, as while Python ends, nobody does."""
        self.alive = True
        try:
            self._thread.start()
        except RuntimeError as error:
            self.alive = False
            _log.debug("no listener, results are polled for: %s", error)

    def want(self, add: Collection[str], drop: Collection[str]) -> None:
        """Ask for a change of subscriptions; it is carried out by the thread, in one batch."""
        if not self.alive:
            return
        with self._lock:
            self._add.update(add)
            self._drop.difference_update(add)
            self._drop.update(drop)
            self._add.difference_update(drop)
            listener = self._listener
        if listener is not None:
            listener.wake()

    def close(self) -> None:
        """End the thread and its connection."""
        self._closing.set()
        with self._lock:
            listener = self._listener
        if listener is not None:
            listener.wake()
        if self.alive:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            listener = self._open()
            if listener is None:
                return
            try:
                self._listen(listener)
            finally:
                listener.close()
        except StoreClosed:
            pass
        except UpshotError as error:
            _log.warning("push is off, results are polled for: %s", error)
        finally:
            self.alive = False
            self._ring_all()

    def _open(self) -> Listener | None:
        while not self._closing.is_set():
            try:
                listener = self._store.listen()
            except Unavailable:
                self._ring_all()
                self._closing.wait(_RETRY_SECONDS)
            else:
                with self._lock:
                    self._listener = listener
                return listener
        return None

    def _listen(self, listener: Listener) -> None:
        warned = False
        while not self._closing.is_set():
            try:
                self._subscribe(listener)
                events = listener.next(None)
            except Unavailable as error:
                if not warned:
                    _log.warning("news connection lost, waiters look for themselves: %s", error)
                warned = True
                self._ring_all()
                self._closing.wait(_RETRY_SECONDS)
                continue
            warned = False
            self._hand_on(events)

    def _subscribe(self, listener: Listener) -> None:
        with self._lock:
            add, self._add = self._add, set()
            drop, self._drop = self._drop, set()
        if add or drop:
            listener.want(add, drop)

    def _hand_on(self, events: Collection[News | Confirmed | Gap]) -> None:
        ids: set[str] = set()
        for event in events:
            match event:
                case News(id=one):
                    ids.add(one)
                case Confirmed(ids=confirmed):
                    ids.update(confirmed)
                case Gap():
                    self._ring_all()
        if ids:
            self._ring(ids)
