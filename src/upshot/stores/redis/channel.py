"""The socket of a listener: reads without waiting, waits with a bell, and never mends itself."""

import os
import selectors
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, final

import hiredis
from redis.exceptions import RedisError

from upshot.stores.redis import faults
from upshot.stores.redis.link import Command, Plug, Reader, Source, pack, socket_of

_READS: Final = 64
_SEND_SECONDS: Final = 5.0
_LATER: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Broken(Exception):
    """The connection is of no use any more; the text says why."""


@final
class Bell:
    """Ends a wait from another thread or a signal handler.

    Attributes:
        ear: what becomes readable when it is rung.
        rung: whether it was, as far as was heard.
    """

    def __init__(self) -> None:
        self.ear, self._rope = socket.socketpair()
        self.ear.settimeout(0)
        self._rope.settimeout(0)
        self._pid = os.getpid()
        self.rung = False

    def ring(self) -> None:
        """Ring it; a forked child does not, since it would ring in the parent."""
        # A full buffer rings already; a closed one has nobody to wake.
        if os.getpid() == self._pid:
            with suppress(OSError):
                self._rope.send(b"\0")

    def listen(self) -> None:
        """Note whether it was rung."""
        with suppress(OSError):
            while self.ear.recv(4096):
                self.rung = True

    def close(self) -> None:
        """Take it down."""
        self.ear.close()
        self._rope.close()


@final
class Channel:
    """A connection that is read as things arrive.

    Args:
        source: makes the connection.
        beat: seconds of silence after which the server is asked whether it is still there; after
            as many again without an answer the connection is broken.
    """

    def __init__(self, source: Source, *, beat: float) -> None:
        self._source = source
        self._beat = beat
        self._plug: Plug | None = None
        self._sock: socket.socket | None = None
        self._reader = Reader()
        self._heard = 0.0
        self._asked: float | None = None
        self._unread = False
        self.bell = Bell()
        # Unlike epoll this keeps nothing in the kernel that a forked child would share.
        self._selector = getattr(selectors, "PollSelector", selectors.SelectSelector)()
        self._selector.register(self.bell.ear, selectors.EVENT_READ)

    @property
    def up(self) -> bool:
        """Whether it is connected, as far as is known."""
        return self._sock is not None

    def connect(self, budget: float) -> None:
        """Connect within about *budget* seconds.

        Raises:
            Unavailable: the server cannot be reached.
            Refused: it does not let us in.
            Misconfigured: the database asked for does not exist.
        """
        plug = self._source.make(budget)
        try:
            sock = socket_of(plug)
            sock.settimeout(0)
        except (RedisError, OSError) as exc:
            with suppress(Exception):
                plug.disconnect()
            raise faults.unreachable(exc, self._source.where) from exc
        self._plug, self._sock, self._reader = plug, sock, Reader()
        self._heard, self._asked = time.monotonic(), None
        self._selector.register(sock, selectors.EVENT_READ)

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        sock, self._sock = self._sock, None
        plug, self._plug = self._plug, None
        if sock is not None:
            with suppress(KeyError, ValueError):
                self._selector.unregister(sock)
        if plug is not None:
            plug.disconnect()

    def close(self) -> None:
        """Close everything."""
        self.disconnect()
        self._selector.close()
        self.bell.close()

    def send(self, commands: Sequence[Command]) -> None:
        """Send *commands*; their answers arrive among everything else.

        Raises:
            Broken: they could not be sent.
        """
        sock = self._sock
        if sock is None:
            raise Broken("it is not connected")
        try:
            sock.settimeout(_SEND_SECONDS)
            sock.sendall(b"".join(pack(commands)))
            sock.settimeout(0)
        except OSError as exc:
            raise Broken(f"the connection broke: {exc}") from exc

    def received(self) -> Iterator[Any]:
        """Yield what has arrived, or a good deal of it, without waiting.

        Raises:
            Broken: the connection has ended, or carries something else than Redis' protocol.
        """
        for _ in range(_READS):
            sock = self._sock
            if sock is None:
                return
            try:
                more = self._reader.read(sock)
            except _LATER:
                return
            except OSError as exc:
                raise Broken(f"the connection broke: {exc}") from exc
            if not more:
                raise Broken("the server closed the connection")
            self._heard, self._asked = time.monotonic(), None
            try:
                while (frame := self._reader.next()) is not False:
                    yield frame
            except hiredis.HiredisError as exc:
                raise Broken(f"the server sent what is no Redis protocol: {exc}") from exc
        self._unread = True

    def wait(self, seconds: float | None) -> None:
        """Wait until something arrives, the bell is rung, or *seconds* have passed.

        Raises:
            Broken: the server does not answer any more.
        """
        if self._unread:
            # What TLS has decrypted already would wake nobody.
            self._unread = False
            return
        if self._sock is not None:
            due = self._pulse() - time.monotonic()
            seconds = due if seconds is None else min(seconds, due)
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self.bell.ear:
                self.bell.listen()

    def _pulse(self) -> float:
        """Ask a server that is silent whether it is there; return when to look again."""
        now = time.monotonic()
        if self._asked is None:
            if now < self._heard + self._beat:
                return self._heard + self._beat
            self.send([("PING",)])
            self._asked = now
        elif now >= self._asked + self._beat:
            raise Broken(f"the server said nothing for {now - self._heard:.0f} s")
        return self._asked + self._beat
