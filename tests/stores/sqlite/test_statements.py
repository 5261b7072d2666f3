"""How many statements a call costs."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.stores.sqlite.helpers import filled
from upshot.stores.sqlite import SqliteStore
from upshot.testing.envelopes import make_envelope

pytestmark = pytest.mark.store("sqlite")


@pytest.fixture
def statements(store: SqliteStore) -> list[str]:
    """Collect the first word of every statement from now on."""
    words: list[str] = []

    def trace(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(lambda text: words.append(text.split()[0]))

    store._connections.read(trace)
    return words


def test_an_accepted_save_is_one_statement(store: SqliteStore, statements: list[str]) -> None:
    for state in ("PENDING", "STARTED", "STARTED", "SUCCESS"):
        statements.clear()
        assert store.save(make_envelope("id", state)).accepted
        assert statements == ["INSERT"]


def test_a_refused_save_reads_what_stands(store: SqliteStore, statements: list[str]) -> None:
    standing = make_envelope("id", "SUCCESS")
    store.save(standing)
    statements.clear()
    saved = store.save(make_envelope("id", "STARTED", 5))
    assert (saved.accepted, saved.order) == (False, standing.order)
    assert statements == ["INSERT", "SELECT"]


def test_a_batch_is_one_transaction(store: SqliteStore, statements: list[str]) -> None:
    store.save_many([make_envelope(f"id-{n}") for n in range(20)])
    assert statements == ["BEGIN", *["INSERT"] * 20, "COMMIT"]


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 1), (500, 1), (501, 2), (1001, 3)])
def test_loading_takes_one_statement_for_500_ids(
    store: SqliteStore, statements: list[str], count: int, expected: int
) -> None:
    store.load([f"id-{n}" for n in range(count)])
    assert statements == ["SELECT"] * expected


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda store: store.delete(["a", "b"]), "DELETE"),
        (lambda store: store.expired(["a", "b"]), "SELECT"),
        (lambda store: store.scan(None, 10), "SELECT"),
        (lambda store: store.put("group", "g", b"x", None), "INSERT"),
        (lambda store: store.put("group", "g", b"x", None, new=True), "INSERT"),
        (lambda store: store.get("group", "g"), "SELECT"),
        (lambda store: store.drop("group", "g"), "DELETE"),
        (lambda store: store.swap("group", "g", b"x", None, None), "INSERT"),
        (lambda store: store.swap("group", "g", b"x", None, 7), "UPDATE"),
        (lambda store: store.names("group", "", None, 10), "SELECT"),
    ],
)
def test_other_calls_are_one_statement_too(
    store: SqliteStore, statements: list[str], call: Callable[[SqliteStore], object], word: str
) -> None:
    call(store)
    assert statements == [word]


def test_a_purge_is_one_short_transaction(store: SqliteStore, statements: list[str]) -> None:
    filled(store)
    statements.clear()
    assert store.purge(datetime.max.replace(tzinfo=UTC), 100) == 3
    assert statements == ["BEGIN", "UPDATE", "DELETE", "DELETE", "COMMIT"]
