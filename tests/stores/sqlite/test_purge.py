"""Expiry and clean-up: a row is its own tombstone until both its times are over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stores.sqlite.helpers import sql
from upshot.stores.contract import Filter
from upshot.stores.sqlite import SqliteStore
from upshot.testing.envelopes import make_envelope

pytestmark = pytest.mark.store("sqlite")


class Clock:
    """A present that moves when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(path: Path, clock: Clock) -> SqliteStore:
    return SqliteStore(path, now=clock)


@pytest.mark.covers("pain D7")
def test_a_record_ends_then_its_tombstone(store: SqliteStore, clock: Clock) -> None:
    store.save(make_envelope("id", ttl=60.0, tombstone=30.0))
    clock.move(59.999_999)
    assert set(store.load(["id"])) == {"id"}
    assert store.expired(["id"]) == frozenset()
    clock.move(0.000_001)
    assert not store.load(["id"])
    assert store.expired(["id"]) == {"id"}
    clock.move(29.999_999)
    assert store.expired(["id"]) == {"id"}
    clock.move(0.000_001)
    assert store.expired(["id"]) == frozenset()
    store.close()


def test_purging_first_takes_the_document_then_the_row(
    store: SqliteStore, clock: Clock, path: Path
) -> None:
    secret = b'{"status": "SUCCESS", "result": "secret"}'
    envelope = make_envelope("id", ttl=60.0, tombstone=30.0, document=secret, group="g")
    store.save(envelope)
    clock.move(60)
    assert store.purge(clock.now, 10) == 1
    rows = sql(path, "SELECT document, state, name, worker, queue, grp FROM upshot_records")
    assert rows == [(b"", None, None, None, None, None)]
    assert store.expired(["id"]) == {"id"}
    assert store.purge(clock.now, 10) == 0
    clock.move(30)
    assert store.purge(clock.now, 10) == 1
    assert sql(path, "SELECT * FROM upshot_records") == []
    store.close()


def test_a_reduced_row_is_no_record_whatever_the_time(
    store: SqliteStore, clock: Clock, path: Path
) -> None:
    store.save(make_envelope("id", ttl=60.0, tombstone=3600.0))
    assert store.purge(clock.now + timedelta(seconds=60), 10) == 1
    assert not store.load(["id"])
    assert store.scan(None, 10).items == []
    assert store.query(Filter(), None, 10).items == []
    assert store.save(make_envelope("id", "PENDING", ttl=None)).accepted
    assert set(store.load(["id"])) == {"id"}
    assert store.expired(["id"]) == frozenset()
    store.close()


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_purge_does_no_more_than_asked(store: SqliteStore, clock: Clock, limit: int) -> None:
    for n in range(5):
        store.save(make_envelope(f"bare-{n}", ttl=60.0))
        store.save(make_envelope(f"remembered-{n}", ttl=60.0, tombstone=60.0))
        store.put("group", f"g-{n}", b"x", 60.0)
    clock.move(61)
    counts: list[int] = []
    while not counts or counts[-1]:
        counts.append(store.purge(clock.now, limit))
    assert sum(counts) == 15
    assert set(counts[:-2]) <= {limit}
    clock.move(60)
    assert store.purge(clock.now, 100) == 5
    assert store.purge(clock.now, 0) == 0
    store.close()


def test_what_is_read_back_tells_the_remaining_time(store: SqliteStore, clock: Clock) -> None:
    store.save(make_envelope("id", ttl=60.0, tombstone=5.5))
    clock.move(20)
    (envelope,) = store.load(["id"]).values()
    assert (getattr(envelope, "ttl", None), getattr(envelope, "tombstone", None)) == (40.0, 5.5)
    store.close()


@pytest.mark.parametrize("ttl", [float("inf"), float("nan"), 1e300])
def test_endless_times_are_no_error(store: SqliteStore, clock: Clock, ttl: float) -> None:
    store.save(make_envelope("id", ttl=ttl, tombstone=ttl))
    clock.move(1e9)
    assert set(store.load(["id"])) == {"id"}
    store.close()
