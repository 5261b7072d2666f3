"""`Remembers`: an expired id is told from one that never was, while its tombstone stands."""

from typing import Final, Protocol

from upshot.stores.contract import Remembers, Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import HOSTILE_IDS, make_envelope
from upshot.testing.waiting import wait_until

_SHORT: Final = 0.2


class RememberingStore(Store, Remembers, Protocol):
    """What these tests are handed."""


class RemembersSuite:
    """Tombstones come with a record, outlive it, and go with it when it is deleted."""

    def test_only_expired_ids_are_reported(
        self, store: RememberingStore, declared: Declared
    ) -> None:
        store.save(make_envelope("gone", ttl=_SHORT, tombstone=3600.0))
        store.save(make_envelope("forgettable", ttl=_SHORT, tombstone=0.0))
        store.save(make_envelope("alive", ttl=3600.0, tombstone=3600.0))
        store.save(make_envelope("kept", ttl=None, tombstone=3600.0))
        names = ["gone", "forgettable", "alive", "kept", "never there"]
        _wait_for_end(store, declared, "gone", "forgettable")
        assert store.expired(names) == {"gone"}
        assert store.expired(["gone", "gone"]) == {"gone"}
        assert store.expired([]) == frozenset()

    def test_a_living_record_is_not_expired(self, store: RememberingStore) -> None:
        store.save(make_envelope("id", "PENDING", ttl=3600.0, tombstone=3600.0))
        assert store.expired(["id"]) == frozenset()

    def test_a_tombstone_ends(self, store: RememberingStore, declared: Declared) -> None:
        store.save(make_envelope("id", ttl=0.1, tombstone=_SHORT))
        _wait_for_end(store, declared, "id")
        wait_until(
            lambda: not store.expired(["id"]),
            "the end of the tombstone",
            limit=declared.effort.limit,
        )

    def test_deleting_removes_the_tombstone(
        self, store: RememberingStore, declared: Declared
    ) -> None:
        store.save(make_envelope("early", ttl=3600.0, tombstone=3600.0))
        store.delete(["early"])
        assert store.expired(["early"]) == frozenset()
        store.save(make_envelope("late", ttl=_SHORT, tombstone=3600.0))
        _wait_for_end(store, declared, "late")
        assert store.expired(["late"]) == {"late"}
        store.delete(["late"])
        assert store.expired(["late"]) == frozenset()

    def test_a_new_record_takes_the_place_of_a_tombstone(
        self, store: RememberingStore, declared: Declared
    ) -> None:
        store.save(make_envelope("id", "SUCCESS", ttl=_SHORT, tombstone=3600.0))
        _wait_for_end(store, declared, "id")
        assert store.save(make_envelope("id", "PENDING", tombstone=3600.0)).accepted
        assert store.expired(["id"]) == frozenset()
        assert set(store.load(["id"])) == {"id"}

    def test_each_accepted_write_sets_the_tombstone_anew(
        self, store: RememberingStore, declared: Declared
    ) -> None:
        store.save(make_envelope("id", "PENDING", ttl=3600.0, tombstone=0.0))
        assert store.save(make_envelope("id", "SUCCESS", ttl=_SHORT, tombstone=3600.0)).accepted
        _wait_for_end(store, declared, "id")
        assert store.expired(["id"]) == {"id"}

    def test_every_store_object_remembers(
        self, store: RememberingStore, another: Opener, declared: Declared
    ) -> None:
        other = another()
        assert isinstance(other, Remembers)
        store.save(make_envelope("id", ttl=_SHORT, tombstone=3600.0))
        _wait_for_end(store, declared, "id")
        assert other.expired(["id"]) == {"id"}

    def test_hostile_ids_are_remembered(self, store: RememberingStore, declared: Declared) -> None:
        odd, even = HOSTILE_IDS[1::2], HOSTILE_IDS[::2]
        for name in odd:
            store.save(make_envelope(name, ttl=_SHORT, tombstone=3600.0))
        _wait_for_end(store, declared, *odd)
        assert store.expired(HOSTILE_IDS) == set(odd)
        assert store.expired(even) == frozenset()

    def test_thousands_of_ids_in_one_call(
        self, store: RememberingStore, declared: Declared
    ) -> None:
        store.save(make_envelope("gone", ttl=_SHORT, tombstone=3600.0))
        _wait_for_end(store, declared, "gone")
        names = [f"id-{n}" for n in range(declared.effort.ids)]
        assert store.expired([*names, "gone"]) == {"gone"}


def _wait_for_end(store: Store, declared: Declared, *names: str) -> None:
    wait_until(lambda: not store.load(names), "their end", limit=declared.effort.limit)
