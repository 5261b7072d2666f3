"""Where a call gets its connection from: a pool of our own, or that of a client we were given."""

import os
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final, Protocol, final

from redis.exceptions import RedisError

from upshot.stores.redis import faults
from upshot.stores.redis.link import Link, Lost, Plug, Source

_PING: Final = (("PING",),)


class Links(Protocol):
    """Hands out connected links."""

    @property
    def where(self) -> str:
        """The masked URL, for messages."""

    def take(self, *, new: bool = False) -> Link:
        """Return a link that nobody else uses; with *new* one that was never used.

        Raises:
            Unavailable: none is free in time, or the server cannot be reached.
            Refused: the server does not let us in.
            Misconfigured: the database asked for does not exist.
        """

    def give(self, link: Link) -> None:
        """Take a link back; a broken one only frees its place."""

    def close(self) -> None:
        """Close what was opened; may be called twice."""


@final
class _Side:
    """The links of one process."""

    def __init__(self, limit: int | None) -> None:
        self.idle: deque[Link] = deque()
        self.slots = None if limit is None else threading.Semaphore(limit)

    def empty(self) -> None:
        while True:
            try:
                self.idle.pop().close()
            except IndexError:
                return

    def free(self) -> None:
        if self.slots is not None:
            self.slots.release()


@final
class Pool:
    """Our own pool: the link used last is used next; a forked child begins with an empty one.

    Args:
        source: makes the connections.
        limit: most connections open at once; None for no limit.
        patience: seconds to wait for a free one; None waits for ever.
        health: a link that was idle for more seconds is pinged before it is used; 0 never.
    """

    def __init__(
        self, source: Source, *, limit: int | None, patience: float | None, health: float
    ) -> None:
        self._source = source
        self._limit = limit
        self._patience = patience
        self._health = health
        self._closed = False
        self._sides: dict[int, _Side] = {}

    @property
    def where(self) -> str:
        """See `Links.where`."""
        return self._source.where

    def take(self, *, new: bool = False) -> Link:
        """See `Links.take`."""
        side = self._side()
        if self._closed:
            raise faults.closed(self.where)
        if side.slots is not None and not side.slots.acquire(timeout=self._patience):
            raise faults.exhausted(self.where, self._limit or 0, self._patience or 0.0)
        try:
            if new:
                # What lay idle has most likely been closed by the same restart.
                side.empty()
            return self._reuse(side) or connected(self._source.make(), self.where)
        except BaseException:
            side.free()
            raise

    def give(self, link: Link) -> None:
        """See `Links.give`."""
        side = self._side()
        if link.usable:
            link.at = time.monotonic()
            side.idle.append(link)
        side.free()
        if self._closed:
            side.empty()

    def close(self) -> None:
        """See `Links.close`."""
        self._closed = True
        self._side().empty()

    def _reuse(self, side: _Side) -> Link | None:
        while True:
            try:
                link = side.idle.pop()
            except IndexError:
                return None
            if not link.stale() and self._healthy(link):
                return link
            link.close()

    def _healthy(self, link: Link) -> bool:
        if not self._health or time.monotonic() - link.at < self._health:
            return True
        try:
            link.call(_PING)
        except Lost:
            return False
        return True

    def _side(self) -> _Side:
        pid = os.getpid()
        side = self._sides.get(pid)
        if side is None:
            # setdefault is atomic: two threads that come first in a child agree on one side.
            side = self._sides.setdefault(pid, _Side(self._limit))
            for other in [key for key in self._sides if key != pid]:
                inherited = self._sides.pop(other, None)
                if inherited is not None:
                    inherited.empty()
        return side


@final
class Borrowed:
    """The pool of a `redis.Redis` client that belongs to the caller.

    Args:
        client: the client.
        where: the masked address, for messages.
    """

    def __init__(self, client: Any, where: str) -> None:
        self._where = where
        # A client that is collected closes its pool.
        self._client = client
        self._pool = client.connection_pool
        self._links: dict[Plug, Link] = {}
        self._pid = os.getpid()
        self._closed = False

    @property
    def where(self) -> str:
        """See `Links.where`."""
        return self._where

    def take(self, *, new: bool = False) -> Link:
        """See `Links.take`; the client's pool looks after the freshness of its connections."""
        if self._closed:
            raise faults.closed(self.where)
        if self._pid != os.getpid():
            self._pid, self._links = os.getpid(), {}
        try:
            plug = self._plug()
        except (RedisError, OSError) as exc:
            raise faults.unreachable(exc, self.where) from exc
        try:
            if new:
                plug.disconnect()
            link = self._links.get(plug)
            if link is None or not link.usable or link.sock is not plug._sock:  # noqa: SLF001 redis-py has no public name for it
                link = self._links[plug] = connected(plug, self.where)
        except BaseException:
            self._pool.release(plug)
            raise
        return link

    def give(self, link: Link) -> None:
        """See `Links.give`."""
        self._pool.release(link.plug)

    def close(self) -> None:
        """Let go of the client, which stays open."""
        self._closed = True
        self._links.clear()

    def _plug(self) -> Plug:
        try:
            found: Plug = self._pool.get_connection()
        except TypeError:
            # redis-py before 5.3 wants the name of a command.
            found = self._pool.get_connection("_")
        return found


def connected(plug: Plug, where: str) -> Link:
    """Return a link over *plug*, connected.

    Raises:
        Unavailable: the server cannot be reached.
        Refused: the server does not let us in.
        Misconfigured: the database asked for does not exist.
    """
    try:
        return Link(plug)
    except (RedisError, OSError) as exc:
        with suppress(Exception):
            plug.disconnect()
        raise faults.unreachable(exc, where) from exc
