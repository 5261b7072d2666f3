"""The fault proxy forwards faithfully, and breaks exactly what it was told to break."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from upshot.testing import FaultProxy, wait_until


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(65_536):
                self.request.sendall(data)
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with _Server(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="upshot-echo")
        thread.start()
        with FaultProxy("127.0.0.1", server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()
        thread.join()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with closing(_connected(proxy)) as connection:
        yield connection


def _connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=10.0)


def _spoken_to(proxy: FaultProxy) -> bytes:
    with closing(_connected(proxy)) as client:
        return client.recv(1)


def _echoed(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    answer = b""
    while len(answer) < len(data):
        piece = client.recv(65_536)
        if not piece:
            return answer
        answer += piece
    return answer


def test_it_forwards_both_ways_and_counts(proxy: FaultProxy, client: socket.socket) -> None:
    data = bytes(range(256)) * 100
    assert _echoed(client, data) == data
    wait_until(lambda: proxy.forwarded["answer"] == len(data), "the last count")
    assert proxy.forwarded == {"request": len(data), "answer": len(data)}
    assert (proxy.connections, proxy.open, proxy.dropped) == (1, 1, 0)
    client.close()
    wait_until(lambda: proxy.open == 0, "the end of the connection")
    assert proxy.connections == 1


def test_it_carries_many_connections(proxy: FaultProxy) -> None:
    clients = [_connected(proxy) for _ in range(20)]
    for n, client in enumerate(clients):
        assert _echoed(client, b"%d" % n) == b"%d" % n
    assert proxy.open == 20
    for client in clients:
        client.close()
    wait_until(lambda: proxy.open == 0, "the end of all connections")


def test_a_cut_resets_what_is_open_and_nothing_later(
    proxy: FaultProxy, client: socket.socket
) -> None:
    assert _echoed(client, b"before") == b"before"
    proxy.cut()
    assert proxy.cuts == 1
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with closing(_connected(proxy)) as later:
        assert _echoed(later, b"after") == b"after"


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_a_chunk_is_lost_with_its_connection(proxy: FaultProxy, direction: str) -> None:
    with closing(_connected(proxy)) as client, closing(_connected(proxy)) as other:
        assert _echoed(client, b"before") == b"before"
        assert _echoed(other, b"before") == b"before"
        proxy.cut_at("request" if direction == "request" else "answer")
        client.sendall(b"lost")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert _echoed(other, b"still there") == b"still there"
    served = len(b"before") * 2 + len(b"still there") + (4 if direction == "answer" else 0)
    assert proxy.forwarded["request"] == served


def test_a_frozen_connection_is_open_and_silent(proxy: FaultProxy, client: socket.socket) -> None:
    assert _echoed(client, b"before") == b"before"
    proxy.frozen = True
    client.settimeout(0.1)
    client.sendall(b"into the void")
    with pytest.raises(TimeoutError):
        client.recv(1)
    with closing(_connected(proxy)) as later:
        later.settimeout(0.1)
        later.sendall(b"into the void")
        with pytest.raises(TimeoutError):
            later.recv(1)
    proxy.heal()
    client.settimeout(10.0)
    assert _echoed(client, b"after") == b"after"


def test_refused_connections_are_reset(proxy: FaultProxy) -> None:
    proxy.refusing = True
    with pytest.raises(ConnectionResetError):
        _spoken_to(proxy)
    proxy.heal()
    with closing(_connected(proxy)) as client:
        assert _echoed(client, b"after") == b"after"


def test_chunks_are_dropped_by_content(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.drop = lambda direction, data: direction == "answer" and b"secret" in data
    client.sendall(b"a secret")
    wait_until(lambda: proxy.dropped == 1, "the loss")
    assert _echoed(client, b"no such thing") == b"no such thing"
    assert proxy.forwarded["request"] == len(b"a secret") + len(b"no such thing")


def test_delay_and_throttle_hold_back(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.delay = 0.05
    begin = time.monotonic()
    assert _echoed(client, b"slowly") == b"slowly"
    assert time.monotonic() - begin >= 0.1
    proxy.heal()
    proxy.rate = 100_000.0
    begin = time.monotonic()
    assert _echoed(client, bytes(10_000)) == bytes(10_000)
    assert time.monotonic() - begin >= 0.2


def test_a_server_that_is_gone_resets_the_client() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with FaultProxy("127.0.0.1", port) as proxy:
        with pytest.raises(ConnectionResetError):
            _spoken_to(proxy)
        assert proxy.open == 0


def test_nothing_is_left_behind() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        with FaultProxy("127.0.0.1", server.getsockname()[1]) as proxy:
            client = _connected(proxy)
            wait_until(lambda: proxy.open == 1, "the connection")
        with closing(client), pytest.raises(ConnectionResetError):
            client.recv(1)
    assert not [t for t in threading.enumerate() if t.name == "upshot-fault-proxy"]
    with pytest.raises(ConnectionError):
        _connected(proxy)
