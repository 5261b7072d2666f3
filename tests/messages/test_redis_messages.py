"""What is said when a Redis server is not there, refuses or falls silent, whole, no secret in it."""

import gc
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import redis

from tests.servers.redis_server import RedisServer, free_port
from tests.stores.redis.helpers import open_redis
from tests.support.children import error_of
from upshot.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TooLarge,
    Unavailable,
    Unsupported,
    UpshotError,
)
from upshot.stores.redis import RedisStore
from upshot.testing.envelopes import assert_reads_as, make_envelope
from upshot.testing.fault_proxy import FaultProxy

pytestmark = [pytest.mark.store("redis"), pytest.mark.covers("SEC-04", "pain P4", "ERR-01")]

SECRET = "hunter2/#?@"
STANDING = make_envelope("standing", result=1)
WRONG_LOGIN = (
    "user name or password are wrong: correct them in the URL, or in redis_username and "
    "redis_password (the server said: invalid username-password pair or user is disabled.)"
)
RIGHTS = (
    "the user lacks a right: it needs the commands of upshot (+@read +@write +@scripting +@pubsub "
    "+@connection), and its keys and channels (~*celery-task* ~*upshot-* &*celery-task*)"
)
SUBSCRIBE = "(the server said: NOPERM this user has no permissions to run the 'subscribe' command)"


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    with RedisServer({"requirepass": SECRET}) as server:
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer({"proto-max-bulk-len": "1048576"}) as server:
        yield server


@pytest.fixture
def raw(server: RedisServer) -> Iterator["redis.Redis"]:
    with closing(redis.Redis(port=server.port)) as client:
        client.flushall()
        with closing(open_redis(server.url())) as store:
            store.save(STANDING)
        yield client
        assert client.keys("*") == [b"celery-task-meta-standing"]


def told(work: Callable[[], object]) -> tuple[type[UpshotError], str]:
    """Return type and text of the error that *work* raises, what changes from run to run left out."""
    error = error_of(work)
    assert SECRET not in str(error)
    assert error.__cause__ is not None
    return type(error), re.sub(r" script: \w+, on @user_script:\d+\.", "", str(error))


def save(store: RedisStore) -> Any:
    return store.save(make_envelope("late"))


def listen(store: RedisStore) -> Any:
    return store.listen()


def load(store: RedisStore) -> Any:
    return store.load(["standing"])


@pytest.mark.covers("STO-02", "RTY-05")
def test_nobody_answers_at_the_address() -> None:
    port = free_port()
    with closing(open_redis(f"redis://user:{SECRET}@127.0.0.1:{port}/0")) as store:
        for call in (save, load, listen):
            assert told(lambda call=call: call(store)) == (  # type: ignore[misc]
                Unavailable,
                (
                    f"Redis at redis://user:**@127.0.0.1:{port}/0 cannot be reached: check that it "
                    "runs and that the address is right (Error 111 connecting to "
                    f"127.0.0.1:{port}. Connection refused.)"
                ),
            )


@pytest.mark.covers("STO-02")
@pytest.mark.parametrize(
    ("login", "shown", "words"),
    [
        (f":wrong-{SECRET}", ":**@", WRONG_LOGIN),
        (f"bob:{SECRET}", "bob:**@", WRONG_LOGIN),
        (
            "",
            "",
            (
                "the server wants a password: write redis://:PASSWORD@host, or set redis_password "
                "(the server said: NOAUTH Authentication required.)"
            ),
        ),
    ],
)
def test_wrong_credentials(guarded: RedisServer, login: str, shown: str, words: str) -> None:
    with closing(open_redis(guarded.url(login=login))) as store:
        for call in (save, load, listen):
            assert told(lambda call=call: call(store)) == (  # type: ignore[misc]
                Refused,
                f"Redis at redis://{shown}127.0.0.1:{guarded.port}/0: {words}",
            )
    with closing(open_redis(guarded.url(login=f":{SECRET}"))) as store:
        assert dict(store.load(["late"])) == {}


