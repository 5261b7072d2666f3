"""Records that others left: written without the guard, or unreadable."""

from collections.abc import Callable
from typing import Protocol

import pytest

from upshot import states
from upshot.errors import Damaged
from upshot.stores.contract import Batches, Envelope, Filter, Lists, Queries, Store
from upshot.testing.envelopes import (
    PROGRESS,
    STATES,
    assert_reads_as,
    found,
    make_document,
    make_envelope,
)
from upshot.testing.suites.lists import walk

WritePlain = Callable[[str, bytes], None]
Damage = Callable[[str], None]


class DamagedLister(Store, Lists, Protocol):
    """What the tests of a walk are handed."""


class DamagedQuerier(Store, Queries, Protocol):
    """What the tests of queries are handed."""


class DamagedBatcher(Store, Batches, Protocol):
    """What the tests of batches are handed."""


class PlainWriterSuite:
    """A record that was written without the guard counts by the order of its state."""

    @pytest.mark.parametrize("state", STATES)
    def test_a_plain_record_reads_back(
        self, store: Store, write_plain: WritePlain, state: str
    ) -> None:
        document = make_document("id", state, result=1)
        write_plain("id", document)
        loaded = found(store.load(["id"]), "id")
        assert loaded.document == document
        assert (loaded.state, loaded.order) in {("", 0), (state, states.order(state))}

    @pytest.mark.parametrize("standing", STATES)
    def test_a_plain_record_is_guarded_by_its_state(
        self, store: Store, write_plain: WritePlain, standing: str
    ) -> None:
        for new in STATES:
            name = f"{standing}-{new}"
            document = make_document(name, standing, result="plain")
            write_plain(name, document)
            sent = make_envelope(name, new, result="ours")
            saved = store.save(sent)
            wins = states.supersedes(sent.order, states.order(standing))
            assert saved.accepted is wins, f"{new} over a plain {standing}"
            assert saved.order == max(sent.order, states.order(standing))
            stands = sent.document if wins else document
            assert found(store.load([name]), name).document == stands

    def test_a_plain_writer_is_not_held_back(self, store: Store, write_plain: WritePlain) -> None:
        store.save(make_envelope("id", "SUCCESS", 2))
        document = make_document("id", "STARTED")
        write_plain("id", document)
        assert found(store.load(["id"]), "id").document == document
        sent = make_envelope("id", "FAILURE")
        assert store.save(sent).accepted
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_a_plain_record_is_of_the_first_attempt(
        self, store: Store, write_plain: WritePlain
    ) -> None:
        write_plain("id", make_document("id", "RETRY"))
        assert not store.save(make_envelope("id", PROGRESS)).accepted
        assert store.save(make_envelope("id", "STARTED", 1)).accepted

    @pytest.mark.parametrize(
        "garbage",
        [b"", b"\x00", b"not a document", b"{", b'{"status": ', b'{"status": "SUCC', b"\xff" * 200],
    )
    def test_what_cannot_be_read_gives_way_to_anything(
        self, store: Store, write_plain: WritePlain, garbage: bytes
    ) -> None:
        write_plain("id", garbage)
        write_plain("other", make_document("other"))
        assert "other" in store.load(["id", "other"])
        sent = make_envelope("id", "PENDING")
        assert store.save(sent).accepted
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_a_plain_record_is_deleted_like_any_other(
        self, store: Store, write_plain: WritePlain
    ) -> None:
        write_plain("id", make_document("id"))
        store.delete(["id"])
        assert not store.load(["id"])


class DamageSuite:
    """A record that cannot be read harms only itself."""

    def test_a_damaged_record_is_named(self, store: Store, damage: Damage) -> None:
        sent = [make_envelope(f"id-{n}") for n in range(3)]
        for envelope in sent:
            store.save(envelope)
        damage("id-1")
        answer = store.load([envelope.id for envelope in sent])
        assert isinstance(answer["id-1"], Damaged)
        assert answer["id-1"].task_id == "id-1"
        assert_reads_as(answer["id-0"], sent[0])
        assert_reads_as(answer["id-2"], sent[2])

    @pytest.mark.parametrize("state", ["PENDING", "SUCCESS"])
    def test_a_damaged_record_gives_way_to_anything(
        self, store: Store, damage: Damage, state: str
    ) -> None:
        store.save(make_envelope("id", "SUCCESS"))
        damage("id")
        sent = make_envelope("id", state)
        saved = store.save(sent)
        assert saved.accepted
        assert saved.order == sent.order
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_a_damaged_record_can_be_deleted(self, store: Store, damage: Damage) -> None:
        store.save(make_envelope("id"))
        damage("id")
        store.delete(["id"])
        assert not store.load(["id"])


class DamageListsSuite:
    """A walk goes on past what it cannot read."""

    def test_a_walk_goes_on(self, store: DamagedLister, damage: Damage) -> None:
        _save_ten(store, damage)
        _assert_others_met(walk(lambda cursor: store.scan(cursor, 3)))


class DamageQueriesSuite:
    """A query goes on past what it cannot read."""

    def test_a_query_goes_on(self, store: DamagedQuerier, damage: Damage) -> None:
        _save_ten(store, damage)
        _assert_others_met(walk(lambda cursor: store.query(Filter(), cursor, 3)))


class DamageBatchesSuite:
    """A batch goes on past what it cannot read."""

    def test_a_batch_goes_on(self, store: DamagedBatcher, damage: Damage) -> None:
        _save_ten(store, damage)
        saved = store.save_many([make_envelope(f"id-{n}", "PENDING") for n in range(10)])
        assert [answer.accepted for answer in saved] == [n == 4 for n in range(10)]
        assert isinstance(store.load(["id-4"])["id-4"], Envelope)


def _save_ten(store: Store, damage: Damage) -> None:
    for n in range(10):
        store.save(make_envelope(f"id-{n}"))
    damage("id-4")


def _assert_others_met(items: list[Envelope | Damaged]) -> None:
    met = {item.id for item in items if isinstance(item, Envelope)}
    assert met - {"id-4"} == {f"id-{n}" for n in range(10) if n != 4}
    unreadable = {item.task_id for item in items if isinstance(item, Damaged)}
    assert unreadable <= {"id-4"}
