"""`Joins`: guarded arrivals, claims and their leases, settling, and races of all of them."""

from typing import Final

import pytest

from upshot.stores.contract import Joins, Saved
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import assert_reads_as, make_envelope
from upshot.testing.processes import run_processes
from upshot.testing.suites.joins import JoiningStore, arrive, make_join, make_part, parts
from upshot.testing.suites.lists import walk
from upshot.testing.waiting import run_threads, wait_until

_SHORT: Final = 0.2


class JoinGuardSuite:
    """The record and the slot change together, or neither does."""

    def test_an_arrival_saves_its_record(self, store: JoiningStore) -> None:
        store.open(make_join(size=2))
        sent = make_envelope("0", group="j")
        saved, arrival = store.arrive(make_part(0), sent, 60.0)
        assert saved == Saved(accepted=True, order=sent.order)
        assert arrival.arrived == 1
        assert_reads_as(store.load(["0"])["0"], sent)

    def test_a_refused_record_leaves_the_slot_alone(self, store: JoiningStore) -> None:
        store.open(make_join(size=1))
        standing = make_envelope("0", "SUCCESS")
        store.save(standing)
        late = make_envelope("0", "FAILURE", 1)
        part = make_part(0, state="FAILURE", attempt=1)
        saved, arrival = store.arrive(part, late, 60.0)
        assert saved == Saved(accepted=False, order=standing.order)
        assert arrival.arrived == 0
        assert arrival.token is None
        assert parts(store) == []
        assert_reads_as(store.load(["0"])["0"], standing)
        assert arrive(store, make_part(0)).token

    def test_a_refused_record_leaves_a_filled_slot_alone(self, store: JoiningStore) -> None:
        store.open(make_join(size=2))
        filled = make_part(0, document=b"first")
        store.arrive(filled, make_envelope("0", result="first"), 60.0)
        again = make_part(0, document=b"second")
        saved, arrival = store.arrive(again, make_envelope("0", result="second"), 60.0)
        assert saved is not None
        assert not saved.accepted
        assert arrival.arrived == 1
        assert parts(store) == [filled]

    def test_a_larger_order_replaces_the_slot_until_the_claim(self, store: JoiningStore) -> None:
        store.open(make_join(size=2))
        lost = make_part(0, state="LOST", document=b"lost")
        failure = make_part(0, state="FAILURE", document=b"failure")
        success = make_part(0, state="SUCCESS", document=b"success")
        for part, stays in ((failure, failure), (lost, failure), (success, success)):
            assert arrive(store, part).arrived == 1
            assert parts(store) == [stays]
        arrive(store, make_part(0, document=b"another success"))
        assert parts(store) == [success]

    def test_the_claim_freezes_the_slots(self, store: JoiningStore) -> None:
        store.open(make_join(size=1))
        failure = make_part(0, state="FAILURE", document=b"failure")
        assert arrive(store, failure).token
        late = arrive(store, make_part(0, document=b"success"))
        assert late.token is None
        assert late.status == "claimed"
        assert parts(store) == [failure]

    def test_a_replaced_slot_claims_nothing(self, store: JoiningStore, declared: Declared) -> None:
        store.open(make_join(size=1))
        assert arrive(store, make_part(0, state="FAILURE"), _SHORT).token
        _outlive_lease(store, declared)
        assert arrive(store, make_part(0)).token is None
        assert arrive(store, make_part(0, state="FAILURE")).token is None


class JoinClaimsSuite:
    """One claim a lease; only the claim that holds may settle."""

    def test_a_claim_that_holds_is_alone(self, store: JoiningStore, another: Opener) -> None:
        store.open(make_join(size=1))
        assert store.claim("j", 60.0) is None
        assert arrive(store, make_part(0)).token
        other = another()
        assert isinstance(other, Joins)
        assert other.claim("j", 60.0) is None

    def test_a_lease_that_ran_out_is_taken_once(
        self, store: JoiningStore, declared: Declared
    ) -> None:
        store.open(make_join(size=1))
        first = arrive(store, make_part(0), _SHORT).token
        second = _take_lapsed(store, declared, "j")
        assert first
        assert second != first
        assert store.claim("j", 60.0) is None
        assert not store.settle("j", first)
        view = store.view("j")
        assert view is not None
        assert view.arrival.status == "claimed"
        assert store.settle("j", second)

    def test_a_wrong_token_settles_nothing(self, store: JoiningStore) -> None:
        store.open(make_join(size=1))
        assert not store.settle("j", "token")
        token = arrive(store, make_part(0)).token
        assert token
        assert not store.settle("j", token + "x")
        assert not store.settle("j", "")
        assert [part.id for part in parts(store)] == ["0"]
        assert store.settle("j", token)

    def test_growing_may_take_the_claim_with_a_lease(
        self, store: JoiningStore, declared: Declared
    ) -> None:
        store.open(make_join())
        arrive(store, make_part(0))
        first = store.grow("j", size=1, seal=True, lease=_SHORT).token
        assert first
        again = _take_lapsed(store, declared, "j")
        assert not store.settle("j", first)
        assert store.settle("j", again)

    def test_settling_leaves_only_a_tombstone(self, store: JoiningStore) -> None:
        token = _settled(store)
        assert parts(store) == []
        view = store.view("j")
        assert view is None or view.arrival.status == "settled"
        assert walk(lambda cursor: store.open_joins(cursor, 10)) == []
        assert store.claim("j", 60.0) is None
        store.settle("j", token)
        assert not store.open(make_join(size=2))
        assert walk(lambda cursor: store.open_joins(cursor, 10)) == []

    def test_late_parts_change_nothing(self, store: JoiningStore) -> None:
        _settled(store)
        for member in (0, 1, 7):
            late = arrive(store, make_part(member))
            assert late.status == "settled"
            assert late.token is None
        sent = make_envelope("8")
        saved, late = store.arrive(make_part(8), sent, 60.0)
        assert saved == Saved(accepted=True, order=sent.order)
        assert late.status == "settled"
        assert_reads_as(store.load(["8"])["8"], sent)
        grown = store.grow("j", add=1, size=9, seal=True)
        assert grown.status == "settled"
        assert grown.token is None
        assert parts(store) == []
        assert walk(lambda cursor: store.open_joins(cursor, 10)) == []


