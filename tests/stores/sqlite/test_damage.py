"""Rows that were spoilt: each harms itself at most."""

from pathlib import Path

import pytest

from tests.stores.sqlite.helpers import filled, sql
from upshot.errors import Damaged
from upshot.stores.contract import Envelope, Filter
from upshot.stores.sqlite import SqliteStore
from upshot.testing.envelopes import assert_reads_as, found, make_envelope

pytestmark = pytest.mark.store("sqlite")

FATAL = ("document = 'text'", "document = 7", "ord = 'much'", "ord = x'00'")
HARMLESS = (
    "state = NULL",
    "state = x'ff'",
    "state = CAST(x'ff' AS TEXT)",
    "attempt = 'one'",
    "created = 'yesterday'",
    "done = 9223372036854775807",
    "name = x'00', worker = x'00', queue = x'00', grp = x'00', parent = x'00'",
    "labels = 'not JSON'",
    "labels = '[1]'",
    "labels = x'7b7d'",
    "expires = 'never'",
    "gone = 'never'",
)


@pytest.mark.parametrize("damage", FATAL)
def test_a_spoilt_row_is_damaged_and_harms_no_other(
    store: SqliteStore, path: Path, damage: str
) -> None:
    sent = {envelope.id: envelope for envelope in filled(store)}
    sql(path, f"UPDATE upshot_records SET {damage} WHERE id = 'id-1'")
    answer = store.load(sent)
    spoilt = answer["id-1"]
    assert isinstance(spoilt, Damaged)
    assert spoilt.task_id == "id-1"
    assert "the stored record of 'id-1' is damaged" in str(spoilt)
    for name in ("id-0", "id-2"):
        assert_reads_as(answer[name], sent[name])
    assert [type(item) for item in store.scan(None, 10).items] == [Envelope, Damaged, Envelope]
    assert len(store.query(Filter(), None, 10).items) == 3


@pytest.mark.parametrize("damage", FATAL)
def test_a_spoilt_row_gives_way_to_anything(store: SqliteStore, path: Path, damage: str) -> None:
    filled(store)
    sql(path, f"UPDATE upshot_records SET {damage} WHERE id = 'id-1'")
    sent = make_envelope("id-1", "PENDING")
    assert store.save(sent).accepted
    assert_reads_as(store.load(["id-1"])["id-1"], sent)


@pytest.mark.parametrize("damage", HARMLESS)
def test_a_spoilt_copy_costs_only_the_copy(store: SqliteStore, path: Path, damage: str) -> None:
    sent = {envelope.id: envelope for envelope in filled(store)}
    sql(path, f"UPDATE upshot_records SET {damage} WHERE id = 'id-1'")
    answer = store.load(sent)
    assert found(answer, "id-1").document == sent["id-1"].document
    for name in ("id-0", "id-2"):
        assert_reads_as(answer[name], sent[name])
    assert not store.save(make_envelope("id-1", "STARTED")).accepted


def test_half_characters_in_the_copies_are_kept_as_escapes(store: SqliteStore) -> None:
    sent = make_envelope("id", name="bad-\udcff.py", labels={"file": "bad-\udcff.py"})
    assert store.save(sent).accepted
    loaded = found(store.load(["id"]), "id")
    assert loaded.name == "bad-\\udcff.py"
    assert loaded.labels == sent.labels
    assert loaded.document == sent.document
