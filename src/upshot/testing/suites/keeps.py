"""`Keeps` and `Swaps`: small documents beside the records."""

from typing import Final, Protocol

import pytest

from upshot.stores.contract import Keeps, Store, Swaps
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import HOSTILE_IDS, make_envelope
from upshot.testing.processes import run_processes
from upshot.testing.waiting import run_threads, wait_until

_SHORT: Final = 0.2


class KeepingStore(Store, Keeps, Protocol):
    """What the tests of kept documents are handed."""


class SwappingStore(Store, Keeps, Swaps, Protocol):
    """What the tests of compare-and-swap are handed."""


class KeepsSuite:
    """Put, get and drop, told apart by kind and key."""

    def test_what_was_put_is_got(self, store: KeepingStore, another: Opener) -> None:
        assert store.put("group", "g", b'{"result": []}', 3600.0)
        assert store.get("group", "g") == b'{"result": []}'
        other = another()
        assert isinstance(other, Keeps)
        assert other.get("group", "g") == b'{"result": []}'

    def test_absent_is_none(self, store: KeepingStore) -> None:
        assert store.get("group", "nothing") is None

    @pytest.mark.parametrize("data", [b"", bytes(9), bytes(range(256)), b"x" * (1 << 20)], ids=len)
    def test_any_bytes(self, store: KeepingStore, data: bytes) -> None:
        store.put("group", "g", data, None)
        assert store.get("group", "g") == data

    def test_putting_again_replaces(self, store: KeepingStore) -> None:
        store.put("group", "g", b"one", 3600.0)
        assert store.put("group", "g", b"two", 3600.0)
        assert store.get("group", "g") == b"two"

    def test_new_only_where_none_is(self, store: KeepingStore) -> None:
        assert store.put("group", "g", b"one", 3600.0, new=True)
        assert not store.put("group", "g", b"two", 3600.0, new=True)
        assert store.get("group", "g") == b"one"
        store.drop("group", "g")
        assert store.put("group", "g", b"three", 3600.0, new=True)
        assert store.get("group", "g") == b"three"

    def test_dropping_is_idempotent(self, store: KeepingStore) -> None:
        store.put("group", "g", b"one", None)
        for _ in range(3):
            store.drop("group", "g")
            assert store.get("group", "g") is None

    def test_kinds_and_records_are_kept_apart(self, store: KeepingStore) -> None:
        record = make_envelope("id")
        store.save(record)
        store.put("group", "id", b"group", None)
        store.put("join", "id", b"join", None)
        assert store.get("group", "id") == b"group"
        assert store.get("join", "id") == b"join"
        store.drop("group", "id")
        assert store.get("join", "id") == b"join"
        assert set(store.load(["id"])) == {"id"}
        store.delete(["id"])
        assert store.get("join", "id") == b"join"

    def test_hostile_keys_are_told_apart(self, store: KeepingStore) -> None:
        for n, key in enumerate(HOSTILE_IDS):
            assert store.put("group", key, b"%d" % n, 3600.0, new=True)
        for n, key in enumerate(HOSTILE_IDS):
            assert store.get("group", key) == b"%d" % n
            store.drop("group", key)
            assert store.get("group", key) is None

    def test_threads_race_for_a_new_key(
        self, store: KeepingStore, another: Opener, declared: Declared
    ) -> None:
        stores = [store, another()]

        def work(number: int) -> list[bool]:
            mine = stores[number % 2]
            assert isinstance(mine, Keeps)
            return [mine.put("seen", f"k{n}", b"%d" % number, 60.0, new=True) for n in range(20)]

        won = run_threads(declared.effort.threads, work)
        for n, column in enumerate(zip(*won, strict=True)):
            assert sum(column) == 1
            assert store.get("seen", f"k{n}") == b"%d" % column.index(True)


