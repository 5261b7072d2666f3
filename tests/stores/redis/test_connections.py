"""Connections: bounded, shared by threads, left alone by children, replaced when they are stale."""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest
import redis

from tests.scale import SCALE
from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import heard, news_of, open_redis, wait_for
from upshot.errors import OutcomeUnknown, StoreClosed, Unavailable
from upshot.stores.contract import Confirmed, Saved
from upshot.stores.redis import RedisStore
from upshot.testing.envelopes import found, make_envelope
from upshot.testing.fault_proxy import FaultProxy
from upshot.testing.waiting import run_threads


def connected(raw: "redis.Redis", name: str) -> list[str]:
    """Return the ids of the connections that call themselves *name*."""
    clients: list[dict[str, str]] = raw.client_list()  # type: ignore[assignment,unused-ignore]
    return [client["id"] for client in clients if client["name"] == name]


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("CFG-19", "pain D3", "BKD-REDIS-01")
def test_many_threads_share_few_connections(server: RedisServer, raw: "redis.Redis") -> None:
    url = server.url(query="max_connections=4&client_name=few")
    most = 0

    with closing(open_redis(url)) as store:

        def work(thread: int) -> int:
            nonlocal most
            for n in range(20):
                one = f"{thread}-{n}"
                assert store.save(make_envelope(one, result=one)).accepted
                assert (
                    found(store.load([one]), one).document
                    == make_envelope(one, result=one).document
                )
                if thread == 0:
                    most = max(most, len(connected(raw, "few")))
            return 20

        assert sum(run_threads(64, work)) == 64 * 20
    assert 1 <= most <= 4
    wait_for(lambda: connected(raw, "few") == [])


@pytest.mark.covers("CFG-19")
def test_without_a_free_connection_it_gives_up_after_the_socket_timeout(
    server: RedisServer,
) -> None:
    url = server.url(query="max_connections=1&socket_timeout=0.2")
    with closing(open_redis(url)) as store:
        link = store._calls.links.take()
        with pytest.raises(Unavailable, match=r"all 1 connections were busy for 0\.2 s"):
            store.load(["id"])
        store._calls.links.give(link)
        assert store.load(["id"]) == {}


def test_a_failed_call_frees_its_place(server: RedisServer) -> None:
    url = server.url(99, query="max_connections=1&socket_timeout=0.2")
    with closing(open_redis(url)) as store:
        for _ in range(3):
            with pytest.raises(Exception, match="no database of that number"):
                store.load(["id"])


def test_one_thread_uses_one_connection(server: RedisServer, raw: "redis.Redis") -> None:
    with closing(open_redis(server.url(), redis_client_name="one")) as store:
        seen = set()
        for n in range(10):
            store.save(make_envelope(f"id-{n}"))
            seen.update(connected(raw, "one"))
    assert len(seen) == 1


CALLS: dict[str, Callable[[RedisStore], object]] = {
    "save": lambda store: store.save(make_envelope("id", "STARTED")),
    "save large": lambda store: store.save(make_envelope("id", "STARTED", result="x" * 100_000)),
    "save_many": lambda store: store.save_many([make_envelope("id", "STARTED")] * 2),
    "load": lambda store: store.load(["id"]),
    "delete": lambda store: store.delete(["id"]),
    "expired": lambda store: store.expired(["id"]),
    "put": lambda store: store.put("group", "g", b"", 60.0),
    "put new": lambda store: store.put("group", "g", b"", 60.0, new=True),
    "get": lambda store: store.get("group", "g"),
    "drop": lambda store: store.drop("group", "g"),
    "scan": lambda store: store.scan(None, 10),
}


@pytest.mark.covers("pain D2")
@pytest.mark.parametrize("name", CALLS)
def test_the_next_call_after_a_restart_works(
    server: RedisServer, store: RedisStore, name: str
) -> None:
    run_threads(4, lambda n: len(store.load([f"id-{n}"])))
    server.restart()
    CALLS[name](store)
    assert store.save(make_envelope("id")).accepted


def test_what_the_server_closed_while_idle_is_replaced(
    store: RedisStore, raw: "redis.Redis"
) -> None:
    store.load(["id"])
    raw.client_kill_filter(_type="normal", skipme=True)
    assert store.save(make_envelope("id")) == Saved(accepted=True, order=make_envelope("id").order)
    assert store.put("group", "g", b"", 60.0, new=True)


def test_an_answer_lost_on_a_used_connection_is_asked_for_again(server: RedisServer) -> None:
    with (
        FaultProxy("127.0.0.1", server.port) as proxy,
        closing(open_redis(f"redis://127.0.0.1:{proxy.port}")) as store,
    ):
        store.load(["id"])
        proxy.cut_at("answer")
        sent = make_envelope("id", "STARTED")
        assert store.save(sent) == Saved(accepted=True, order=sent.order)
        proxy.cut_at("answer")
        with pytest.raises(OutcomeUnknown):
            store.put("group", "g", b"", 60.0, new=True)
        assert not store.put("group", "g", b"", 60.0, new=True)


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain D2")
def test_cuts_at_any_moment_lose_no_accepted_write(server: RedisServer) -> None:
    with FaultProxy("127.0.0.1", server.port) as proxy:
        over = threading.Event()

        def cutter() -> None:
            for _ in range(SCALE.cuts):
                if over.wait(0.01):
                    return
                proxy.cut()
            over.set()

        thread = threading.Thread(target=cutter)
        with closing(open_redis(f"redis://127.0.0.1:{proxy.port}")) as store:
            thread.start()
            attempt = 0
            try:
                while not over.is_set():
                    attempt += 1
                    sent = make_envelope("id", "FAILURE", attempt)
                    with suppress(OutcomeUnknown, Unavailable):
                        assert store.save(sent).order == sent.order
            finally:
                over.set()
                thread.join()
            last = make_envelope("id", "FAILURE", attempt)
            assert store.save(last).order == last.order
            assert found(store.load(["id"]), "id").attempt == attempt


