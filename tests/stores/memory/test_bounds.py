"""How much a memory store holds: its limit, and what it does with expired things."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upshot.stores.clock import FOREVER
from upshot.stores.memory import MemoryStore, from_url
from upshot.stores.memory.due import Due
from upshot.testing.envelopes import make_envelope

pytestmark = pytest.mark.store("memory")

_START = datetime(2026, 11, 20, tzinfo=UTC)


class Clock:
    """A present that moves when told to."""

    def __init__(self) -> None:
        self.now = _START

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _ids(store: MemoryStore) -> set[str]:
    return {getattr(item, "id", "") for item in store.scan(None, 1000).items}


def test_finished_records_go_first_the_longest_unused_before_others() -> None:
    store = from_url("memory://four-at-most?limit=4", {})
    for name, state in (("a", "STARTED"), ("b", "SUCCESS"), ("c", "FAILURE"), ("d", "SUCCESS")):
        store.save(make_envelope(name, state))
    store.load(["b"])
    store.save(make_envelope("e", "PENDING"))
    assert _ids(store) == {"a", "b", "d", "e"}
    store.save(make_envelope("f", "PENDING"))
    assert _ids(store) == {"a", "b", "e", "f"}
    store.save(make_envelope("g", "PENDING"))
    assert _ids(store) == {"a", "e", "f", "g"}
    store.load(["a"])
    store.save(make_envelope("h", "PENDING"))
    assert _ids(store) == {"a", "f", "g", "h"}


def test_the_record_just_written_stays() -> None:
    store = MemoryStore(limit=1)
    store.save(make_envelope("a", "STARTED"))
    store.save(make_envelope("b", "SUCCESS"))
    assert _ids(store) == {"b"}


def test_expired_records_go_before_living_ones() -> None:
    clock = Clock()
    store = MemoryStore(limit=3, now=clock)
    store.save(make_envelope("alive-1", "SUCCESS"))
    store.save(make_envelope("short", "STARTED", ttl=10.0))
    store.save(make_envelope("alive-2", "SUCCESS"))
    clock.move(11)
    store.save(make_envelope("new", "SUCCESS"))
    assert _ids(store) == {"alive-1", "alive-2", "new"}


def test_a_limit_holds_for_any_number_of_writes() -> None:
    store = MemoryStore(limit=100)
    for n in range(1000):
        store.save(make_envelope(f"id-{n}", ("SUCCESS", "STARTED")[n % 2]))
    assert len(_ids(store)) == 100


def test_writing_clears_away_what_has_expired() -> None:
    clock = Clock()
    store = MemoryStore(now=clock)
    for n in range(2000):
        store.save(make_envelope(f"id-{n}", ttl=5.0, tombstone=5.0))
        store.put("group", f"g-{n}", b"x", 5.0)
        clock.move(1)
    space = store._data
    held = (len(space.records._entries), len(space.records._tombs), len(space.kept._entries))
    assert max(held) <= 10
    assert len(space.records._due._heap) <= 2 * 10 + 64


def test_rewriting_one_record_does_not_pile_up() -> None:
    store = MemoryStore()
    for n in range(2000):
        store.save(make_envelope("id", "STARTED", n))
    assert len(store._data.records._due._heap) <= 2 + 64


@pytest.mark.covers("pain D7")
def test_a_record_ends_then_its_tombstone() -> None:
    clock = Clock()
    store = MemoryStore(now=clock)
    store.save(make_envelope("id", ttl=60.0, tombstone=30.0))
    clock.move(59.999_999)
    assert (len(store.load(["id"])), len(store.expired(["id"]))) == (1, 0)
    clock.move(0.000_001)
    assert (len(store.load(["id"])), len(store.expired(["id"]))) == (0, 1)
    assert store.purge(clock.now, 10) == 1
    clock.move(29.999_999)
    assert store.expired(["id"]) == {"id"}
    clock.move(0.000_001)
    assert store.expired(["id"]) == frozenset()


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(0, 50), st.just(-1)))
    ),
    st.integers(0, 60),
)
def test_exactly_what_is_due_is_taken(changes: list[tuple[str, int | None]], now: int) -> None:
    due: Due[str] = Due()
    expected: dict[str, int] = {}
    for key, moment in changes:
        expected.pop(key, None)
        if moment is None:
            due.set(key, FOREVER)
        elif moment < 0:
            due.drop(key)
        else:
            due.set(key, moment)
            expected[key] = moment
    taken = due.take(now, 100)
    assert sorted(taken) == sorted(key for key, moment in expected.items() if moment <= now)
    assert [expected[key] for key in taken] == sorted(expected[key] for key in taken)
    assert due.take(now, 100) == []
