"""Waits at the edges: odd times, abandoned ones, closed stores, forks, and forgetting meanwhile."""

import math
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping

import pytest

from tests.support.records import done, in_thread, make_records
from tests.support.stores import counted
from upshot.core import Records
from upshot.errors import Damaged, ResultTimeout, StoreClosed
from upshot.stores.contract import Envelope
from upshot.stores.memory import MemoryStore
from upshot.testing import wait_until


@pytest.fixture
def records() -> Iterator[Records]:
    made = make_records()
    yield made
    made.close()


class Hooked(str):
    """An id that calls `hook` whenever a dictionary or a set asks for its hash."""

    __slots__ = ("hook",)
    hook: Callable[[], object]

    def __hash__(self) -> int:
        self.hook()
        return str.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)


def hooked(text: str, hook: Callable[[], object]) -> Hooked:
    made = Hooked(text)
    made.hook = hook
    return made


def listeners() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "upshot-listener"]


def test_a_timeout_that_is_no_number_is_refused(records: Records) -> None:
    with pytest.raises(ValueError, match="nan"):
        records.wait("a", math.nan)


@pytest.mark.parametrize("interval", [0, -1, math.nan])
def test_a_wait_never_looks_without_a_pause(interval: float) -> None:
    store = MemoryStore()
    calls = counted(store)
    records = make_records(store)
    with pytest.raises(ResultTimeout):
        records.wait("a", 0.1, interval=interval, on_interval=lambda: None)
    assert calls["load"] <= 0.1 / 0.002 + 3
    records.close()


def test_an_abandoned_wait_may_end_while_its_thread_begins_another(records: Records) -> None:
    records.save(done("ended"))
    abandoned = records.wait_many(["ended", "never"])
    next(abandoned)

    def collect() -> None:
        if records.inbox._lock.locked():
            abandoned.close()

    new = hooked("new", collect)

    def wait() -> None:
        with pytest.raises(ResultTimeout):
            records.wait(new, 0)

    assert in_thread(wait)() is None
    wait_until(lambda: not records.inbox._waiters, "the waiter has left")


def test_waiting_on_a_closed_store_fails_and_leaves_no_listener(records: Records) -> None:
    before = set(listeners())
    with pytest.raises(ResultTimeout):
        records.wait("a", 0)
    records.close()
    with pytest.raises(StoreClosed, match="closed"):
        records.wait("a")
    wait_until(lambda: before.issuperset(listeners()), "the listener has ended")


def test_a_closed_store_is_not_tried_again_for_ever() -> None:
    records = make_records(result_backend_always_retry=True)
    records.close()
    assert isinstance(in_thread(lambda: records.load("a"))(), StoreClosed)


def test_a_wait_that_goes_on_when_the_store_is_closed_ends(records: Records) -> None:
    waited = in_thread(lambda: records.wait("a"))
    wait_until(lambda: "a" in records.inbox._waiters, "the waiter")
    records.close()
    assert isinstance(waited(), StoreClosed)


@pytest.mark.parametrize("call", ["load", "wait"])
def test_a_child_does_not_inherit_a_lock_that_another_thread_holds(
    records: Records, call: str
) -> None:
    records.save(done("ended"))
    inside, go_on = threading.Event(), threading.Event()

    def stop() -> None:
        lock = records.inbox._lock if call == "wait" else records._cache._lock
        if lock.locked():
            inside.set()
            go_on.wait(30)

    task_id = hooked("a", stop)
    waiter = in_thread(
        (lambda: records.wait(task_id, 0)) if call == "wait" else (lambda: records.load(task_id))
    )
    assert inside.wait(30)
    pid = os.fork()
    if pid == 0:
        child = threading.Thread(target=_use, args=(records,), daemon=True)
        child.start()
        child.join(20)
        os._exit(1 if child.is_alive() else 0)
    go_on.set()
    waiter()
    assert os.waitpid(pid, 0)[1] == 0


def _use(records: Records) -> None:
    records.save(done("of the child", 1))
    records.wait("of the child", 5)
    records.forget(["of the child"])


def test_a_record_forgotten_while_it_is_read_does_not_stay_in_the_cache() -> None:
    class Slow(MemoryStore):
        after_load: Callable[[], object] | None = None

        def load(self, ids: Collection[str]) -> Mapping[str, Envelope | Damaged]:
            found = super().load(ids)
            if (hook := self.after_load) is not None:
                self.after_load = None
                hook()
            return found

    store = Slow()
    records = make_records(store=store)
    records.save(done("a", 1))
    store.after_load = lambda: records.forget(["a"])
    assert records.load("a").result == 1
    assert not records.load("a").ready
    records.close()
