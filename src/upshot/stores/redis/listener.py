"""Hears of accepted writes over a connection of its own.

Nothing reconnects unseen: whoever waits has to look again after every break, and is told so only
once all subscriptions stand again.
"""

import os
import time
from collections.abc import Collection, Sequence
from typing import Any, Final, final

from redis.exceptions import ResponseError

from upshot.errors import Refused, Unavailable, Unsupported
from upshot.stores.contract import Confirmed, Event, Gap, News
from upshot.stores.keyvalue import Keys, order_of
from upshot.stores.redis import faults
from upshot.stores.redis.channel import Broken, Channel
from upshot.stores.redis.link import Source

_BATCH: Final = 500
_PATIENCE: Final = 10.0
_CONNECT: Final = 5.0
_QUICKEST: Final = 0.1
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0
_MESSAGE: Final = 3


@final
class RedisListener:
    """See `upshot.stores.contract.Listener`.

    Args:
        source: makes the connection.
        keys: names of the channels, which are those of the keys.
        beat: seconds of silence after which the server is asked whether it is still there; after
            as many again without an answer the connection counts as lost.
    """

    def __init__(self, source: Source, keys: Keys, *, beat: float) -> None:
        self._where = source.where
        # No id is empty, so this channel is free for questions of our own.
        self._base = keys.task("").encode()
        self._channel = Channel(source, beat=beat)
        self._pid = os.getpid()
        self._closed = False
        self._reason = "started to listen"
        self._standing = False
        self._wanted: set[str] = set()
        self._unheard: dict[str, int] = {}
        self._confirmed: set[str] = set()
        self._events: list[Event] = []

    def open(self) -> None:
        """Connect, and prove that this user may subscribe.

        Raises:
            Unsupported: it may not.
            Unavailable: the server cannot be reached, or says nothing.
            Refused: it does not let us in.
        """
        until = time.monotonic() + _CONNECT
        self._connect(_CONNECT)
        try:
            while not self._events and time.monotonic() < until:
                self._channel.wait(until - time.monotonic())
                self._receive()
        except Refused as exc:
            if "NOPERM" not in str(exc.__cause__):
                raise
            raise Unsupported(f"listening for results is not allowed: {exc}") from exc
        except Broken as exc:
            raise self._unavailable(exc) from exc
        if not self._events:
            raise self._unavailable("a subscription was not answered")

    def want(self, add: Collection[str], drop: Collection[str]) -> None:
        """See `upshot.stores.contract.Listener.want`."""
        gone = self._wanted.intersection(drop).difference(add)
        new = [one for one in dict.fromkeys(add) if one not in self._wanted]
        if self._channel.up:
            known = self._wanted.intersection(add)
            self._confirmed.update(one for one in known if one not in self._unheard)
        self._wanted -= gone
        self._confirmed -= gone
        self._wanted.update(new)
        if self._channel.up:
            try:
                self._subscribe("UNSUBSCRIBE", gone)
                self._subscribe("SUBSCRIBE", new)
            except Broken as exc:
                self._lose(exc)

    def next(self, timeout: float | None) -> Sequence[Event]:
        """See `upshot.stores.contract.Listener.next`."""
        self._check()
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            if not self._channel.up and not self._restored(until):
                return self._rung()
            try:
                self._receive()
                if self._events or (self._confirmed and self._standing):
                    return self._taken()
                if self._channel.bell.rung:
                    return self._rung()
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return []
                self._channel.wait(left)
            except Broken as exc:
                self._lose(exc)

    def wake(self) -> None:
        """See `upshot.stores.contract.Listener.wake`."""
        self._channel.bell.ring()

    def close(self) -> None:
        """See `upshot.stores.contract.Listener.close`."""
        if not self._closed:
            self._closed = True
            self._channel.close()

    def _check(self) -> None:
        if self._closed:
            raise faults.closed(self._where)
        if os.getpid() != self._pid:
            self.close()
            raise self._unavailable(
                "this listener belongs to the parent process; open one in this process"
            )

    def _unavailable(self, why: object) -> Unavailable:
        return Unavailable(f"Redis at {self._where}: {why}")

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        if self._confirmed and self._standing:
            events.append(Confirmed(frozenset(self._confirmed)))
            self._confirmed = set()
        return events

    def _rung(self) -> list[Event]:
        self._channel.bell.rung = False
        return []

    def _restored(self, until: float | None) -> bool:
        """Connect anew, trying until time is out; false when woken meanwhile."""
        pause = _FIRST_PAUSE
        until = time.monotonic() + _PATIENCE if until is None else until
        while True:
            try:
                self._connect(min(max(until - time.monotonic(), _QUICKEST), _CONNECT))
            except Unavailable:
                left = until - time.monotonic()
                if left <= 0:
                    raise
                self._channel.wait(min(pause, left))
                if self._channel.bell.rung:
                    return False
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return True

    def _connect(self, budget: float) -> None:
        self._unheard = {}
        self._standing = False
        self._channel.connect(budget)
        try:
            self._subscribe("SUBSCRIBE", self._wanted)
            # Answers keep their order: when this one comes all of the above stand.
            self._channel.send([("SUBSCRIBE", self._base)])
        except Broken as exc:
            self._lose(exc)
            raise self._unavailable(exc) from exc

    def _lose(self, why: Exception) -> None:
        self._reason = str(why)
        self._unheard = {}
        self._confirmed = set()
        self._channel.disconnect()

    def _subscribe(self, command: str, ids: Collection[str]) -> None:
        every = list(ids)
        for start in range(0, len(every), _BATCH):
            batch = every[start : start + _BATCH]
            if command == "SUBSCRIBE":
                for one in batch:
                    self._unheard[one] = self._unheard.get(one, 0) + 1
            self._channel.send([(command, *(self._base + one.encode() for one in batch))])

    def _receive(self) -> None:
        for frame in self._channel.received():
            if isinstance(frame, ResponseError):
                self._complaint(frame)
            elif isinstance(frame, list) and len(frame) == _MESSAGE and isinstance(frame[1], bytes):
                self._message(*frame)
            elif frame != b"PONG" and not (isinstance(frame, list) and frame[:1] == [b"pong"]):
                self._events.append(Gap("the server sent an unknown message"))

    def _message(self, kind: bytes, channel: bytes, content: Any) -> None:
        name = channel.removeprefix(self._base).decode(errors="replace")
        if kind == b"message" and name in self._wanted:
            if isinstance(content, bytes) and order_of(content) is not None:
                self._events.append(News(name, content))
            else:
                self._events.append(Gap(f"an unreadable message about {name!r}"))
        elif kind == b"subscribe" and channel == self._base:
            self._standing = True
            self._events.append(Gap(self._reason))
        elif kind == b"subscribe":
            left = self._unheard.pop(name, 1) - 1
            if left:
                self._unheard[name] = left
            elif name in self._wanted:
                self._confirmed.add(name)

    def _complaint(self, answer: ResponseError) -> None:
        error = faults.answered(answer, self._where)
        if isinstance(error, Refused):
            self._lose(error)
            raise error from answer
        raise Broken(str(error))
