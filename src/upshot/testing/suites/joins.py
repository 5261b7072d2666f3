"""`Joins`: opening, filling, sealing and completing a fan-in."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import pytest

from upshot.stores.contract import Arrival, Join, Joins, JoinView, Page, Part, Store
from upshot.testing.declared import Opener
from upshot.testing.envelopes import HOSTILE_IDS, assert_reads_as, make_envelope
from upshot.testing.suites.lists import walk


class JoiningStore(Store, Joins, Protocol):
    """What these tests are handed."""


def make_join(join_id: str = "j", size: int | None = None, **changes: Any) -> Join:
    """Return a fan-in as the core would open it; an hour to live unless said otherwise."""
    values: dict[str, Any] = {
        "body": b'{"task": "shop.sum", "args": []}',
        "body_id": f"body of {join_id}"[:155],
        "policy": "fail",
        "ttl": 3600.0,
    }
    return Join(id=join_id, size=size, **(values | changes))


def make_part(
    member: str | int, join_id: str = "j", state: str = "SUCCESS", attempt: int = 0, **changes: Any
) -> Part:
    """Return a member's way out; the number of a member is also its index."""
    sent = make_envelope(str(member), state, attempt)
    values: dict[str, Any] = {
        "index": member if isinstance(member, int) else None,
        "document": b"value of %s" % str(member).encode(),
    }
    return Part(join=join_id, id=str(member), order=sent.order, state=state, **(values | changes))


def arrive(store: Joins, part: Part, lease: float = 60.0) -> Arrival:
    """Let a part arrive whose record was saved before."""
    saved, arrival = store.arrive(part, None, lease)
    assert saved is None
    return arrival


def parts(store: Joins, join_id: str = "j", limit: int = 7) -> list[Part]:
    """Return all filled slots."""
    return walk(lambda cursor: store.parts(join_id, cursor, limit))


