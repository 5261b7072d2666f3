"""Redis behind a network that delays, cuts and goes silent: typed errors, and nothing in halves."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.scale import SCALE
from tests.servers.redis_server import RedisServer
from upshot.errors import OutcomeUnknown, Unavailable
from upshot.settings import Settings
from upshot.stores.contract import Confirmed, Event, Gap, Listener, News
from upshot.stores.redis import RedisStore, from_url
from upshot.testing import (
    FaultProxy,
    assert_reads_as,
    check_every_order,
    make_envelope,
    run_threads,
    wait_until,
)
from upshot.testing.histories import FAILED

pytestmark = [pytest.mark.usefixtures("scale"), pytest.mark.timeout(SCALE.timeout)]

BROKEN = (Unavailable, OutcomeUnknown)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def direct(server: RedisServer) -> Iterator[RedisStore]:
    with closing(from_url(server.url(), Settings.from_mapping({}))) as store:
        store.delete(["id", "other", *(f"id-{n}" for n in range(100))])
        yield store


@pytest.fixture
def proxy(server: RedisServer, direct: RedisStore) -> Iterator[FaultProxy]:
    with FaultProxy("127.0.0.1", server.port) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultProxy) -> Iterator[RedisStore]:
    with closing(_through(proxy)) as store:
        yield store


def _through(proxy: FaultProxy, **changes: Any) -> RedisStore:
    given = {"redis_socket_timeout": 0.5, "redis_socket_connect_timeout": 0.5} | changes
    return from_url(f"redis://{proxy.host}:{proxy.port}/0", Settings.from_mapping(given))


def test_a_long_way_changes_nothing_but_time(store: RedisStore, proxy: FaultProxy) -> None:
    proxy.delay = 0.005
    sent = make_envelope("id", result="x" * 200_000)
    assert store.save(make_envelope("id", "STARTED")).accepted
    assert store.save(sent).accepted
    assert not store.save(make_envelope("id", "RETRY", 1)).accepted
    assert_reads_as(store.load(["id"])["id"], sent)
    assert check_every_order(store, FAILED[:4], prefix="far") == 24


def test_narrow_lines_carry_large_documents(store: RedisStore, proxy: FaultProxy) -> None:
    store.load(["id"])
    proxy.rate = 8e6
    sent = make_envelope("id", result="x" * 1_000_000)
    assert store.save(sent).accepted
    assert_reads_as(store.load(["id"])["id"], sent)


@pytest.mark.covers("contract W2")
@pytest.mark.parametrize("direction", ["request", "answer"])
@pytest.mark.parametrize("size", [10, 100_000])
def test_a_write_that_was_cut_can_be_repeated(
    proxy: FaultProxy, direct: RedisStore, direction: Any, size: int
) -> None:
    for used in (False, True):
        with closing(_through(proxy)) as store:
            if used:
                store.load(["other"])
            sent = make_envelope("id", "SUCCESS", result="x" * size)
            proxy.cut_at(direction)
            try:
                saved = store.save(sent)
            except BROKEN:
                saved = store.save(sent)
            assert proxy.cuts == used + 1
            assert saved.order == sent.order
            assert_reads_as(direct.load(["id"])["id"], sent)
            direct.delete(["id"])


def test_a_cut_write_is_whole_or_nothing(proxy: FaultProxy, direct: RedisStore) -> None:
    first = make_envelope("id", "STARTED")
    direct.save(first)
    sent = make_envelope("id", "SUCCESS", result="x" * 300_000)
    with closing(_through(proxy)) as store:
        for direction in ("request", "answer"):
            proxy.cut_at(direction)
            try:
                store.save(sent)
            except BROKEN:
                standing = direct.load(["id"])["id"]
                assert standing.document in {first.document, sent.document}  # type: ignore[union-attr] # a damaged one fails here as well


def test_reads_that_were_cut_are_errors_or_right(store: RedisStore, proxy: FaultProxy) -> None:
    sent = [make_envelope(f"id-{n}", result=n) for n in range(100)]
    store.save_many(sent)
    names = [envelope.id for envelope in sent]
    for _ in range(SCALE.cuts):
        proxy.cut_at("answer")
        try:
            answer = store.load(names)
        except BROKEN:
            continue
        for envelope in sent:
            assert_reads_as(answer[envelope.id], envelope)
    assert proxy.cuts == SCALE.cuts


def test_idle_connections_that_were_cut_cost_no_error(store: RedisStore, proxy: FaultProxy) -> None:
    for n in range(SCALE.cuts):
        assert store.save(make_envelope("id", "STARTED", n)).accepted
        proxy.cut()
    assert proxy.cuts == SCALE.cuts
    sent = make_envelope("id", "SUCCESS")
    assert store.save(sent).accepted
    assert_reads_as(store.load(["id"])["id"], sent)


def test_cuts_beside_many_writers(store: RedisStore, proxy: FaultProxy) -> None:
    def write(number: int) -> None:
        for n in range(20):
            sent = make_envelope(f"id-{number * 20 + n}", "SUCCESS", result=[number, n])
            while True:
                try:
                    store.save(sent)
                except BROKEN:
                    continue
                break
            assert_reads_as(_load_patiently(store, sent.id), sent)

    def cut() -> None:
        for _ in range(SCALE.cuts):
            proxy.cut_at("answer")
            proxy.cut()

    run_threads(5, lambda n: write(n) if n < 4 else cut())
    proxy.heal()
    assert proxy.cuts
    assert len(store.load([f"id-{n}" for n in range(80)])) == 80


@pytest.mark.parametrize("used", [True, False])
def test_a_silent_server_is_a_typed_error_in_time(
    store: RedisStore, proxy: FaultProxy, used: bool
) -> None:
    if used:
        store.load(["id"])
    proxy.frozen = True
    with pytest.raises(Unavailable):
        store.load(["id"])
    with pytest.raises(BROKEN):
        store.save(make_envelope("id"))
    proxy.heal()
    sent = make_envelope("id")
    wait_until(lambda: _saved(store, sent), "an answer after the silence")
    assert_reads_as(store.load(["id"])["id"], sent)


def test_a_refusing_server_is_unavailable_until_it_is_back(
    store: RedisStore, proxy: FaultProxy
) -> None:
    sent = make_envelope("id")
    assert store.save(sent).accepted
    proxy.refusing = True
    proxy.cut()
    for _ in range(3):
        with pytest.raises(Unavailable):
            store.load(["id"])
    proxy.heal()
    assert_reads_as(store.load(["id"])["id"], sent)


@pytest.mark.covers("ASY-04", "pain D2")
def test_a_listener_that_was_cut_tells_of_a_gap_and_hears_again(
    store: RedisStore, proxy: FaultProxy, direct: RedisStore
) -> None:
    with closing(store.listen()) as listener:
        heard: list[Event] = []
        listener.want(["id"], [])
        _listen(listener, heard, Confirmed)
        for n in range(5):
            proxy.cut()
            heard.clear()
            direct.save(make_envelope("id", "STARTED", n))
            _listen(listener, heard, Gap, Confirmed)
            heard.clear()
            direct.save(make_envelope("id", "RETRY", n))
            _listen(listener, heard, News)


@pytest.mark.covers("pain D2")
def test_a_listener_says_when_it_cannot_come_back(store: RedisStore, proxy: FaultProxy) -> None:
    with closing(store.listen()) as listener:
        heard: list[Event] = []
        listener.want(["id"], [])
        _listen(listener, heard, Confirmed)
        proxy.refusing = True
        proxy.cut()
        for _ in range(2):
            with pytest.raises(Unavailable):
                listener.next(0.2)
        proxy.heal()
        _listen(listener, heard, Gap, Confirmed)


@pytest.mark.covers("pain D1")
def test_lost_messages_leave_the_truth_in_the_store(
    store: RedisStore, proxy: FaultProxy, direct: RedisStore
) -> None:
    with closing(store.listen()) as listener:
        heard: list[Event] = []
        listener.want(["id", "other"], [])
        _listen(listener, heard, Confirmed)
        proxy.drop = lambda direction, data: direction == "answer" and b"lost one" in data
        sent = make_envelope("id", result="lost one")
        direct.save(sent)
        wait_until(lambda: proxy.dropped, "the loss")
        direct.save(make_envelope("other"))
        heard.clear()
        _listen(listener, heard, News)
        assert [event.id for event in heard if isinstance(event, News)] == ["other"]
        assert_reads_as(direct.load(["id"])["id"], sent)


def _listen(listener: Listener, heard: list[Event], *kinds: type[Event]) -> None:
    def enough() -> bool:
        heard.extend(listener.next(0.2))
        return all(any(isinstance(event, kind) for event in heard) for kind in kinds)

    wait_until(enough, f"{kinds}; heard {heard}")


def _load_patiently(store: RedisStore, task_id: str) -> Any:
    while True:
        try:
            return store.load([task_id])[task_id]
        except BROKEN:
            continue


def _saved(store: RedisStore, sent: Any) -> bool:
    try:
        store.save(sent)
    except BROKEN:
        return False
    return True
