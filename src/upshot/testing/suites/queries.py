"""`Queries`: filters, last written first, page by page."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Protocol

import pytest

from upshot.stores.contract import Envelope, Filter, Queries, Store
from upshot.testing.declared import Declared
from upshot.testing.envelopes import HOSTILE_IDS, assert_reads_as, make_envelope
from upshot.testing.suites.lists import walk
from upshot.testing.waiting import wait_until

_KATHMANDU: Final = timezone(timedelta(hours=5, minutes=45))

_SPREAD: Final[dict[str, dict[str, Any]]] = {
    "one": {"state": "STARTED", "name": "shop.pay", "worker": "w1", "queue": "fast"},
    "two": {"state": "SUCCESS", "name": "shop.pay", "worker": "w2", "queue": "slow"},
    "three": {"state": "FAILURE", "name": "shop.pay_%", "worker": "w1", "queue": "slow"},
    "four": {"state": "SUCCESS", "name": "SHOP.PAY", "worker": None, "queue": None},
    "five": {"state": "RETRY", "attempt": 2, "name": "shop.ship", "group": "g1"},
    "six": {"state": "SUCCESS", "name": "shop.ship", "group": "g2", "worker": "w2"},
}

_FILTERS: Final[dict[str, tuple[Filter, set[str]]]] = {
    "all": (Filter(), set(_SPREAD)),
    "state": (Filter(states=frozenset({"SUCCESS"})), {"two", "four", "six"}),
    "states": (Filter(states=frozenset({"FAILURE", "RETRY"})), {"three", "five"}),
    "no state": (Filter(states=frozenset()), set()),
    "unseen state": (Filter(states=frozenset({"success", "ODD"})), set()),
    "name": (Filter(name="shop.pay"), {"one", "two"}),
    "name of wildcards": (Filter(name="shop.pay_%"), {"three"}),
    "name in capitals": (Filter(name="SHOP.PAY"), {"four"}),
    "worker": (Filter(worker="w1"), {"one", "three"}),
    "queue": (Filter(queue="slow"), {"two", "three"}),
    "group": (Filter(group="g1"), {"five"}),
    "several": (Filter(states=frozenset({"SUCCESS"}), name="shop.pay", queue="slow"), {"two"}),
    "nothing": (Filter(name="shop.pay", group="g1"), set()),
}


class QueryingStore(Store, Queries, Protocol):
    """What these tests are handed."""


class QueriesSuite:
    """Exactly the matching records, in the order of their last write."""

    @pytest.mark.parametrize("case", _FILTERS)
    def test_filters(self, store: QueryingStore, case: str) -> None:
        sent = _save_spread(store)
        wanted, expected = _FILTERS[case]
        answered = ask(store, wanted, 2)
        assert {envelope.id for envelope in answered} == expected
        assert len(answered) == len(expected)
        for envelope in answered:
            assert_reads_as(envelope, sent[envelope.id])

    @pytest.mark.parametrize("limit", [1, 3, 10, 100])
    def test_last_written_first_whatever_the_page(self, store: QueryingStore, limit: int) -> None:
        for n in range(30):
            store.save(_written_at(f"id-{n}", n))
        answered = ask(store, Filter(), limit)
        assert [envelope.id for envelope in answered] == [f"id-{n}" for n in reversed(range(30))]

    def test_a_page_holds_no_more_than_asked(self, store: QueryingStore) -> None:
        for n in range(10):
            store.save(_written_at(f"id-{n}", n))
        assert [e.id for e in store.query(Filter(), None, 3).items if isinstance(e, Envelope)] == [
            "id-9",
            "id-8",
            "id-7",
        ]

    def test_records_of_the_same_moment_are_all_met(self, store: QueryingStore) -> None:
        for n in range(25):
            store.save(_written_at(f"id-{n}", 0))
        answered = [envelope.id for envelope in ask(store, Filter(), 4)]
        assert sorted(answered) == sorted(f"id-{n}" for n in range(25))

    def test_a_record_written_again_comes_first(self, store: QueryingStore) -> None:
        for n in range(5):
            store.save(_written_at(f"id-{n}", n, "STARTED"))
        store.save(_written_at("id-2", 6, "SUCCESS"))
        assert [e.id for e in ask(store, Filter(), 10)] == ["id-2", "id-4", "id-3", "id-1", "id-0"]
        started = Filter(states=frozenset({"STARTED"}))
        assert {e.id for e in ask(store, started, 10)} == {"id-0", "id-1", "id-3", "id-4"}

    def test_since_and_until_bound_the_last_write(self, store: QueryingStore) -> None:
        for n in range(6):
            store.save(_written_at(f"id-{n}", n))
        seen = {envelope.id: envelope.updated for envelope in ask(store, Filter(), 100)}
        third, fifth = seen["id-2"], seen["id-4"]
        assert third is not None
        assert fifth is not None
        assert [e.id for e in ask(store, Filter(since=third, until=fifth), 2)] == ["id-3", "id-2"]
        assert [e.id for e in ask(store, Filter(since=fifth), 2)] == ["id-5", "id-4"]
        assert [e.id for e in ask(store, Filter(until=third), 2)] == ["id-1", "id-0"]
        abroad = third.astimezone(_KATHMANDU)
        assert [e.id for e in ask(store, Filter(until=abroad), 2)] == ["id-1", "id-0"]

    def test_deleted_records_match_nothing(self, store: QueryingStore) -> None:
        _save_spread(store)
        store.delete(["two", "four"])
        wanted = Filter(states=frozenset({"SUCCESS"}))
        assert {envelope.id for envelope in ask(store, wanted, 1)} == {"six"}

    def test_hostile_ids_and_texts_are_matched_exactly(self, store: QueryingStore) -> None:
        for text in HOSTILE_IDS:
            store.save(make_envelope(text, name=text, group=text))
        for text in HOSTILE_IDS:
            assert [e.id for e in ask(store, Filter(name=text), 10)] == [text]
            assert [e.id for e in ask(store, Filter(group=text), 10)] == [text]

    def test_a_page_after_its_last_record_was_deleted(self, store: QueryingStore) -> None:
        for n in range(10):
            store.save(_written_at(f"id-{n}", n))
        first = store.query(Filter(), None, 4)
        assert first.cursor is not None
        store.delete(["id-6", "id-5"])
        rest = walk(lambda cursor: store.query(Filter(), cursor or first.cursor, 4))
        assert {e.id for e in rest if isinstance(e, Envelope)} >= {"id-4", "id-0"}


class QueriesExpirySuite:
    """Expired records match nothing."""

    def test_expired_records_match_nothing(self, store: QueryingStore, declared: Declared) -> None:
        store.save(make_envelope("kept", ttl=None))
        store.save(make_envelope("short", ttl=0.2, tombstone=3600.0))
        wait_until(lambda: not store.load(["short"]), "its end", limit=declared.effort.limit)
        assert [envelope.id for envelope in ask(store, Filter(), 10)] == ["kept"]


def ask(store: Queries, wanted: Filter, limit: int) -> list[Envelope]:
    """Return every matching record, following the cursors."""
    items = walk(lambda cursor: store.query(wanted, cursor, limit))
    answered = [item for item in items if isinstance(item, Envelope)]
    assert len(answered) == len(items), f"unreadable: {items}"
    return answered


def _save_spread(store: Store) -> dict[str, Envelope]:
    sent = {name: make_envelope(name, **fields) for name, fields in _SPREAD.items()}
    for envelope in sent.values():
        assert store.save(envelope).accepted
    return sent


def _written_at(task_id: str, second: int, state: str = "SUCCESS") -> Envelope:
    at = datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC) + timedelta(seconds=second)
    return make_envelope(task_id, state, updated=at, created=at)
