"""`Lists`: walking through everything that is stored."""

import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import pytest

from upshot.errors import Damaged
from upshot.stores.contract import Envelope, Keeps, Lists, Page, Store
from upshot.testing.declared import Declared
from upshot.testing.envelopes import HOSTILE_IDS, assert_reads_as, make_envelope
from upshot.testing.waiting import run_threads, wait_until

T = TypeVar("T")

_MANY_PAGES: Final = 10_000


class ListingStore(Store, Lists, Protocol):
    """What the tests of `scan` are handed."""


class NamingStore(Store, Lists, Keeps, Protocol):
    """What the tests of `names` are handed."""


def walk(ask: Callable[[str | None], Page[T]]) -> list[T]:
    """Follow the cursors to the end and return every item."""
    items: list[T] = []
    cursor: str | None = None
    for _ in range(_MANY_PAGES):
        page = ask(cursor)
        items += page.items
        cursor = page.cursor
        if cursor is None:
            return items
    raise AssertionError(f"no end after {_MANY_PAGES} pages")


class ListsSuite:
    """A walk meets every record that stands."""

    def test_nothing_stored_nothing_met(self, store: ListingStore) -> None:
        assert walk(lambda cursor: store.scan(cursor, 10)) == []

    @pytest.mark.parametrize("limit", [1, 7, 60, 1000])
    def test_every_record_is_met(self, store: ListingStore, limit: int) -> None:
        sent = {f"id-{n}": make_envelope(f"id-{n}", result=n) for n in range(60)}
        for envelope in sent.values():
            store.save(envelope)
        met = _by_id(walk(lambda cursor: store.scan(cursor, limit)))
        assert set(met) == set(sent)
        for name, envelope in sent.items():
            assert_reads_as(met[name], envelope)

    def test_hostile_ids_are_met(self, store: ListingStore) -> None:
        for n, name in enumerate(HOSTILE_IDS):
            store.save(make_envelope(name, result=n))
        assert set(_by_id(walk(lambda cursor: store.scan(cursor, 3)))) == set(HOSTILE_IDS)

    def test_deleted_records_are_not_met(self, store: ListingStore) -> None:
        for n in range(20):
            store.save(make_envelope(f"id-{n}"))
        store.delete([f"id-{n}" for n in range(10)])
        met = _by_id(walk(lambda cursor: store.scan(cursor, 4)))
        assert set(met) == {f"id-{n}" for n in range(10, 20)}

    def test_standing_records_are_met_while_others_come_and_go(self, store: ListingStore) -> None:
        stay = {f"stay-{n}" for n in range(100)}
        for name in stay:
            store.save(make_envelope(name))
        over = threading.Event()

        def write() -> None:
            n = 0
            while not over.is_set():
                store.save(make_envelope(f"new-{n % 50}", "STARTED", n))
                store.delete([f"new-{(n + 25) % 50}"])
                n += 1

        def read() -> None:
            try:
                for _ in range(5):
                    met = set(_by_id(walk(lambda cursor: store.scan(cursor, 9))))
                    assert met >= stay, f"missed {sorted(stay - met)}"
            finally:
                over.set()

        run_threads(2, lambda n: read() if n else write())


class ListsExpirySuite:
    """Expired records stand no more."""

    def test_expired_records_are_not_met(self, store: ListingStore, declared: Declared) -> None:
        store.save(make_envelope("kept", ttl=None))
        store.save(make_envelope("short", ttl=0.2, tombstone=3600.0))
        wait_until(lambda: not store.load(["short"]), "its end", limit=declared.effort.limit)
        assert set(_by_id(walk(lambda cursor: store.scan(cursor, 10)))) == {"kept"}


class NamesSuite:
    """Keys of kept documents by kind and prefix."""

    def test_nothing_kept_nothing_named(self, store: NamingStore) -> None:
        store.save(make_envelope("id"))
        assert walk(lambda cursor: store.names("group", "", cursor, 10)) == []

    @pytest.mark.parametrize("limit", [1, 7, 1000])
    def test_every_key_is_named(self, store: NamingStore, limit: int) -> None:
        keys = {f"key-{n}" for n in range(40)}
        for key in keys:
            store.put("group", key, b"x", 3600.0)
            store.put("join", f"other-{key}", b"x", 3600.0)
        assert set(walk(lambda cursor: store.names("group", "", cursor, limit))) == keys
        assert set(walk(lambda cursor: store.names("group", "key-1", cursor, limit))) == {
            key for key in keys if key.startswith("key-1")
        }

    @pytest.mark.parametrize("prefix", ["a", "A", "100%", "100_", "*", "?", "[", "a\\", "\u00e9"])
    def test_a_prefix_is_taken_letter_by_letter(self, store: NamingStore, prefix: str) -> None:
        for key in HOSTILE_IDS:
            store.put("group", key, b"x", None)
        named = walk(lambda cursor: store.names("group", prefix, cursor, 50))
        assert set(named) == {key for key in HOSTILE_IDS if key.startswith(prefix)}

    def test_kept_documents_are_no_records(self, store: NamingStore) -> None:
        store.put("group", "g", b'{"result": []}', None)
        store.save(make_envelope("id"))
        assert set(_by_id(walk(lambda cursor: store.scan(cursor, 10)))) == {"id"}
        assert walk(lambda cursor: store.names("group", "", cursor, 10)) == ["g"]

    def test_dropped_keys_are_not_named(self, store: NamingStore) -> None:
        store.put("group", "stays", b"x", None)
        store.put("group", "goes", b"x", None)
        store.drop("group", "goes")
        assert walk(lambda cursor: store.names("group", "", cursor, 10)) == ["stays"]


def _by_id(items: list[Envelope | Damaged]) -> dict[str, Envelope]:
    met: dict[str, Envelope] = {}
    for item in items:
        assert isinstance(item, Envelope), repr(item)
        met[item.id] = item
    return met