def test_a_needless_password(server: RedisServer) -> None:
    with closing(open_redis(server.url(login=f":{SECRET}"))) as store:
        assert told(lambda: save(store)) == (
            Refused,
            (
                f"Redis at redis://:**@127.0.0.1:{server.port}/0: the server has no password, but "
                "one was sent: take it out of the URL and of redis_password (the server said: AUTH "
                "<password> called without any password configured for the default user. Are you "
                "sure your configuration is correct?)"
            ),
        )


def test_a_database_that_is_not_there(server: RedisServer) -> None:
    with closing(open_redis(server.url(99))) as store:
        assert told(lambda: save(store)) == (
            Misconfigured,
            (
                f"Redis at redis://127.0.0.1:{server.port}/99: there is no database of that number:"
                " lower it in the URL or in redis_db, or raise `databases` on the server (the "
                "server said: DB index is out of range)"
            ),
        )


@pytest.mark.covers("pain S15")
@pytest.mark.parametrize(
    ("rights", "said"),
    [
        (["+@connection"], "NOPERM this user has no permissions to run the 'evalsha' command"),
        (
            ["+@connection", "+@read", "+@scripting"],
            "ERR The user executing the script can't run this command or subcommand",
        ),
    ],
    ids=["nothing", "reading"],
)
def test_a_user_without_rights(
    server: RedisServer, raw: "redis.Redis", rights: list[str], said: str
) -> None:
    raw.acl_setuser(
        "limited", enabled=True, passwords=["+secret"], reset=True, categories=rights, keys=["*"]
    )
    where = f"Redis at redis://limited:**@127.0.0.1:{server.port}/0"
    with closing(open_redis(server.url(login="limited:secret"))) as store:
        assert told(lambda: save(store)) == (
            Refused,
            f"{where}: {RIGHTS} (the server said: {said})",
        )
        assert told(lambda: listen(store)) == (
            Unsupported,
            f"listening for results is not allowed: {where}: {RIGHTS} {SUBSCRIBE}",
        )
    raw.acl_deluser("limited")


def replica(raw: "redis.Redis", *, on: bool) -> None:
    raw.replicaof(*(("127.0.0.1", str(free_port())) if on else ("NO", "ONE")))


def option(name: str, bad: str, good: str) -> Callable[..., None]:
    def switch(raw: "redis.Redis", *, on: bool) -> None:
        raw.config_set(name, bad if on else good)

    return switch


@pytest.mark.covers("STO-02")
@pytest.mark.parametrize(
    ("switch", "kind", "words"),
    [
        (
            replica,
            Refused,
            (
                "this server is a read-only replica: point the URL at the primary (the server said:"
                " READONLY You can't write against a read only replica.)"
            ),
        ),
        (
            option("maxmemory", "1", "0"),
            Refused,
            (
                "the server's memory is full: raise maxmemory there, shorten result_expires, or "
                "choose a maxmemory-policy that evicts (the server said: OOM command not allowed "
                "when used memory > 'maxmemory'.)"
            ),
        ),
        (
            option("min-replicas-to-write", "3", "0"),
            Unavailable,
            (
                "the primary has too few replicas to accept writes (the server said: NOREPLICAS "
                "Not enough good replicas to write.)"
            ),
        ),
        (
            option("maxclients", "1", "4000"),
            Unavailable,
            (
                "the server has no connection left: raise maxclients there, or lower "
                "redis_max_connections in the processes that use it (the server said: max number "
                "of clients reached)"
            ),
        ),
    ],
    ids=["replica", "memory", "replicas", "clients"],
)
def test_a_server_that_takes_no_writes(
    server: RedisServer,
    raw: "redis.Redis",
    switch: Callable[..., None],
    kind: type[UpshotError],
    words: str,
) -> None:
    switch(raw, on=True)
    try:
        with closing(open_redis(server.url())) as store:
            assert told(lambda: save(store)) == (kind, f"Redis at {server.url()}: {words}")
    finally:
        switch(raw, on=False)
    with closing(open_redis(server.url())) as store:
        assert_reads_as(store.load(["standing"])["standing"], STANDING)


