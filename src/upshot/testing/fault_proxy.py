"""A TCP proxy on the loopback that misbehaves on demand, to stand between a store and its server.

Where the store is given the proxy's port, `proxy.cut_at("answer")` loses the answer of the next
call, `proxy.frozen = True` leaves connections half-open, and `proxy.delay` makes the way longer.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Literal, Self

Direction = Literal["request", "answer"]
"""Towards the server, or back from it."""

_CHUNK: Final = 65_536
_START_LIMIT: Final = 10.0
_RESET: Final = struct.pack("ii", 1, 0)


class FaultProxy:
    """Forwards connections to a server and breaks them as told; a context manager.

    All its attributes may be set, and its methods called, from any thread and at any time.

    Args:
        host: host of the server.
        port: port of the server.

    Attributes:
        delay: seconds by which every chunk is held back, in each direction.
        rate: bytes a second at which each direction is throttled; None for no limit.
        frozen: accept connections and read from them, but forward nothing and close nothing.
        refusing: reset new connections at once.
        drop: chunks for which it returns true are lost; called with direction and bytes.
        connections: how many were accepted.
        open: how many are open now.
        cuts: how many were reset by `cut` and `cut_at`.
        forwarded: bytes that were forwarded, by direction.
        dropped: number of chunks that were lost.
    """

    def __init__(self, host: str, port: int) -> None:
        self.delay = 0.0
        self.rate: float | None = None
        self.frozen = False
        self.refusing = False
        self.drop: Callable[[Direction, bytes], bool] | None = None
        self.connections = 0
        self.forwarded: dict[Direction, int] = {"request": 0, "answer": 0}
        self.dropped = 0
        self.cuts = 0
        self.host: Final = "127.0.0.1"
        self.port = 0
        self._server = (host, port)
        self._cut_at: Direction | None = None
        self._links: set[_Link] = set()
        self._thawed = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="upshot-fault-proxy", daemon=True)
        self._stopped = asyncio.Event()
        self._started = threading.Event()
        self._problem: BaseException | None = None

    def __enter__(self) -> Self:
        """Start it; `port` is known from now on."""
        self._thread.start()
        self._started.wait(_START_LIMIT)
        if self._problem is not None:
            raise self._problem
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection and stop."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(_START_LIMIT)

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._links)

    def cut(self) -> None:
        """Reset every connection that is open now; new ones are welcome."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(_START_LIMIT)

    def cut_at(self, direction: Direction) -> None:
        """Lose the next chunk that goes in *direction*, and reset its connection."""
        self._cut_at = direction

    def heal(self) -> None:
        """Behave from now on; what was held back while frozen stays lost."""
        self.delay, self.rate, self.drop = 0.0, None, None
        self.frozen = self.refusing = False
        self._cut_at = None

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as exc:  # noqa: BLE001 handed to the thread that started it
            self._problem = exc
        finally:
            self._started.set()
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopped.wait()
        server.close()
        await self._cut()
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _cut(self) -> None:
        for link in list(self._links):
            self.cuts += 1
            link.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A cancelled handler is an error to asyncio's streams, and this is the outermost frame.
        with contextlib.suppress(asyncio.CancelledError):
            await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            _reset(writer)
            return
        try:
            theirs = await asyncio.open_connection(*self._server)
        except OSError:
            _reset(writer)
            return
        link = _Link(writer, theirs[1])
        self._links.add(link)
        pumps = (
            self._pump("request", reader, theirs[1], link),
            self._pump("answer", theirs[0], writer, link),
        )
        try:
            await asyncio.gather(*pumps)
        finally:
            self._links.discard(link)
            link.close()

    async def _pump(
        self,
        direction: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        link: "_Link",
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(_CHUNK):
                if self._cut_at == direction:
                    self._cut_at = None
                    self.cuts += 1
                    link.reset()
                elif self.frozen or (self.drop and self.drop(direction, data)):
                    self.dropped += 1
                else:
                    await self._hold_back(data)
                    writer.write(data)
                    await writer.drain()
                    self.forwarded[direction] += len(data)
        if not self.frozen:
            link.close()

    async def _hold_back(self, data: bytes) -> None:
        seconds = self.delay + (len(data) / self.rate if self.rate else 0.0)
        if seconds:
            await asyncio.sleep(seconds)


class _Link:
    """One connection: the client's side and the server's."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._writers = (client, server)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def reset(self) -> None:
        for writer in self._writers:
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: Any = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
