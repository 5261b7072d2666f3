"""`Store.save`: which of two writes stands, and that a refused one leaves no trace."""

from itertools import product
from typing import Final

import pytest

from upshot import states
from upshot.stores.contract import Envelope, Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import PROGRESS, STATES, assert_reads_as, found, make_envelope
from upshot.testing.waiting import wait_until

MOMENTS: Final = [*product(STATES, (0, 1, 2))]
"""Every state in three attempts."""

_SHORT: Final = 0.2
_ODD_STATES: Final = ("50 % \u00fcber", "it's", 'say "hi"', "a, b", "back\\slash", "\u65e5\u672c")


class GuardSuite:
    """A larger order wins; equal ones: the later while unfinished, else the first."""

    @pytest.mark.parametrize("standing", STATES)
    def test_every_pair_of_moments(self, store: Store, standing: str) -> None:
        expected: dict[str, Envelope] = {}
        for attempt, new in product((0, 1, 2), MOMENTS):
            name = f"{standing}-{attempt}-{new[0]}-{new[1]}"
            first = make_envelope(name, standing, attempt, result="first")
            second = make_envelope(name, *new, result="second")
            assert store.save(first).accepted
            saved = store.save(second)
            wins = states.supersedes(second.order, first.order)
            assert saved.accepted is wins, f"{new} over {(standing, attempt)}"
            assert saved.order == max(first.order, second.order)
            expected[name] = second if wins else first
        answer = store.load(expected)
        for name, envelope in expected.items():
            assert_reads_as(answer[name], envelope)

    def test_the_highest_attempt(self, store: Store) -> None:
        top = states.MAX_ATTEMPT
        for attempt in (15, 16, 255, 65_536, 1 << 32, top - 1, top):
            assert store.save(make_envelope("id", "STARTED", attempt)).accepted
        refused = store.save(make_envelope("id", "RETRY", top - 1))
        assert not refused.accepted
        assert refused.order == states.order("STARTED", top)
        failure = make_envelope("id", "FAILURE", top)
        assert store.save(failure).accepted
        assert not store.save(make_envelope("id", "FAILURE", top - 1)).accepted
        assert_reads_as(store.load(["id"])["id"], failure)

    @pytest.mark.parametrize("state", _ODD_STATES)
    def test_custom_states_of_any_name(self, store: Store, state: str) -> None:
        store.save(make_envelope("id", "STARTED"))
        sent = make_envelope("id", state, result=1)
        assert store.save(sent).accepted
        assert not store.save(make_envelope("id", "STARTED")).accepted
        assert_reads_as(store.load(["id"])["id"], sent)
        again = make_envelope("id", state, result=2)
        assert store.save(again).accepted
        assert_reads_as(store.load(["id"])["id"], again)

    def test_repeating_a_write_is_harmless(self, store: Store) -> None:
        for state in ("PENDING", "STARTED", PROGRESS, "RETRY", "FAILURE", "SUCCESS"):
            sent = make_envelope("id", state)
            for _ in range(3):
                assert store.save(sent).order == sent.order
            assert_reads_as(store.load(["id"])["id"], sent)

    def test_the_first_of_two_finished_records_stays(self, store: Store, another: Opener) -> None:
        other = another()
        for state in ("SUCCESS", "FAILURE", "REVOKED", "LOST"):
            first = make_envelope(state, state, 1, result="first")
            assert store.save(first).accepted
            second = other.save(make_envelope(state, state, 1, result="second"))
            assert not second.accepted
            assert second.order == first.order
            assert_reads_as(other.load([state])[state], first)

    def test_a_refused_write_changes_no_field(self, store: Store) -> None:
        sent = make_envelope("id", "SUCCESS", group="g", labels={"a": "b"})
        store.save(sent)
        before = found(store.load(["id"]), "id")
        late = make_envelope("id", "RETRY", 5, group="late", name="late", labels={"c": "d"})
        assert not store.save(late).accepted
        after = found(store.load(["id"]), "id")
        assert_reads_as(after, sent)
        assert (after.updated, after.group, after.name) == (
            before.updated,
            before.group,
            before.name,
        )


class GuardedExpirySuite:
    """An accepted write restarts the time to live, a refused one does not touch it."""

    def test_a_refused_write_does_not_prolong(self, store: Store, declared: Declared) -> None:
        def kept(ttl: float) -> bool:
            name = f"id-{ttl}"
            store.save(make_envelope(name, "SUCCESS", ttl=ttl))
            if store.save(make_envelope(name, "STARTED", ttl=None)).accepted:
                return False
            limit = declared.effort.limit + ttl
            wait_until(lambda: not store.load([name]), "the end of the record", limit=limit)
            return True

        assert any(kept(ttl) for ttl in (_SHORT, 1.0, 5.0)), "expired before the late write"

    def test_a_refused_write_does_not_shorten(self, store: Store, declared: Declared) -> None:
        kept = make_envelope("kept", "SUCCESS", ttl=None)
        store.save(kept)
        assert not store.save(make_envelope("kept", "FAILURE", 1, ttl=_SHORT)).accepted
        _outlive(store, declared)
        assert_reads_as(store.load(["kept"])["kept"], kept)

    @pytest.mark.parametrize("ttl", [None, 3600.0])
    def test_an_accepted_write_prolongs(
        self, store: Store, declared: Declared, ttl: float | None
    ) -> None:
        store.save(make_envelope("id", "STARTED", ttl=_SHORT))
        sent = make_envelope("id", "SUCCESS", ttl=ttl)
        assert store.save(sent).accepted
        _outlive(store, declared)
        assert_reads_as(store.load(["id"])["id"], sent)

    @pytest.mark.parametrize("ttl", [None, 3600.0])
    def test_an_accepted_write_shortens(
        self, store: Store, declared: Declared, ttl: float | None
    ) -> None:
        store.save(make_envelope("id", "STARTED", ttl=ttl))
        assert store.save(make_envelope("id", "SUCCESS", ttl=_SHORT)).accepted
        wait_until(lambda: not store.load(["id"]), "its end", limit=declared.effort.limit)

    def test_an_expired_record_guards_nothing(self, store: Store, declared: Declared) -> None:
        store.save(make_envelope("id", "SUCCESS", ttl=_SHORT))
        wait_until(lambda: not store.load(["id"]), "its end", limit=declared.effort.limit)
        sent = make_envelope("id", "PENDING")
        saved = store.save(sent)
        assert saved.accepted
        assert saved.order == sent.order
        assert_reads_as(store.load(["id"])["id"], sent)


def _outlive(store: Store, declared: Declared) -> None:
    store.save(make_envelope("control", ttl=_SHORT))
    wait_until(lambda: not store.load(["control"]), "its end", limit=declared.effort.limit)