class KeepsExpirySuite:
    """Kept documents end when their time is over."""

    @pytest.mark.parametrize("ttl", [0.0, _SHORT])
    def test_a_document_ends(self, store: KeepingStore, declared: Declared, ttl: float) -> None:
        store.put("group", "g", b"one", ttl)
        store.put("group", "kept", b"two", None)
        _wait_for_end(store, declared, "g")
        assert store.get("group", "kept") == b"two"

    def test_an_expired_key_is_new_again(self, store: KeepingStore, declared: Declared) -> None:
        store.put("group", "g", b"one", _SHORT, new=True)
        _wait_for_end(store, declared, "g")
        assert store.put("group", "g", b"two", 3600.0, new=True)
        assert store.get("group", "g") == b"two"

    def test_putting_again_restarts_the_time(self, store: KeepingStore, declared: Declared) -> None:
        store.put("group", "g", b"one", _SHORT)
        store.put("group", "g", b"two", None)
        store.put("group", "control", b"x", _SHORT)
        _wait_for_end(store, declared, "control")
        assert store.get("group", "g") == b"two"

    def test_a_refused_put_changes_no_time(self, store: KeepingStore, declared: Declared) -> None:
        store.put("group", "g", b"one", None)
        assert not store.put("group", "g", b"two", _SHORT, new=True)
        store.put("group", "control", b"x", _SHORT)
        _wait_for_end(store, declared, "control")
        assert store.get("group", "g") == b"one"


class SwapsSuite:
    """Compare-and-swap loses no change."""

    def test_an_absent_document_has_no_version(self, store: SwappingStore) -> None:
        store.put("join", "other", b"x", None)
        assert store.fetch("join", "j") is None
        assert store.swap("join", "j", b"", None, None)
        assert (store.fetch("join", "j") or (None,))[0] == b""

    def test_a_swap_needs_the_version_that_stands(self, store: SwappingStore) -> None:
        assert store.swap("join", "j", b"one", None, None)
        assert not store.swap("join", "j", b"other", None, None)
        first = store.fetch("join", "j")
        assert first is not None
        assert first[0] == b"one"
        assert store.swap("join", "j", b"two", None, first[1])
        assert not store.swap("join", "j", b"three", None, first[1])
        assert store.get("join", "j") == b"two"

    def test_a_put_and_a_drop_end_a_version(self, store: SwappingStore) -> None:
        store.put("join", "j", b"one", None)
        seen = store.fetch("join", "j")
        assert seen is not None
        store.put("join", "j", b"two", None)
        assert not store.swap("join", "j", b"three", None, seen[1])
        seen = store.fetch("join", "j")
        assert seen is not None
        store.drop("join", "j")
        assert not store.swap("join", "j", b"three", None, seen[1])
        assert store.fetch("join", "j") is None
        assert store.swap("join", "j", b"four", None, None)

    def test_threads_lose_no_increment(self, store: SwappingStore, declared: Declared) -> None:
        effort = declared.effort
        run_threads(effort.threads, lambda _: increment(store, effort.writes))
        assert store.get("join", "count") == b"%d" % (effort.threads * effort.writes)


class SharedKeepsSuite:
    """Kept documents under several processes."""

    def test_processes_race_for_a_new_key(self, opener: Opener, declared: Declared) -> None:
        won = run_processes(opener, put_new, [(n,) for n in range(declared.effort.processes)])
        assert [sum(column) for column in zip(*won, strict=True)] == [1] * 20


class SharedSwapsSuite:
    """Compare-and-swap under several processes."""

    def test_processes_lose_no_increment(
        self, store: SwappingStore, opener: Opener, declared: Declared
    ) -> None:
        effort = declared.effort
        run_processes(opener, increment, [(effort.writes,)] * effort.processes)
        assert store.get("join", "count") == b"%d" % (effort.processes * effort.writes)


def put_new(store: Keeps, number: int) -> list[bool]:
    """Try to be the first to put each of twenty keys."""
    return [store.put("seen", f"k{n}", b"%d" % number, 60.0, new=True) for n in range(20)]


def increment(store: Swaps, count: int) -> None:
    """Add *count* to a counter by compare-and-swap."""
    for _ in range(count):
        swapped = False
        while not swapped:
            data, version = store.fetch("join", "count") or (b"0", None)
            swapped = store.swap("join", "count", b"%d" % (int(data) + 1), None, version)


def _wait_for_end(store: Keeps, declared: Declared, key: str) -> None:
    wait_until(
        lambda: store.get("group", key) is None, f"the end of {key}", limit=declared.effort.limit
    )
