"""A forked child goes on with a copy."""

import threading
from functools import partial

import pytest

from upshot.stores import forks
from upshot.stores.memory import MemoryStore, from_url
from upshot.testing.envelopes import make_envelope
from upshot.testing.processes import ForkedChild
from upshot.testing.waiting import run_threads

pytestmark = pytest.mark.store("memory")


@pytest.mark.covers("pain O4")
def test_a_child_has_a_copy_of_its_own() -> None:
    store = from_url("memory://forked", {})
    store.save(make_envelope("before"))

    def child() -> None:
        store.save(make_envelope("child"))
        names = ["before", "child"]
        assert set(from_url("memory://forked", {}).load(names)) == set(names)

    ForkedChild(child).wait()
    assert set(store.load(["before", "child"])) == {"before"}


def test_a_child_never_finds_a_lock_held_or_a_change_half_done() -> None:
    store = MemoryStore()
    over = threading.Event()

    def write(number: int) -> None:
        n = 0
        while not over.is_set():
            n += 1
            store.save(make_envelope(f"id-{number}", "STARTED", n))
            store.delete([f"id-{number}"])

    def fork() -> None:
        try:
            for n in range(20):
                ForkedChild(partial(_use, store, n)).wait(20)
        finally:
            over.set()

    run_threads(3, lambda n: write(n) if n else fork())


def _use(store: MemoryStore, number: int) -> None:
    assert store.save(make_envelope(f"child-{number}")).accepted
    assert f"child-{number}" in {getattr(item, "id", "") for item in store.scan(None, 100).items}


def test_nobody_listens_in_the_child() -> None:
    store = MemoryStore()
    listener = store.listen()
    listener.want(["id"], [])
    assert len(listener.next(1)) == 2

    def child() -> None:
        store.save(make_envelope("id"))
        assert listener.next(0) == []
        fresh = store.listen()
        fresh.want(["id"], [])
        store.save(make_envelope("id", "SUCCESS"))
        store.save(make_envelope("other"))
        assert len(fresh.next(5)) == 2

    ForkedChild(child).wait()
    store.save(make_envelope("id"))
    assert len(listener.next(5)) == 1


def test_two_threads_that_fork_at_once_do_not_block_each_other() -> None:
    stores = [MemoryStore() for _ in range(5)]

    def fork(number: int) -> None:
        for n in range(10):
            ForkedChild(partial(_use, stores[number], n)).wait(20)

    run_threads(2, fork)


def test_a_store_that_is_gone_is_not_told_of_forks() -> None:
    store = MemoryStore()
    store.save(make_envelope("id"))
    space = store._data
    assert space in forks._WATCH._living
    count = len(forks._WATCH._living)
    del store, space
    assert len(forks._WATCH._living) == count - 1
