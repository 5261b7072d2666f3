"""The listener: confirmed before it is relied on, and every break a gap."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from tests.servers.redis_server import RedisServer, free_port
from tests.stores.redis.helpers import heard, news_of, open_redis, wait_for
from upshot.errors import StoreClosed, Unavailable
from upshot.stores.contract import Confirmed, Event, Gap, Listener, News
from upshot.stores.redis import RedisStore
from upshot.stores.redis.listener import RedisListener
from upshot.testing.envelopes import make_envelope
from upshot.testing.fault_proxy import FaultProxy

CHANNEL = "celery-task-meta-id"


def confirmed(listener: Listener, *ids: str) -> list[Event]:
    """Listen until all *ids* are confirmed."""

    def enough(events: list[Event]) -> bool:
        sets = [event.ids for event in events if isinstance(event, Confirmed)]
        return frozenset().union(*sets) >= set(ids)

    return heard(listener, enough)


def gap(listener: Listener) -> list[Event]:
    return heard(listener, lambda events: any(isinstance(event, Gap) for event in events))


@pytest.fixture
def listener(store: RedisStore) -> Iterator[Listener]:
    with closing(store.listen()) as listener:
        listener.want(["id"], [])
        confirmed(listener, "id")
        yield listener


@pytest.mark.covers("contract E7", "contract §7")
@pytest.mark.parametrize("size", [10, 100_000, 20_000_000], ids=["small", "large", "huge"])
def test_news_bring_the_whole_document(listener: Listener, store: RedisStore, size: int) -> None:
    sent = make_envelope("id", result="x" * size)
    store.save(sent)
    assert heard(listener, bool) == [news_of(sent)]
    assert not store.save(make_envelope("id", "STARTED")).accepted
    assert listener.next(0.05) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 200, b'{"result": 1}'])
def test_garbage_on_a_channel_is_a_gap(
    listener: Listener, store: RedisStore, raw: "redis.Redis", content: bytes
) -> None:
    raw.publish(CHANNEL, content)
    assert heard(listener, bool) == [Gap("an unreadable message about 'id'")]
    sent = make_envelope("id")
    store.save(sent)
    assert heard(listener, bool) == [news_of(sent)]


@pytest.mark.covers("pain D2")
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_a_restart_is_a_gap_and_everything_is_heard_again(
    listener: Listener, store: RedisStore, server: RedisServer, *, kill: bool
) -> None:
    names = [f"id-{n}" for n in range(1200)]
    listener.want(names, [])
    confirmed(listener, *names)
    server.restart(kill=kill)
    events = confirmed(listener, "id", *names)
    assert any(isinstance(event, Gap) for event in events)
    for name in (*names, "id"):
        store.save(make_envelope(name))
    heard(
        listener,
        lambda events: {e.id for e in events if isinstance(e, News)} == {*names, "id"},
    )


@pytest.mark.covers("pain D2")
def test_a_gap_is_told_only_when_all_subscriptions_stand(server: RedisServer) -> None:
    names = [f"id-{n}" for n in range(2000)]
    with (
        FaultProxy("127.0.0.1", server.port) as proxy,
        closing(open_redis(f"redis://127.0.0.1:{proxy.port}")) as store,
        closing(store.listen()) as listener,
    ):
        listener.want(names, [])
        confirmed(listener, *names)
        proxy.delay = 0.05
        proxy.cut()
        events = gap(listener)
        sets = [event.ids for event in events if isinstance(event, Confirmed)]
        assert frozenset().union(*sets) == set(names)


def test_while_the_server_is_away_it_says_so_within_the_time(
    listener: Listener, store: RedisStore, server: RedisServer
) -> None:
    server.kill()
    for timeout in (0.0, 0.2):
        with pytest.raises(Unavailable, match="check that it runs"):
            listener.next(timeout)
    listener.want(["later"], ["id"])
    server.start()
    events = confirmed(listener, "later")
    assert any(isinstance(event, Gap) for event in events)
    sent = make_envelope("later")
    store.save(make_envelope("id"))
    store.save(sent)
    assert heard(listener, bool) == [news_of(sent)]


def test_a_server_that_comes_back_in_time_is_not_missed(
    listener: Listener, server: RedisServer
) -> None:
    server.kill()
    thread = threading.Timer(0.3, server.start)
    thread.start()
    gap(listener)
    thread.join()


def test_it_can_be_woken_while_the_server_is_away(listener: Listener, server: RedisServer) -> None:
    server.kill()
    thread = threading.Timer(0.2, listener.wake)
    thread.start()
    assert listener.next(20) == []
    thread.join()


def test_it_can_be_woken_by_a_signal(listener: Listener) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: listener.wake())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert listener.next(20) == []
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_server_that_has_gone_silent_is_noticed(server: RedisServer) -> None:
    with FaultProxy("127.0.0.1", server.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0?health_check_interval=0.1"
        with closing(open_redis(url)) as store, closing(store.listen()) as listener:
            listener.want(["id"], [])
            confirmed(listener, "id")
            assert listener.next(0.5) == []
            proxy.frozen = True
            with pytest.raises(Unavailable):
                listener.next(1.0)
            proxy.heal()
            (first,) = [event for event in gap(listener) if isinstance(event, Gap)]
            assert "said nothing" in first.reason


def test_what_is_no_redis_protocol_is_a_gap(store: RedisStore) -> None:
    with closing(store.listen()) as listener:
        gap(listener)
        assert isinstance(listener, RedisListener)
        listener._channel._reader._reader.feed(b"?nonsense\r\n")
        listener.want(["id"], [])
        events = confirmed(listener, "id")
        (first,) = [event for event in events if isinstance(event, Gap)]
        assert "no Redis protocol" in first.reason


def test_dropping_and_wanting_again_confirms_again(
    listener: Listener, store: RedisStore, raw: "redis.Redis"
) -> None:
    for _ in range(50):
        listener.want([], ["id"])
        listener.want(["id"], [])
    listener.want(["id"], ["id"])
    confirmed(listener, "id")
    assert raw.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 1)]
    sent = make_envelope("id")
    store.save(sent)
    assert news_of(sent) in heard(
        listener, lambda events: any(isinstance(event, News) for event in events)
    )


def test_dropped_ids_are_unsubscribed(listener: Listener, raw: "redis.Redis") -> None:
    listener.want([], ["id", "never wanted"])
    wait_for(lambda: raw.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 0)])
    assert listener.next(0.05) == []


def test_closing_it_closes_its_connection(store: RedisStore, raw: "redis.Redis") -> None:
    listener = store.listen()
    assert len(raw.client_list(_type="pubsub")) == 1
    listener.close()
    listener.close()
    listener.wake()
    wait_for(lambda: not raw.client_list(_type="pubsub"))
    with pytest.raises(StoreClosed, match="closed"):
        listener.next(0)


def test_listening_where_nobody_answers_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with closing(open_redis(f"redis://127.0.0.1:{free_port()}")) as store:
        for _ in range(5):
            with pytest.raises(Unavailable):
                store.listen()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.covers("contract P1", "pain O4")
def test_a_child_leaves_the_listener_of_its_parent_alone(
    listener: Listener, store: RedisStore
) -> None:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            listener.wake()
            try:
                listener.next(0)
            except Unavailable:
                code = 0
            listener.close()
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    sent = make_envelope("id")
    thread = threading.Timer(0.1, store.save, [sent])
    thread.start()
    # Had the child rung, this would be empty.
    assert listener.next(20) == [news_of(sent)]
    thread.join()
