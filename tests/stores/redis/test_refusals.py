"""What a server refuses, or does not answer, becomes a typed error that says what to do."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis
from redis.exceptions import RedisError

from tests.servers.redis_server import RedisServer, free_port
from tests.stores.redis.helpers import heard, open_redis
from upshot.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    StoreClosed,
    Unavailable,
    Unsupported,
)
from upshot.stores.contract import Confirmed
from upshot.stores.redis import RedisStore
from upshot.testing.envelopes import make_envelope
from upshot.testing.fault_proxy import FaultProxy

SECRET = "hunter2/#?@"


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    with RedisServer({"requirepass": SECRET}) as server:
        yield server


def refused(store: RedisStore) -> Refused:
    with closing(store), pytest.raises(Refused) as caught:
        store.save(make_envelope("id"))
    assert SECRET not in str(caught.value)
    assert isinstance(caught.value.__cause__, RedisError)
    return caught.value


@pytest.mark.covers("STO-02", "SEC-04")
def test_a_wrong_password_is_refused_and_not_shown(guarded: RedisServer) -> None:
    error = refused(open_redis(guarded.url(login=f":wrong-{SECRET}")))
    assert "user name or password are wrong: correct them in the URL" in str(error)
    assert f"redis://:**@127.0.0.1:{guarded.port}/0" in str(error)
    with closing(open_redis(guarded.url(login=f":{SECRET}"))) as store:
        assert store.save(make_envelope("id")).accepted
    with closing(open_redis(guarded.url(), redis_password=SECRET)) as store:
        assert store.load(["id"])


def test_a_missing_password_is_asked_for(guarded: RedisServer) -> None:
    assert "set redis_password" in str(refused(open_redis(guarded.url())))
    listening = open_redis(guarded.url())
    with closing(listening), pytest.raises(Refused, match="set redis_password"):
        listening.listen()


def test_a_needless_password_is_named(server: RedisServer) -> None:
    error = refused(open_redis(server.url(login=f":{SECRET}")))
    assert "the server has no password, but one was sent" in str(error)


def test_a_database_that_is_not_there_is_named(server: RedisServer) -> None:
    with closing(open_redis(server.url(99))) as store, pytest.raises(Misconfigured) as caught:
        store.load(["id"])
    assert "there is no database of that number" in str(caught.value)


@pytest.mark.covers("STO-02", "RTY-05")
def test_a_port_where_nobody_listens_is_unavailable() -> None:
    url = f"redis://user:{SECRET}@127.0.0.1:{free_port()}/0"
    with closing(open_redis(url)) as store:
        for call in (
            lambda: store.save(make_envelope("id")),
            lambda: store.load(["id"]),
            store.listen,
        ):
            with pytest.raises(Unavailable, match="check that it runs") as caught:
                call()
            assert isinstance(caught.value, ConnectionError)
            assert SECRET not in str(caught.value)
            assert caught.value.__cause__ is not None


@pytest.fixture
def limited(server: RedisServer, raw: "redis.Redis") -> Iterator[str]:
    """Give the URL of a user without any right."""
    raw.acl_setuser("limited", enabled=True, passwords=["+secret"], reset=True)
    yield server.url(login="limited:secret")
    raw.acl_deluser("limited")


@pytest.mark.covers("pain S15")
def test_a_user_without_the_commands_is_told_which_are_needed(limited: str) -> None:
    assert "+@scripting" in str(refused(open_redis(limited)))


@pytest.mark.covers("pain S15")
def test_a_user_of_other_keys_writes_nothing_at_all(
    limited: str, raw: "redis.Redis", server: RedisServer
) -> None:
    raw.acl_setuser(
        "limited", enabled=True, passwords=["+secret"], keys=["celery-task-meta-*"],
        channels=["*"], categories=["+@all"], reset=True,
    )  # fmt: skip
    assert "~*upshot-*" in str(refused(open_redis(limited)))
    assert raw.keys("*") == []


@pytest.mark.covers("pain S15")
def test_the_rights_the_message_names_are_enough(limited: str, raw: "redis.Redis") -> None:
    raw.acl_setuser(
        "limited", enabled=True, passwords=["+secret"], keys=["*celery-task*", "*upshot-*"],
        channels=["*celery-task*"], reset=True,
        categories=["+@read", "+@write", "+@scripting", "+@pubsub", "+@connection"],
    )  # fmt: skip
    with closing(open_redis(limited)) as store, closing(store.listen()) as listener:
        listener.want(["id"], [])
        assert store.save(make_envelope("id", tombstone=9.0)).accepted
        assert store.save(make_envelope("large", result="x" * 100_000)).accepted
        assert set(store.load(["id"])) == {"id"}
        assert store.expired(["id"]) == frozenset()
        assert store.put("group", "g", b"", 9.0)
        assert store.scan(None, 10).items
        assert listener.next(5)
        store.delete(["id"])


def test_a_user_who_may_not_publish_still_stores(
    limited: str, raw: "redis.Redis", store: RedisStore, caplog: pytest.LogCaptureFixture
) -> None:
    raw.acl_setuser(
        "limited", enabled=True, passwords=["+secret"], keys=["*"], categories=["+@all"],
        reset=True, reset_channels=True,
    )  # fmt: skip
    with closing(open_redis(limited)) as mute, closing(store.listen()) as listener:
        with pytest.raises(Unsupported, match="listening for results is not allowed"):
            mute.listen()
        listener.want(["a", "b"], [])
        heard(listener, lambda events: Confirmed(frozenset({"a", "b"})) in events)
        assert mute.save(make_envelope("a")).accepted
        assert mute.save(make_envelope("b", result="x" * 100_000)).accepted
        assert set(store.load(["a", "b"])) == {"a", "b"}
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "stores results but does not announce them" in record.message


def test_a_full_server_refuses_and_keeps_what_stands(store: RedisStore, raw: "redis.Redis") -> None:
    store.save(make_envelope("id", "STARTED", tombstone=60.0))
    raw.config_set("maxmemory", "1")
    try:
        for size in (10, 100_000):
            with pytest.raises(Refused, match="the server's memory is full"):
                store.save(make_envelope("id", result="x" * size))
        with pytest.raises(Refused, match="maxmemory"):
            store.save_many([make_envelope("id"), make_envelope("other")])
    finally:
        raw.config_set("maxmemory", "0")
    assert store.save(make_envelope("id", "STARTED")).accepted
    assert raw.dbsize() == 1


def test_a_replica_refuses_writes(store: RedisStore, raw: "redis.Redis") -> None:
    raw.replicaof("127.0.0.1", free_port())
    try:
        with pytest.raises(Refused, match="read-only replica: point the URL at the primary"):
            store.save(make_envelope("id"))
    finally:
        raw.replicaof("NO", "ONE")
    assert store.save(make_envelope("id")).accepted


def test_a_server_without_room_is_unavailable(server: RedisServer, raw: "redis.Redis") -> None:
    raw.ping()
    raw.config_set("maxclients", "1")
    try:
        with closing(open_redis(server.url())) as store, pytest.raises(Unavailable) as caught:
            store.load(["id"])
    finally:
        raw.config_set("maxclients", "4000")
    assert "no connection left" in str(caught.value)


@pytest.mark.covers("CFG-20a")
def test_a_server_that_does_not_answer_is_given_up_on(server: RedisServer) -> None:
    with (
        FaultProxy("127.0.0.1", server.port) as proxy,
        closing(open_redis(f"redis://127.0.0.1:{proxy.port}", redis_socket_timeout=0.3)) as store,
    ):
        store.load(["id"])
        proxy.frozen = True
        with pytest.raises(OutcomeUnknown, match="within redis_socket_timeout"):
            store.save(make_envelope("id"))
        with pytest.raises(Unavailable, match="did not answer in time"):
            store.load(["id"])
        proxy.heal()
        assert store.save(make_envelope("id")).accepted


@pytest.mark.covers("CFG-21a")
def test_a_late_answer_is_asked_for_once_more_where_that_is_set(server: RedisServer) -> None:
    lost: list[bytes] = []

    def drop_first_write(direction: str, data: bytes) -> bool:
        if direction == "request" and b"EVALSHA" in data and not lost:
            lost.append(data)
            return True
        return False

    with FaultProxy("127.0.0.1", server.port) as proxy:
        proxy.drop = drop_first_write
        url = f"redis://127.0.0.1:{proxy.port}/0?retry_on_timeout=true&socket_timeout=0.3"
        with closing(open_redis(url)) as store:
            assert store.save(make_envelope("id")).accepted
    assert lost


@pytest.mark.covers("RTY-05")
def test_an_answer_lost_on_a_new_connection_leaves_the_outcome_unknown(
    server: RedisServer, raw: "redis.Redis"
) -> None:
    def cut(direction: str, data: bytes) -> bool:
        if direction == "request" and b"EVALSHA" in data:
            proxy.cut_at("answer")
        return False

    with FaultProxy("127.0.0.1", server.port) as proxy:
        proxy.drop = cut
        with closing(open_redis(f"redis://127.0.0.1:{proxy.port}/0")) as store:
            with pytest.raises(OutcomeUnknown, match="can be repeated safely"):
                store.save(make_envelope("id", "STARTED"))
            assert raw.exists("celery-task-meta-id")
            proxy.heal()
            assert store.save(make_envelope("id", "STARTED")).accepted


def test_after_closing_it_says_so(server: RedisServer) -> None:
    store = open_redis(server.url())
    store.save(make_envelope("id"))
    store.close()
    store.close()
    with pytest.raises(StoreClosed, match="closed"):
        store.load(["id"])
