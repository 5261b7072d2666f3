"""Keys, times to live, tombstones and large documents as the server has them."""

from contextlib import closing

import pytest
import redis

from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import open_redis, wait_for
from upshot.errors import Misconfigured, TooLarge, Unsupported
from upshot.stores.contract import Envelope
from upshot.stores.redis import RedisStore
from upshot.testing.envelopes import found, make_envelope

KEY = "celery-task-meta-id"
TOMBSTONE = "upshot-seen-{celery-task-meta-id}"
SIZES = pytest.mark.parametrize("size", [10, 100_000], ids=["small", "large"])


@pytest.mark.covers("KV-01", "contract §7", "EXP-02")
@SIZES
@pytest.mark.parametrize("ttl", [3600.0, 1.5, 0.25, 1e15])
def test_a_record_is_a_string_that_expires(
    store: RedisStore, raw: "redis.Redis", size: int, ttl: float
) -> None:
    sent = make_envelope("id", result="x" * size, ttl=ttl)
    store.save(sent)
    left = raw.pttl(KEY)
    assert raw.get(KEY) == sent.document
    assert min(ttl, 1e12) * 1000 - 200 < left <= min(ttl, 1e12) * 1000
    assert raw.keys("*") == [KEY.encode()]


@pytest.mark.covers("EXP-01", "contract X1")
@SIZES
def test_without_a_time_to_live_it_stays(store: RedisStore, raw: "redis.Redis", size: int) -> None:
    store.save(make_envelope("id", "STARTED", ttl=60.0))
    store.save(make_envelope("id", result="x" * size, ttl=None, tombstone=60.0))
    assert raw.ttl(KEY) == -1
    assert raw.exists(TOMBSTONE) == 0


@pytest.mark.covers("contract X1")
@SIZES
def test_an_accepted_write_restarts_the_time_and_a_refused_one_does_not(
    store: RedisStore, raw: "redis.Redis", size: int
) -> None:
    store.save(make_envelope("id", "STARTED", ttl=1000.0, result="x" * size))
    store.save(make_envelope("id", "SUCCESS", ttl=2000.0, tombstone=500.0, result="x" * size))
    assert 1990 < raw.ttl(KEY) <= 2000
    assert not store.save(
        make_envelope("id", "STARTED", ttl=9000.0, tombstone=9.0, result="x" * size)
    ).accepted
    assert 1990 < raw.ttl(KEY) <= 2000
    assert 2490 < raw.ttl(TOMBSTONE) <= 2500
    assert sorted(raw.keys("*")) == sorted([KEY.encode(), TOMBSTONE.encode()])


@pytest.mark.covers("pain D7")
def test_the_tombstone_follows_the_latest_write(store: RedisStore, raw: "redis.Redis") -> None:
    store.save(make_envelope("id", "STARTED", ttl=100.0, tombstone=1000.0))
    assert 1090 < raw.ttl(TOMBSTONE) <= 1100
    store.save(make_envelope("id", "STARTED", ttl=100.0))
    assert raw.exists(TOMBSTONE) == 0


@pytest.mark.covers("pain D7")
def test_an_expired_id_is_told_from_one_that_never_was(
    store: RedisStore, raw: "redis.Redis"
) -> None:
    for name, ttl, tombstone in (("id", 0.02, 60.0), ("bare", 0.02, 0.0), ("alive", 60.0, 60.0)):
        store.save(make_envelope(name, ttl=ttl, tombstone=tombstone))
    wait_for(lambda: raw.exists(KEY, "celery-task-meta-bare") == 0)
    assert store.expired(["id", "bare", "alive", "never"]) == {"id"}
    assert set(store.load(["id", "bare", "alive", "never"])) == {"alive"}
    store.delete(["id"])
    assert store.expired(["id"]) == frozenset()


@SIZES
@pytest.mark.parametrize("kind", ["hash", "list", "stream"])
def test_a_key_of_another_type_reads_as_absent_and_gives_way(
    store: RedisStore, raw: "redis.Redis", kind: str, size: int
) -> None:
    if kind == "hash":
        raw.hset(KEY, "a", "b")
    elif kind == "list":
        raw.rpush(KEY, "a")
    else:
        raw.xadd(KEY, {"a": "b"})
    store.save(make_envelope("other"))
    assert set(store.load(["id", "other"])) == {"other"}
    assert {item.id for item in store.scan(None, 100).items if isinstance(item, Envelope)} == {
        "other"
    }
    sent = make_envelope("id", "PENDING", result="x" * size)
    assert store.save(sent).accepted
    assert found(store.load(["id"]), "id").document == sent.document


