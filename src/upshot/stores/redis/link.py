"""One connection to Redis: commands out, answers in, and nothing in between.

redis-py connects, authenticates and encrypts; the traffic itself bypasses its client layer,
which costs more than the server does.
"""

import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, cast, final

from redis.exceptions import ResponseError

from upshot.errors import MissingExtra

try:
    import hiredis
except ImportError as exc:
    raise MissingExtra(
        "keeping results in Redis needs the package hiredis beside redis, which is not installed: "
        "pip install 'upshot[redis]'",
        name="hiredis",
    ) from exc

Command = tuple[str | bytes | int, ...]

_READ: Final = 65536
_LARGE: Final = 16384
_PUSH: Final = getattr(hiredis, "PushNotification", ())


class Plug(Protocol):
    """What is used of a connection of redis-py."""

    _sock: socket.socket | None

    def connect(self) -> None:
        """Connect and log in, if that has not been done."""

    def disconnect(self) -> None:
        """Close the socket; in a forked child only the child's side of it."""


class Source(Protocol):
    """Makes connections; where they lead may differ from call to call."""

    @property
    def where(self) -> str:
        """The masked URL, for messages."""

    def make(self, budget: float | None = None) -> Plug:
        """Return a connection that is not connected yet.

        Args:
            budget: seconds that connecting and each answer may take at most; None: as configured.
        """


class Lost(Exception):
    """The connection broke; the cause says how.

    Attributes:
        sent: whether a part of the commands had left.
    """

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class Reader:
    """Takes the server's bytes apart into answers; errors are `ResponseError` objects."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(replyError=ResponseError, errors="replace")
        self._buffer = bytearray(_READ)

    def read(self, sock: socket.socket) -> bool:
        """Read once from *sock*; false at its end."""
        size = sock.recv_into(self._buffer)
        if size:
            self._reader.feed(cast("bytes", self._buffer), 0, size)
        return size > 0

    def next(self) -> Any:
        """Return the next whole answer, or False when more has to be read."""
        return self._reader.gets()


def pack(commands: Iterable[Command]) -> list[bytes]:
    """Return what is sent for *commands*, in pieces; large values are pieces of their own.

    Sent apart, a large value is copied neither here nor in the server.
    """
    pieces: list[bytes] = []
    small: list[bytes] = []
    for command in commands:
        if any(type(part) is bytes and len(part) > _LARGE for part in command):
            for piece in _apart(command):
                if len(piece) > _LARGE:
                    pieces += [b"".join(small), piece]
                    small = []
                else:
                    small.append(piece)
        else:
            small.append(hiredis.pack_command(cast("Any", command)))
    if small:
        pieces.append(small[0] if len(small) == 1 else b"".join(small))
    return pieces


def _apart(command: Command) -> Iterator[bytes]:
    head = [b"*%d\r\n" % len(command)]
    for part in command:
        data = part if isinstance(part, bytes) else str(part).encode()
        head.append(b"$%d\r\n" % len(data))
        if len(data) > _LARGE:
            yield b"".join(head)
            yield data
            head = [b"\r\n"]
        else:
            head += [data, b"\r\n"]
    yield b"".join(head)


def socket_of(plug: Plug) -> socket.socket:
    """Return the socket of a connection, connecting it if need be.

    Raises:
        redis.exceptions.RedisError: it could not be connected, or was refused.
    """
    plug.connect()
    found = plug._sock  # noqa: SLF001 redis-py has no public name for it
    if found is None:
        raise ConnectionError("the connection was closed while it was opened")
    return found


@final
class Link:
    """A connected connection; used by one thread at a time.

    Attributes:
        plug: the connection beneath.
        sock: its socket.
        used: whether it has carried a call before.
        usable: false once it is broken or closed.
        known: digests of the scripts that the server was given through it.
        at: monotonic time of its last use.
    """

    def __init__(self, plug: Plug) -> None:
        self.plug = plug
        self.sock = socket_of(plug)
        self.used = False
        self.usable = True
        self.known: set[str] = set()
        self.at = time.monotonic()
        self._reader = Reader()
        self._poll: Any = None
        if hasattr(select, "poll") and not isinstance(self.sock, ssl.SSLSocket):
            self._poll = select.poll()
            self._poll.register(self.sock, select.POLLIN)

    def stale(self) -> bool:
        """Tell whether an idle link was closed by the server, as far as the socket shows it.

        Anything that arrives unasked counts. TLS says things of its own, so it is not looked at.
        """
        return self._poll is not None and bool(self._poll.poll(0))

    def call(self, commands: Sequence[Command]) -> list[Any]:
        """Send *commands* in one trip and return their answers; an error is an answer too.

        Raises:
            Lost: the connection broke, or the answer did not come in time; the link is closed.
        """
        pieces = pack(commands)
        sent = False
        try:
            for piece in pieces:
                self.sock.sendall(piece)
                sent = True
            return self._answers(len(commands))
        except (OSError, hiredis.HiredisError) as exc:
            said = self._last_words()
            self.close()
            if said is not None:
                return [said] * len(commands)
            raise Lost(sent=sent) from exc
        except BaseException:
            # An answer that comes after an interrupt would be taken for that of the next call.
            self.close()
            raise
        finally:
            self.used = True

    def close(self) -> None:
        """Close the connection; in a forked child only the child's side of it."""
        self.usable = False
        self._poll = None
        self.plug.disconnect()

    def _last_words(self) -> ResponseError | None:
        """Return what the server said before it hung up, for example on a value too large."""
        with suppress(OSError, hiredis.HiredisError):
            self.sock.settimeout(0)
            self._reader.read(self.sock)
            said = None
            # Commands before the one it minded may have been answered.
            while (frame := self._reader.next()) is not False:
                said = frame
            return said if isinstance(said, ResponseError) else None
        return None

    def _answers(self, count: int) -> list[Any]:
        reader, sock = self._reader, self.sock
        answers: list[Any] = []
        while len(answers) < count:
            answer = reader.next()
            if answer is False:
                if not reader.read(sock):
                    raise ConnectionResetError("the server closed the connection")
            elif not isinstance(answer, _PUSH):
                answers.append(answer)
        return answers
