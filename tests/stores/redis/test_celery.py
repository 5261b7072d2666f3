"""Celery's own Redis backend reads, guards and waits for what we write, and the reverse."""

import gc
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
import redis
from celery import Celery
from celery.result import AsyncResult

from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import heard, open_redis, wait_for
from upshot import states
from upshot.stores.contract import Confirmed, Gap, News
from upshot.stores.redis import RedisStore
from upshot.testing.envelopes import found, make_document, make_envelope

# Celery calls what redis-py calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")


@pytest.fixture(params=[None, "app"], ids=["bare", "prefixed"])
def prefix(request: pytest.FixtureRequest) -> str | None:
    value: str | None = request.param
    return value


@pytest.fixture
def app(server: RedisServer, prefix: str | None) -> Iterator[Any]:
    app = Celery(set_as_current=False, backend=server.url(), broker="memory://")
    app.conf.result_backend_transport_options = {"global_keyprefix": prefix}
    app.conf.result_expires = 90
    yield app
    # Celery's results unsubscribe when they are collected, and connect again for it.
    for _ in range(2):
        app.backend._pending_results.concrete.clear()
        gc.collect()
        app.backend.result_consumer.stop()
    app.backend.client.connection_pool.disconnect()
    app.close()


@pytest.fixture
def peer(server: RedisServer, prefix: str | None) -> Iterator[RedisStore]:
    options = {"global_keyprefix": prefix}
    with closing(open_redis(server.url(), result_backend_transport_options=options)) as store:
        yield store


@pytest.mark.covers("contract §7")
def test_celery_reads_what_we_write(app: Any, peer: RedisStore) -> None:
    peer.save(make_envelope("id", result={"a": [1, None]}))
    result = AsyncResult("id", app=app)
    assert (result.state, result.result) == ("SUCCESS", {"a": [1, None]})
    peer.save(make_envelope("retried", "RETRY", 3))
    assert AsyncResult("retried", app=app).state == "RETRY"
    assert AsyncResult("never", app=app).state == "PENDING"


@pytest.mark.covers("contract §7", "contract D1")
def test_we_read_what_celery_writes(app: Any, peer: RedisStore) -> None:
    for state in ("SUCCESS", "FAILURE", "STARTED"):
        value = ValueError("no") if state == "FAILURE" else {"x": 1}
        app.backend.store_result(f"id-{state}", value, state)
        envelope = found(peer.load([f"id-{state}"]), f"id-{state}")
        assert (envelope.state, envelope.order) == (state, states.order(state))
        assert envelope.document == app.backend.get(app.backend.get_key_for_task(f"id-{state}"))


@pytest.mark.covers("contract D7")
@pytest.mark.parametrize("serializer", ["pickle", "msgpack"])
@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "STARTED"])
def test_what_celery_wrote_in_another_codec_is_guarded(
    app: Any, peer: RedisStore, serializer: str, state: str
) -> None:
    app.conf.result_serializer = serializer
    app.backend.store_result("id", None, state)
    saved = peer.save(make_envelope("id", "REVOKED"))
    assert saved.accepted is (state == "STARTED")
    assert saved.order == max(states.order("REVOKED"), states.order(state))


@pytest.mark.covers("pain D8", "contract X2")
def test_celery_keeps_a_success_of_ours_and_overwrites_the_rest(app: Any, peer: RedisStore) -> None:
    peer.save(make_envelope("done"))
    app.backend.store_result("done", None, "STARTED")
    assert found(peer.load(["done"]), "done").state == "SUCCESS"
    peer.save(make_envelope("open", "FAILURE", 2))
    app.backend.store_result("open", None, "STARTED")
    assert found(peer.load(["open"]), "open").state == "STARTED"
    assert peer.save(make_envelope("open", "FAILURE", 2)).accepted


@pytest.mark.covers("contract §7", "contract E7")
@pytest.mark.parametrize("size", [10, 100_000], ids=["small", "large"])
def test_a_waiter_of_celerys_wakes_on_our_write(
    app: Any, peer: RedisStore, raw: "redis.Redis", size: int
) -> None:
    name = str(uuid4())
    answers: list[object] = []
    # Celery keeps a backend, with its sockets, for each thread that asks the app for one.
    result = AsyncResult(name, backend=app.backend, app=app)
    thread = threading.Thread(target=lambda: answers.append(result.get(timeout=20)))
    thread.start()
    key = app.backend.get_key_for_task(name)
    wait_for(lambda: raw.pubsub_numsub(key)[0][1] > 0)
    peer.save(make_envelope(name, "STARTED"))
    peer.save(make_envelope(name, result="x" * size))
    thread.join(20)
    assert answers == ["x" * size]


@pytest.mark.covers("contract §7", "contract E7")
def test_a_waiter_of_ours_wakes_on_celerys_write(app: Any, peer: RedisStore) -> None:
    with closing(peer.listen()) as listener:
        listener.want(["id"], [])
        heard(listener, lambda events: any(isinstance(one, Confirmed) for one in events))
        app.backend.store_result("id", 7, "SUCCESS")
        events = heard(listener, lambda events: any(isinstance(one, News) for one in events))
    (news,) = [event for event in events if isinstance(event, News)]
    assert news.id == "id"
    assert news.document == found(peer.load(["id"]), "id").document
    assert not [event for event in events if isinstance(event, Gap)]


@pytest.mark.covers("contract X1")
def test_times_to_live_are_celerys(app: Any, peer: RedisStore, raw: "redis.Redis") -> None:
    app.backend.store_result("theirs", 1, "SUCCESS")
    peer.save(make_envelope("ours", ttl=90.0))
    left = [raw.ttl(app.backend.get_key_for_task(name)) for name in ("theirs", "ours")]
    assert all(88 <= one <= 90 for one in left)


@pytest.mark.covers("contract D6")
def test_groups_stand_where_celery_looks(app: Any, peer: RedisStore) -> None:
    peer.put("group", "g", b'{"result": [["g", null], [[["a", null], null]]]}', 60.0)
    restored = app.GroupResult.restore("g", backend=app.backend)
    assert [result.id for result in restored.results] == ["a"]
    app.GroupResult("h", [app.AsyncResult("b")]).save(backend=app.backend)
    assert peer.get("group", "h") == b'{"result": [["h", null], [[["b", null], null]]]}'


@pytest.mark.covers("pain D8")
def test_a_plain_writer_in_between_is_taken_for_what_it_wrote(
    peer: RedisStore, raw: "redis.Redis", app: Any
) -> None:
    key = app.backend.get_key_for_task("id")
    peer.save(make_envelope("id", "RETRY", 2))
    raw.set(key, make_document("id", "STARTED"))
    assert peer.save(make_envelope("id", "RETRY", 1)).accepted
    raw.set(key, make_document("id", "SUCCESS"))
    assert not peer.save(make_envelope("id", "RETRY", 3)).accepted
    raw.set(key, b"garbage")
    assert peer.save(make_envelope("id", "PENDING")).accepted