def test_a_value_that_the_server_does_not_take(server: RedisServer, raw: "redis.Redis") -> None:
    with closing(open_redis(server.url())) as store:
        assert told(lambda: store.save(make_envelope("large", result="x" * 8_000_000))) == (
            TooLarge,
            (
                f"Redis at {server.url()}: the server takes no value of that size: raise "
                "proto-max-bulk-len there, or store a reference instead of the value (the server "
                "said: ERR Protocol error: invalid bulk length)"
            ),
        )
        assert_reads_as(store.load(["large", "standing"])["standing"], STANDING)


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Give the port of a server that says *answer* to whatever it is sent."""

    def serve() -> None:
        while True:
            try:
                other, _ = listening.accept()
            except OSError:
                return
            with other:
                while other.recv(65536):
                    other.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            (
                ": the server is still loading its data; trying again helps (the server said: "
                "LOADING Redis is loading the dataset in memory)"
            ),
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            (
                " cannot be reached: check that it runs and that the address is right (Protocol "
                'error, got "H" as reply type byte)'
            ),
        ),
    ],
    ids=["loading", "web-server"],
)
def test_a_server_that_says_something_else(answer: bytes, words: str) -> None:
    with answering(answer) as port:
        url = f"redis://127.0.0.1:{port}/0"
        with closing(open_redis(url)) as store:
            assert told(lambda: load(store)) == (Unavailable, f"Redis at {url}{words}")


# redis-py leaves the socket of a failed handshake to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_where_the_server_speaks_none(guarded: RedisServer) -> None:
    url = guarded.url(login=f":{SECRET}", scheme="rediss")
    with closing(open_redis(url, redis_socket_timeout=0.2)) as store:
        kind, text = told(lambda: save(store))
        gc.collect()
    assert kind is Unavailable
    assert text == (
        f"Redis at rediss://:**@127.0.0.1:{guarded.port}/0 did not answer in time: check the "
        "address and the network, or raise redis_socket_connect_timeout (Timeout connecting to "
        "server)"
    )


@pytest.mark.covers("CFG-20a", "STO-02")
def test_a_half_open_server(server: RedisServer, raw: "redis.Redis") -> None:
    with FaultProxy("127.0.0.1", server.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        where = f"Redis at {url}"
        with closing(open_redis(url, redis_socket_timeout=0.3)) as store:
            load(store)
            proxy.frozen = True
            assert told(lambda: save(store)) == (
                OutcomeUnknown,
                (
                    f"{where} gave no answer within redis_socket_timeout (timed out): the write may "
                    "or may not have been done, and can be repeated safely"
                ),
            )
            assert told(lambda: load(store)) == (
                Unavailable,
                (
                    f"{where} did not answer in time: check the address and the network, or raise "
                    "redis_socket_connect_timeout (Timeout reading from socket)"
                ),
            )
            proxy.heal()
            load(store)
            proxy.frozen = True
            assert told(lambda: load(store)) == (
                Unavailable,
                (
                    f"{where} gave no answer within redis_socket_timeout (timed out); trying again "
                    "may help"
                ),
            )
            proxy.heal()
            assert_reads_as(load(store)["standing"], STANDING)


def test_no_connection_is_free(server: RedisServer) -> None:
    url = server.url(query="max_connections=1&socket_timeout=0.1")
    with closing(open_redis(url)) as store:
        link = store._calls.links.take()
        error = error_of(lambda: load(store))
        store._calls.links.give(link)
    assert str(error) == (
        f"Redis at {url}: all 1 connections were busy for 0.1 s: raise redis_max_connections, or "
        "run fewer threads"
    )
