"""One round trip a call, counted on the wire."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import redis

from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import open_redis
from upshot.stores.redis import RedisStore
from upshot.testing.envelopes import make_envelope
from upshot.testing.fault_proxy import Direction, FaultProxy


class Trips:
    """Counts how often the talk turned from answers to requests."""

    def __init__(self) -> None:
        self.count = 0
        self.sent = 0
        self._last: Direction = "answer"

    def __call__(self, direction: Direction, data: bytes) -> bool:
        if direction == "request":
            self.count += self._last == "answer"
            self.sent += len(data)
        self._last = direction
        return False


@pytest.fixture
def trips(server: RedisServer) -> Iterator[tuple[RedisStore, Trips]]:
    trips = Trips()
    with FaultProxy("127.0.0.1", server.port) as proxy:
        proxy.drop = trips
        with closing(open_redis(f"redis://127.0.0.1:{proxy.port}/0")) as store:
            store.load(["connect"])
            yield store, trips


CALLS: dict[str, Callable[[RedisStore], object]] = {
    "save": lambda store: store.save(make_envelope("new")),
    "save with a tombstone": lambda store: store.save(make_envelope("new", tombstone=60.0)),
    "save refused": lambda store: store.save(make_envelope("known", "STARTED")),
    "save large": lambda store: store.save(make_envelope("new", result="x" * 200_000)),
    "save large refused": lambda store: store.save(
        make_envelope("known", "STARTED", result="x" * 200_000)
    ),
    "save many": lambda store: store.save_many([make_envelope(f"id-{n}") for n in range(100)]),
    "load": lambda store: store.load(["known", "absent"]),
    "load 500": lambda store: store.load([f"id-{n}" for n in range(500)]),
    "delete": lambda store: store.delete(["known", "absent"]),
    "expired": lambda store: store.expired(["known", "absent"]),
    "put": lambda store: store.put("group", "g", b"{}", 60.0),
    "get": lambda store: store.get("group", "g"),
    "drop": lambda store: store.drop("group", "g"),
}


@pytest.mark.covers("CON-06", "BKD-REDIS-02")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_one_trip_even_the_first(trips: tuple[RedisStore, Trips], name: str) -> None:
    store, counted = trips
    for _ in range(2):
        store.save(make_envelope("known"))
        before = counted.count
        CALLS[name](store)
        assert counted.count - before == 1


def test_the_first_write_of_a_connection_is_one_trip(trips: tuple[RedisStore, Trips]) -> None:
    store, counted = trips
    before = counted.count
    assert store.save(make_envelope("id")).accepted
    assert counted.count - before == 1


def test_a_flushed_script_costs_one_trip_more_and_is_not_felt(
    trips: tuple[RedisStore, Trips], raw: "redis.Redis"
) -> None:
    store, counted = trips
    store.save(make_envelope("id"))
    raw.script_flush()
    before = counted.count
    assert store.save(make_envelope("large", result="x" * 200_000)).accepted
    assert counted.count - before == 2
    assert all(
        answer.accepted for answer in store.save_many([make_envelope(f"id-{n}") for n in range(20)])
    )
    raw.script_flush()
    assert all(
        answer.accepted
        for answer in store.save_many([make_envelope(f"other-{n}") for n in range(20)])
    )


def test_a_large_document_is_sent_once(trips: tuple[RedisStore, Trips]) -> None:
    store, counted = trips
    before = counted.sent
    store.save(make_envelope("id", result="x" * 1_000_000))
    assert 1_000_000 < counted.sent - before < 1_010_000
