"""Threads, processes and forks over one file."""

import os
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.scale import SCALE
from tests.stores.sqlite.helpers import filled, open_files, sql
from upshot import states
from upshot.stores.contract import Store
from upshot.stores.sqlite import SqliteStore
from upshot.stores.sqlite.connections import MOST
from upshot.testing.envelopes import found, make_envelope
from upshot.testing.processes import ForkedChild, run_processes
from upshot.testing.waiting import run_threads, wait_until

pytestmark = pytest.mark.store("sqlite")


def _write(store: Store, number: int, count: int) -> int:
    accepted = 0
    for n in range(count):
        accepted += store.save(make_envelope("same", "FAILURE", n, result=number)).accepted
        assert store.save(make_envelope(f"{number}-{n}", "STARTED")).accepted
        assert store.save(make_envelope(f"{number}-{n}", result=n)).accepted
        assert not store.save(make_envelope(f"{number}-{n}", "RETRY", 3)).accepted
    return accepted


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain S6")
def test_processes_write_the_same_and_different_ids(path: Path) -> None:
    writers, writes = SCALE.writers, SCALE.writes
    opener = partial(SqliteStore, path, timeout=60.0)
    accepted = run_processes(opener, _write, [(n, writes) for n in range(writers)])
    store = opener()
    same = found(store.load(["same"]), "same")
    assert same.order == states.order("FAILURE", writes - 1)
    assert sum(accepted) >= 1
    assert sql(path, "SELECT count(*), count(DISTINCT id) FROM upshot_records") == [
        (writers * writes + 1,) * 2
    ]
    assert sql(path, "SELECT DISTINCT state FROM upshot_records WHERE id <> 'same'") == [
        ("SUCCESS",)
    ]
    store.close()


@pytest.mark.usefixtures("scale")
def test_of_equal_final_writes_exactly_one_is_accepted(path: Path) -> None:
    opener = partial(SqliteStore, path, timeout=60.0)
    answers = run_processes(opener, _finish, [(n,) for n in range(SCALE.writers)])
    winners = Counter(name for names in answers for name in names)
    assert winners == Counter(f"id-{n}" for n in range(50))


def _finish(store: Store, number: int) -> list[str]:
    sent = [make_envelope(f"id-{n}", result=number) for n in range(50)]
    return [envelope.id for envelope in sent if store.save(envelope).accepted]


@pytest.mark.covers("pain D6")
def test_short_lived_threads_leave_no_connections(
    store: SqliteStore, path: Path, scale: Callable[[int, int, int], int]
) -> None:
    def work(start: int, place: int) -> bool:
        number = start + place
        saved = store.save(make_envelope(f"id-{number % 100}", "STARTED", number))
        return bool(store.load([f"id-{number % 100}"])) and saved.order >= 0

    for start in range(0, scale(1000, 10_000, 50_000), 50):
        assert all(run_threads(50, partial(work, start)))
        # Each connection has the file and its log open; the index of the log is shared.
        assert open_files(path) <= 2 * MOST + 1
    store.close()
    assert open_files(path) == 0


def test_more_threads_than_connections_wait_for_each_other(store: SqliteStore) -> None:
    filled(store)
    connections = store._connections
    go = threading.Event()

    def work(number: int) -> bool:
        if number:
            return connections.read(lambda _: go.wait(20))
        waiting = 3 * MOST
        wait_until(lambda: connections._waiting == waiting, "threads without a connection")
        go.set()
        return True

    assert all(run_threads(4 * MOST + 1, work))


@pytest.mark.covers("pain O4")
def test_a_child_goes_on_when_its_parent_has_left(path: Path) -> None:
    # Connections open across the fork would leave the child writing into a deleted log.
    store = SqliteStore(path)
    filled(store)
    go, went = os.pipe()
    ready, told = os.pipe()

    def child() -> None:
        store.load(["id-0"])
        os.write(told, b"x")
        os.read(go, 1)
        for n in range(20):
            assert store.save(make_envelope(f"child-{n}")).accepted

    forked = ForkedChild(child)
    os.read(ready, 1)
    store.close()
    with_other = run_processes(partial(SqliteStore, path), _read_all, [()])
    assert with_other == [3]
    os.write(went, b"x")
    forked.wait()
    again = SqliteStore(path)
    assert len(again.load([f"child-{n}" for n in range(20)])) == 20
    again.close()
    for descriptor in (go, went, ready, told):
        os.close(descriptor)


def _read_all(store: SqliteStore) -> int:
    return len(store.scan(None, 100).items)


def test_forking_beside_busy_threads(store: SqliteStore) -> None:
    filled(store)
    over = threading.Event()

    def write(number: int) -> int:
        n = 0
        while not over.is_set():
            n += 1
            assert store.save(make_envelope(f"busy-{number}", "STARTED", n)).accepted
        return n

    def fork() -> int:
        try:
            for n in range(10):
                ForkedChild(partial(_child, store, n)).wait()
        finally:
            over.set()
        return 10

    assert min(run_threads(4, lambda n: write(n) if n else fork())) > 0
    assert len(store.load([f"child-{n}" for n in range(10)])) == 10


def _child(store: SqliteStore, number: int) -> None:
    assert store.save(make_envelope(f"child-{number}")).accepted
    assert len(store.load(["id-0", "id-1", "id-2", f"child-{number}"])) == 4
