"""`Purges`: deleting what has expired, a bounded batch at a time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from upshot.stores.contract import Keeps, Purges, Remembers, Store
from upshot.testing.declared import Declared
from upshot.testing.envelopes import assert_reads_as, make_envelope
from upshot.testing.waiting import run_threads, wait_until


class PurgingStore(Store, Purges, Protocol):
    """What these tests are handed."""


class PurgingKeeper(Store, Purges, Keeps, Protocol):
    """What the tests of kept documents are handed."""


class PurgingMemory(Store, Purges, Remembers, Protocol):
    """What the tests of tombstones are handed."""


class PurgesSuite:
    """Only what has expired by the given time goes, and never more than asked."""

    def test_nothing_stored_nothing_purged(self, store: PurgingStore) -> None:
        assert store.purge(_later(), 100) == 0

    def test_living_records_stay(self, store: PurgingStore) -> None:
        sent = make_envelope("id", ttl=3600.0)
        store.save(sent)
        assert store.purge(datetime.now(UTC), 100) == 0
        assert_reads_as(store.load(["id"])["id"], sent)

    @pytest.mark.parametrize("limit", [1, 7, 30, 1000])
    def test_all_expired_records_go_in_bounded_batches(
        self, store: PurgingStore, limit: int
    ) -> None:
        for n in range(30):
            store.save(make_envelope(f"short-{n}", ttl=60.0))
        for n in range(5):
            store.save(make_envelope(f"long-{n}", ttl=86_400.0))
            store.save(make_envelope(f"kept-{n}", ttl=None))
        counts = purge_all(store, _later(), limit)
        assert sum(counts) == 30
        assert max(counts) <= limit
        assert not store.load([f"short-{n}" for n in range(30)])
        stay = [f"{kind}-{n}" for kind in ("long", "kept") for n in range(5)]
        assert set(store.load(stay)) == set(stay)

    def test_a_record_written_again_is_not_purged(self, store: PurgingStore) -> None:
        store.save(make_envelope("id", "STARTED", ttl=60.0))
        sent = make_envelope("id", "SUCCESS", ttl=None)
        store.save(sent)
        assert store.purge(_later(), 100) == 0
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_a_purged_id_starts_anew(self, store: PurgingStore) -> None:
        store.save(make_envelope("id", "SUCCESS", ttl=60.0))
        purge_all(store, _later(), 10)
        sent = make_envelope("id", "PENDING")
        assert store.save(sent).accepted
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_purging_goes_on_beside_writers_and_other_purges(
        self, store: PurgingStore, declared: Declared
    ) -> None:
        count = declared.effort.writes
        for n in range(count):
            store.save(make_envelope(f"old-{n}", ttl=60.0))

        def work(number: int) -> int:
            if number < 2:
                return sum(purge_all(store, _later(), 3))
            for n in range(count):
                assert store.save(make_envelope(f"new-{number}-{n}", ttl=None)).accepted
            return 0

        purged = run_threads(4, work)
        purged.append(sum(purge_all(store, _later(), 3)))
        assert sum(purged) == count
        names = [f"new-{number}-{n}" for number in (2, 3) for n in range(count)]
        assert set(store.load(names)) == set(names)


class PurgesKeptSuite:
    """Kept documents are purged like records."""

    def test_expired_documents_go(self, store: PurgingKeeper) -> None:
        for n in range(5):
            store.put("group", f"short-{n}", b"x", 60.0)
        store.put("group", "long", b"x", 86_400.0)
        store.put("group", "kept", b"x", None)
        counts = purge_all(store, _later(), 2)
        assert sum(counts) == 5
        assert max(counts) <= 2
        assert store.get("group", "short-0") is None
        assert store.get("group", "long") == b"x"
        assert store.get("group", "kept") == b"x"


class PurgesRememberedSuite:
    """A tombstone stays until its own time is over."""

    def test_tombstones_go_later(self, store: PurgingMemory, declared: Declared) -> None:
        store.save(make_envelope("id", ttl=0.2, tombstone=86_400.0))
        wait_until(lambda: not store.load(["id"]), "its end", limit=declared.effort.limit)
        purge_all(store, datetime.now(UTC), 10)
        assert store.expired(["id"]) == {"id"}
        assert not store.load(["id"])
        purge_all(store, _later() + timedelta(days=2), 10)
        assert store.expired(["id"]) == frozenset()


def purge_all(store: Purges, now: datetime, limit: int) -> list[int]:
    """Purge until nothing is left and return the count of every call."""
    counts = [store.purge(now, limit)]
    while counts[-1]:
        counts.append(store.purge(now, limit))
        assert len(counts) < 10_000, "purging finds no end"
    return counts


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)