@pytest.mark.covers("pain S15")
def test_a_value_above_the_limit_is_refused_before_it_is_sent(
    store: RedisStore, raw: "redis.Redis"
) -> None:
    sent = raw.info("stats")["total_net_input_bytes"]
    huge = bytes(512 * 1024 * 1024 + 1)
    with pytest.raises(TooLarge, match="has 536870913 bytes, and Redis takes 536870912 at most"):
        store.save(make_envelope("id", document=huge))
    with pytest.raises(TooLarge, match="nothing was written"):
        store.save_many([make_envelope("fine"), make_envelope("id", document=huge)])
    with pytest.raises(TooLarge, match="the group 'g'"):
        store.put("group", "g", huge, None)
    assert raw.keys("*") == []
    assert raw.info("stats")["total_net_input_bytes"] - sent < 10_000


def test_what_the_server_finds_too_large_is_said_so() -> None:
    options = {"proto-max-bulk-len": "1mb"}
    with RedisServer(options) as server, closing(open_redis(server.url())) as store:
        with pytest.raises(TooLarge, match="proto-max-bulk-len"):
            store.put("group", "g", b"x" * (2 * 1024 * 1024), None)
        assert store.put("group", "g", b"x", None)


def test_columns_are_refused(store: RedisStore) -> None:
    with pytest.raises(Unsupported, match="whole documents"):
        store.save(make_envelope("id", document={"result": 1}))


@pytest.mark.covers("pain S15")
def test_every_key_carries_the_global_prefix(server: RedisServer, raw: "redis.Redis") -> None:
    options = {"global_keyprefix": "app"}
    with (
        closing(open_redis(server.url(), result_backend_transport_options=options)) as store,
        closing(open_redis(server.url())) as other,
    ):
        store.save(make_envelope("id", tombstone=60.0))
        store.save(make_envelope("large", tombstone=60.0, result="x" * 100_000))
        store.put("group", "g", b"{}", 60.0)
        store.put("join", "j", b"{}", 60.0)
        names: list[bytes] = raw.keys("*")  # type: ignore[assignment,unused-ignore]
        assert len(names) == 6
        assert all(name.startswith(b"app_") for name in names)
        assert not other.load(["id", "large"])
        assert other.get("group", "g") is None
        assert list(other.scan(None, 100).items) == []
        assert {item.id for item in store.scan(None, 100).items if isinstance(item, Envelope)} == {
            "id",
            "large",
        }
        assert all(raw.ttl(name) > 0 for name in names)


def test_names_of_groups_leave_out_what_celery_keeps_beside_them(
    store: RedisStore, raw: "redis.Redis"
) -> None:
    store.put("group", "g*", b"{}", 60.0)
    for end in ("j", "t", "s"):
        raw.set(f"celery-taskset-meta-g*.{end}", "1")
    store.put("group", "gx", b"{}", 60.0)
    assert store.names("group", "g*", None, 100).items == ["g*"]
    assert sorted(store.names("group", "", None, 100).items) == ["g*", "gx"]


def test_a_walk_finds_few_records_among_very_many_other_keys(
    store: RedisStore, raw: "redis.Redis"
) -> None:
    lua = "for n = 1, 20000 do redis.call('SET', 'foreign-' .. n, '') end"
    raw.eval(lua, 0)
    store.save_many([make_envelope(f"id-{n}") for n in range(5)])
    cursor, met, pages = None, set(), 0
    while cursor is not None or not pages:
        page = store.scan(cursor, 10)
        met |= {item.id for item in page.items if isinstance(item, Envelope)}
        cursor, pages = page.cursor, pages + 1
    assert met == {f"id-{n}" for n in range(5)}
    assert pages < 30


def test_an_odd_cursor_is_refused_by_name(store: RedisStore) -> None:
    with pytest.raises(Misconfigured, match="'x' is no cursor"):
        store.scan("x", 10)