@pytest.mark.covers("CFG-24")
def test_a_connection_idle_for_long_is_pinged_before_use(
    server: RedisServer, raw: "redis.Redis"
) -> None:
    def pings() -> int:
        stats: dict[str, Any] = raw.info("commandstats")  # type: ignore[assignment,unused-ignore]
        return int(stats.get("cmdstat_ping", {"calls": 0})["calls"])

    settings = {"redis_backend_health_check_interval": 0.05}
    with closing(open_redis(server.url(), **settings)) as store:
        store.load(["id"])
        before = pings()
        store.load(["id"])
        time.sleep(0.06)
        store.load(["id"])
        assert pings() == before + 1


@pytest.mark.covers("pain O4", "contract P1")
def test_a_child_uses_connections_of_its_own_and_harms_none(
    server: RedisServer, raw: "redis.Redis"
) -> None:
    with closing(open_redis(server.url(), redis_client_name="family")) as store:
        store.save(make_envelope("id"))
        (parents,) = connected(raw, "family")
        from_child, to_parent = os.pipe()
        from_parent, to_child = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(30)
                os.close(to_child)
                for n in range(20):
                    assert store.save(make_envelope(f"child-{n}")).accepted
                os.write(to_parent, b"y")
                os.read(from_parent, 1)
                store.close()
                os.write(to_parent, b"y")
            finally:
                os._exit(0)
        os.close(to_parent)
        assert os.read(from_child, 1) == b"y"
        assert len(connected(raw, "family")) == 2
        os.write(to_child, b"y")
        assert os.read(from_child, 1) == b"y"
        assert os.waitpid(pid, 0)[1] == 0
        for fd in (from_child, from_parent, to_child):
            os.close(fd)
        wait_for(lambda: connected(raw, "family") == [parents])
        assert store.save(make_envelope("parent")).accepted
        assert connected(raw, "family") == [parents]
        assert len(store.load([f"child-{n}" for n in range(20)])) == 20


def test_a_given_client_is_used_and_stays_open(server: RedisServer, raw: "redis.Redis") -> None:
    with closing(redis.Redis(port=server.port, client_name="mine", max_connections=2)) as client:
        store = RedisStore(client, global_keyprefix="app")
        assert store.save(make_envelope("id", tombstone=1.0)).accepted
        assert store.save(make_envelope("large", result="x" * 100_000)).accepted
        assert len(connected(raw, "mine")) == 1
        raw.client_kill_filter(_type="normal", skipme=True)
        assert set(store.load(["id", "large"])) == {"id", "large"}
        store.close()
        with pytest.raises(StoreClosed, match="closed"):
            store.load(["id"])
        assert client.get("app_celery-task-meta-id") is not None
        assert len(connected(raw, "mine")) == 1


def test_a_client_that_nobody_else_keeps_stays_open(
    server: RedisServer, raw: "redis.Redis"
) -> None:
    clients = [redis.Redis(port=server.port, client_name="kept")]
    pool = clients[0].connection_pool
    store = RedisStore(clients[0])
    store.load(["id"])
    before = connected(raw, "kept")
    clients.clear()
    gc.collect()
    store.load(["id"])
    assert connected(raw, "kept") == before != []
    pool.disconnect()


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_client_with_texts_and_any_protocol_will_do(server: RedisServer, protocol: int) -> None:
    with closing(redis.Redis(port=server.port, decode_responses=True, protocol=protocol)) as client:
        store = RedisStore(client)
        sent = make_envelope("id")
        with closing(store.listen()) as listener:
            listener.want(["id"], [])
            heard(listener, lambda events: Confirmed(frozenset({"id"})) in events)
            store.save(sent)
            assert heard(listener, bool) == [news_of(sent)]
        assert found(store.load(["id"]), "id").document == sent.document


@pytest.mark.parametrize("protocol", [2, 3])
def test_either_protocol_will_do(server: RedisServer, protocol: int) -> None:
    with closing(open_redis(server.url(query=f"protocol={protocol}"))) as store:
        sent = make_envelope("id", tombstone=9.0)
        assert store.save(sent).accepted
        assert store.expired(["id"]) == frozenset()
        assert found(store.load(["id"]), "id").document == sent.document
        assert store.scan(None, 10).items


@pytest.mark.covers("BKD-REDIS-04", "SEL-03")
@pytest.mark.parametrize("form", ["redis+socket://{}?virtual_host=3", "socket://{}?db=3",
                                  "unix://{}?db=3"])  # fmt: skip
def test_a_unix_socket_will_do(server: RedisServer, form: str) -> None:
    with closing(open_redis(form.format(server.socket_path))) as store:
        assert store.save(make_envelope("id")).accepted
    with closing(redis.Redis(port=server.port, db=3)) as raw:
        assert raw.exists("celery-task-meta-id")