class JoinsSuite:
    """Each member counts once; the last one completes."""

    def test_what_was_opened_is_viewed(self, store: JoiningStore, another: Opener) -> None:
        join = make_join(
            size=3,
            body=bytes(range(256)),
            policy="collect",
            deadline=datetime(2027, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
            ordered=False,
        )
        assert store.view("j") is None
        before = datetime.now(UTC)
        assert store.open(join)
        other = another()
        assert isinstance(other, Joins)
        view = other.view("j")
        assert view is not None
        assert view.join == join
        assert view.arrival == Arrival(status="open", arrived=0, size=3)
        assert view.lease_until is None
        assert abs((view.opened - before).total_seconds()) < 60

    def test_opening_twice_changes_nothing(self, store: JoiningStore) -> None:
        first = make_join(size=2)
        assert store.open(first)
        arrive(store, make_part(0))
        assert not store.open(make_join(size=9, body=b"other", policy="collect"))
        view = store.view("j")
        assert view is not None
        assert view.join == first
        assert view.arrival == Arrival(status="open", arrived=1, size=2)

    def test_the_last_member_takes_the_claim(self, store: JoiningStore) -> None:
        store.open(make_join(size=3))
        for n in range(2):
            assert arrive(store, make_part(n)) == Arrival(status="open", arrived=n + 1, size=3)
        last = arrive(store, make_part(2))
        assert last.token
        assert (last.status, last.arrived, last.size) == ("claimed", 3, 3)
        view = store.view("j")
        assert view is not None
        assert view.arrival.status == "claimed"
        assert view.arrival.token is None
        assert view.lease_until is not None
        assert view.lease_until > datetime.now(UTC)

    @pytest.mark.parametrize("times", [1, 2, 3, 4, 5])
    def test_duplicates_count_once(self, store: JoiningStore, times: int) -> None:
        store.open(make_join(size=4))
        arrivals = [arrive(store, make_part(n)) for n in range(4) for _ in range(times)]
        assert [a.arrived for a in arrivals] == [n + 1 for n in range(4) for _ in range(times)]
        assert [bool(a.token) for a in arrivals].index(True) == 3 * times
        assert sum(bool(a.token) for a in arrivals) == 1
        assert [part.id for part in parts(store)] == ["0", "1", "2", "3"]

    def test_early_members_count(self, store: JoiningStore) -> None:
        for n in range(2):
            assert arrive(store, make_part(n)).token is None
        assert store.open(make_join(size=3))
        view = store.view("j")
        assert view is not None
        assert view.arrival == Arrival(status="open", arrived=2, size=3)
        assert arrive(store, make_part(0)).arrived == 2
        assert arrive(store, make_part(2)).token
        assert [part.id for part in parts(store)] == ["0", "1", "2"]

    def test_a_join_that_is_complete_when_opened_can_be_claimed(self, store: JoiningStore) -> None:
        for n in range(2):
            assert arrive(store, make_part(n)).token is None
        assert store.open(make_join(size=2))
        assert store.claim("j", 60.0)
        assert store.claim("j", 60.0) is None

    def test_an_unsealed_join_never_completes(self, store: JoiningStore) -> None:
        store.open(make_join())
        for n in range(5):
            assert arrive(store, make_part(n)) == Arrival(status="open", arrived=n + 1)
        assert store.claim("j", 60.0) is None
        sealed = store.grow("j", size=5, seal=True)
        assert sealed.token
        assert (sealed.status, sealed.arrived, sealed.size) == ("claimed", 5, 5)

    def test_only_the_opener_seals(self, store: JoiningStore) -> None:
        store.open(make_join())
        for n in range(2):
            arrive(store, make_part(n))
        unsealed = store.grow("j", size=2)
        assert unsealed.token is None
        assert unsealed.size is None
        assert store.claim("j", 60.0) is None
        assert store.grow("j", size=2, seal=True).token

    def test_a_size_is_raised_and_never_lowered(self, store: JoiningStore) -> None:
        store.open(make_join(size=3))
        assert store.grow("j", size=2).size == 3
        assert store.grow("j", size=2, seal=True).size == 3
        assert store.grow("j", size=5).size == 5
        for n in range(4):
            assert arrive(store, make_part(n)).token is None
        assert store.grow("j", size=1).token is None
        assert arrive(store, make_part(4)).token

    def test_a_size_learned_early_is_not_lowered_by_the_seal(self, store: JoiningStore) -> None:
        store.grow("j", size=4)
        store.open(make_join())
        assert store.grow("j", size=2, seal=True).size == 4

    @pytest.mark.parametrize("early", [True, False])
    def test_added_members_are_expected_too(self, store: JoiningStore, early: bool) -> None:  # noqa: FBT001 a parameter of the test
        if early:
            store.grow("j", add=2)
        store.open(make_join(size=2))
        if not early:
            assert store.grow("j", add=2).size == 4
        assert store.grow("j", add=1).size == 5
        tokens = [arrive(store, make_part(n)).token for n in range(5)]
        assert [bool(token) for token in tokens] == [False] * 4 + [True]

    def test_a_join_of_nothing_completes_by_its_seal(self, store: JoiningStore) -> None:
        store.open(make_join())
        assert store.grow("j", size=0, seal=True).token

    def test_parts_come_back_by_index(self, store: JoiningStore) -> None:
        store.open(make_join(size=24))
        numbers = [17, 3, 11, 0, 19, 2, 14, 9, 1, 5, 10, 12, 4, 7, 18, 6, 13, 8, 16, 15]
        sent = [make_part(n) for n in numbers]
        sent[4:4] = [make_part("without index"), make_part("nor this")]
        for part in sent:
            arrive(store, part)
        ordered = sorted(sent[:4] + sent[6:], key=lambda part: part.index or 0)
        for limit in (1, 7, 100):
            read = parts(store, limit=limit)
            assert read[:20] == ordered
            assert {part.id for part in read[20:]} == {"without index", "nor this"}
            assert len(read) == 22

    def test_parts_come_back_by_arrival(self, store: JoiningStore) -> None:
        store.open(make_join(size=40, ordered=False))
        numbers = [n * 7 % 30 for n in range(30)]
        for n in numbers:
            arrive(store, make_part(n))
            arrive(store, make_part(numbers[0]))
        for limit in (1, 7, 100):
            assert [part.index for part in parts(store, limit=limit)] == numbers

    def test_parts_are_stored_whole(self, store: JoiningStore) -> None:
        store.open(make_join(size=5))
        sent = [
            make_part(0, document=b""),
            make_part(1, document=bytes(range(256)) * 50),
            make_part(2, state="FAILURE", attempt=3),
            make_part(3, document=b"x" * (1 << 20)),
        ]
        for part in sent:
            arrive(store, part)
        assert parts(store) == sent

    def test_joins_and_members_of_hostile_names(self, store: JoiningStore) -> None:
        for name in HOSTILE_IDS:
            assert store.open(make_join(name, size=len(HOSTILE_IDS)))
        for join_id in HOSTILE_IDS[::4]:
            arrivals = [
                arrive(store, make_part(member, join_id, index=n))
                for n, member in enumerate(HOSTILE_IDS)
            ]
            assert [bool(a.token) for a in arrivals] == [False] * (len(arrivals) - 1) + [True]
            assert [part.id for part in parts(store, join_id)] == list(HOSTILE_IDS)
        assert parts(store, HOSTILE_IDS[1]) == []

    def test_absent_joins(self, store: JoiningStore) -> None:
        assert store.view("j") is None
        assert store.claim("j", 60.0) is None
        assert not store.settle("j", "token")
        assert parts(store) == []
        assert store.open(make_join(size=1))

    def test_open_joins_are_listed(self, store: JoiningStore) -> None:
        assert walk(lambda cursor: store.open_joins(cursor, 10)) == []
        for n in range(25):
            store.open(make_join(f"j{n}", size=1))
        token = arrive(store, make_part(0, "j3")).token
        assert token
        arrive(store, make_part(0, "j4"))
        store.settle("j3", token)
        for limit in (1, 7, 100):
            views = {view.join.id: view for view in walk(partial(_page, store, limit))}
            assert set(views) == {f"j{n}" for n in range(25)} - {"j3"}
            assert views["j4"].arrival.status == "claimed"
            assert views["j5"].arrival == Arrival(status="open", arrived=0, size=1)

    def test_joins_leave_records_alone(self, store: JoiningStore) -> None:
        record = make_envelope("j")
        store.save(record)
        store.open(make_join("j", size=1))
        token = arrive(store, make_part(0)).token
        assert token
        assert store.settle("j", token)
        assert_reads_as(store.load(["j"])["j"], record)
        store.delete(["j"])
        assert not store.open(make_join("j", size=1))


def _page(store: Joins, limit: int, cursor: str | None) -> Page[JoinView]:
    return store.open_joins(cursor, limit)