class JoinExpirySuite:
    """Joins and their tombstones end when nothing changes them."""

    @pytest.mark.parametrize("settled", [True, False])
    def test_a_join_ends(self, store: JoiningStore, declared: Declared, settled: bool) -> None:  # noqa: FBT001 a parameter of the test
        store.open(make_join(size=1, ttl=_SHORT))
        if settled and (token := arrive(store, make_part(0)).token):
            store.settle("j", token)
        wait_until(
            lambda: store.view("j") is None and store.open(make_join(size=1)),
            "the end of the join",
            limit=declared.effort.limit,
        )

    def test_a_join_without_a_ttl_stays(self, store: JoiningStore, declared: Declared) -> None:
        store.open(make_join("kept", size=2, ttl=None))
        arrive(store, make_part(0, "kept"))
        store.open(make_join("control", size=2, ttl=_SHORT))
        wait_until(lambda: store.view("control") is None, "its end", limit=declared.effort.limit)
        assert arrive(store, make_part(1, "kept")).token


class JoinRacesSuite:
    """Whoever races, one claim is taken and every member counts once."""

    def test_threads_complete_one_join(
        self, store: JoiningStore, another: Opener, declared: Declared
    ) -> None:
        claimants = declared.effort.claimants
        stores = [store, another()]
        for round_ in range(5):
            join_id = f"j{round_}"
            store.open(make_join(join_id, size=claimants))

            def work(number: int, join_id: str = join_id) -> list[str | None]:
                mine = stores[number % 2]
                assert isinstance(mine, Joins)
                return arrive_twice(mine, join_id, number, claimants)

            tokens = run_threads(claimants, work)
            assert sum(bool(token) for given in tokens for token in given) == 1
            assert [p.index for p in parts(store, join_id)] == list(range(claimants))

    def test_threads_take_one_lapsed_claim(self, store: JoiningStore, declared: Declared) -> None:
        store.open(make_join(size=1))
        assert arrive(store, make_part(0), _SHORT).token
        _outlive_lease(store, declared)
        tokens = run_threads(declared.effort.claimants, lambda _: store.claim("j", 60.0))
        assert sum(bool(token) for token in tokens) == 1

    def test_threads_seal_and_fill(self, store: JoiningStore, declared: Declared) -> None:
        claimants = declared.effort.claimants
        for round_ in range(5):
            join_id = f"j{round_}"

            def work(number: int, join_id: str = join_id) -> bool:
                if number == 0:
                    opened = store.open(make_join(join_id))
                    sealed = store.grow(join_id, size=claimants - 1, seal=True)
                    assert opened
                    return bool(sealed.token)
                return bool(arrive(store, make_part(number, join_id)).token)

            assert sum(run_threads(claimants, work)) == 1


class SharedJoinsSuite:
    """Members arrive from many processes."""

    def test_processes_complete_one_join(
        self, store: JoiningStore, opener: Opener, declared: Declared
    ) -> None:
        members = declared.effort.processes
        for round_ in range(3):
            store.open(make_join(f"j{round_}", size=members))
        arguments = [(number, members, 3) for number in range(members)]
        tokens = run_processes(opener, arrive_everywhere, arguments)
        for column in zip(*tokens, strict=True):
            assert sum(bool(token) for given in column for token in given) == 1
        assert [part.index for part in parts(store, "j0")] == list(range(members))


def arrive_twice(store: Joins, join_id: str, number: int, size: int) -> list[str | None]:
    """Arrive with an own member and with one of somebody else."""
    return [
        arrive(store, make_part(member, join_id)).token for member in (number, (number + 1) % size)
    ]


def arrive_everywhere(store: Joins, number: int, size: int, joins: int) -> list[list[str | None]]:
    """Arrive at each join as `arrive_twice` does."""
    return [arrive_twice(store, f"j{n}", number, size) for n in range(joins)]


def _outlive_lease(store: JoiningStore, declared: Declared) -> None:
    store.open(make_join("control", size=1))
    assert arrive(store, make_part("control", "control"), _SHORT).token
    _take_lapsed(store, declared, "control")


def _take_lapsed(store: JoiningStore, declared: Declared, join_id: str) -> str:
    token = wait_until(
        lambda: store.claim(join_id, 60.0), "the end of a lease", limit=declared.effort.limit
    )
    assert token is not None
    return token


def _settled(store: Joins) -> str:
    store.open(make_join(size=2))
    arrive(store, make_part(0))
    token = arrive(store, make_part(1)).token
    assert token
    assert store.settle("j", token)
    return token
