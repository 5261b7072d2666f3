"""Waiting: subscribe, look, wait, and look again after every gap."""

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support.records import done, in_thread, make_records
from tests.support.stores import counted
from upshot import states
from upshot.core import Records
from upshot.errors import Damaged, ResultTimeout, Unavailable, Unsupported
from upshot.record import TaskRecord
from upshot.stores.contract import Envelope, Listener
from upshot.stores.memory import MemoryStore
from upshot.testing import wait_until


@pytest.fixture
def records() -> Iterator[Records]:
    made = make_records()
    yield made
    made.close()


def waiting_on(records: Records, *ids: str) -> Callable[[], bool]:
    return lambda: set(ids) <= set(records.inbox._waiters)


@pytest.mark.covers("POL-01", "GET-01")
def test_a_stored_result_returns_at_once(records: Records) -> None:
    records.save(done("a", 5))
    assert records.wait("a").result == 5


@pytest.mark.covers("POL-02", "ASY-03", "pain D1")
def test_a_result_stored_during_the_wait_wakes_the_waiter(records: Records) -> None:
    result = in_thread(lambda: records.wait("a", 30))
    wait_until(waiting_on(records, "a"), "the waiter")
    records.save(TaskRecord(id="a", state=states.STARTED))
    records.save(done("a", 6))
    found = result()
    assert isinstance(found, TaskRecord)
    assert found.result == 6
    wait_until(lambda: not records.inbox._waiters, "the waiter has left")


@pytest.mark.covers("pain D1")
def test_news_from_another_process_s_store_object_wakes_the_waiter() -> None:
    store = MemoryStore()
    reader, writer = make_records(store), make_records(store)
    result = in_thread(lambda: reader.wait("a", 30))
    wait_until(waiting_on(reader, "a"), "the waiter")
    writer.save(done("a", 7))
    found = result()
    assert isinstance(found, TaskRecord)
    assert found.result == 7
    reader.inbox.close()


@pytest.mark.covers("contract 12.3")
def test_every_waiter_of_an_id_is_woken(records: Records) -> None:
    results = [in_thread(lambda: records.wait("a", 30)) for _ in range(10)]
    wait_until(lambda: len(records.inbox._waiters.get("a", ())) == 10, "ten waiters")
    records.save(done("a", 8))
    assert [r().result for r in results] == [8] * 10  # type: ignore[attr-defined]


@pytest.mark.covers("CON-29", "POL-01", "contract 12.4")
def test_zero_is_one_look_and_no_more() -> None:
    store = MemoryStore()
    records = make_records(store)
    counts = counted(store)
    with pytest.raises(ResultTimeout):
        records.wait("a", 0)
    assert counts["load"] == 1


@pytest.mark.covers("TRB-02")
def test_a_timeout_says_what_is_known_of_the_task(records: Records) -> None:
    records.save(TaskRecord(id="a", state=states.STARTED))
    with pytest.raises(ResultTimeout, match="task a is not ready after 0 s, it is STARTED;"):
        records.wait("a", 0)
    with pytest.raises(ResultTimeout, match="no result of task b after 0 s, and no record of it"):
        records.wait("b", 0)
    records.save(TaskRecord(id="c", state=states.STARTED), ttl=0)
    with pytest.raises(ResultTimeout, match="no result of task c after 0 s: it has expired"):
        records.wait("c", 0)


@pytest.mark.covers("POL-01")
def test_a_timeout_is_the_built_in_one_too(records: Records) -> None:
    with pytest.raises(TimeoutError):
        records.wait("a", 0.05)


@pytest.mark.covers("ARS-04")
def test_on_interval_runs_on_every_pass_and_may_end_the_wait(records: Records) -> None:
    passes = 0

    def each() -> None:
        nonlocal passes
        passes += 1
        if passes == 3:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        records.wait("a", 30, interval=0.01, on_interval=each)
    assert not records.inbox._waiters


@pytest.mark.covers("ARS-15", "contract E3")
def test_unfinished_records_are_shown_to_on_update(records: Records) -> None:
    seen: list[object] = []
    result = in_thread(lambda: records.wait("a", 30, on_update=lambda r: seen.append(r.result)))
    wait_until(waiting_on(records, "a"), "the waiter")
    records.save(TaskRecord(id="a", state="PROGRESS", result=1))
    wait_until(lambda: seen == [1], "the progress")
    records.save(done("a", 2))
    result()
    assert seen == [1]


@pytest.mark.covers("contract M18", "pain F3")
def test_many_are_yielded_once_each_as_they_complete() -> None:
    store = MemoryStore()
    records = make_records(store)
    ids = [f"t{i}" for i in range(300)]
    for task_id in ids:
        records.save(done(task_id, task_id))
    counts = counted(store)
    assert [r.id for r in records.wait_many([*ids, *ids])] == ids
    assert counts["load"] == 1
    records.inbox.close()


def test_many_end_quietly_when_time_is_up(records: Records) -> None:
    records.save(done("a"))
    assert [r.id for r in records.wait_many(["a", "b"], 0.05)] == ["a"]


def test_an_unreadable_record_ends_the_wait_for_it() -> None:
    store = MemoryStore()
    records = make_records(store)
    store.save(Envelope(id="a", document=b"\xff\xff", order=1))
    with pytest.raises(Damaged):
        records.wait("a", 30)


@pytest.mark.parametrize("error", [Unsupported("no push here"), Unavailable("down")])
def test_without_a_listener_the_store_is_polled(error: Exception) -> None:
    store = MemoryStore()

    def listen() -> Listener:
        raise error

    store.listen = listen  # type: ignore[method-assign, assignment]
    reader, writer = make_records(store), make_records(store)
    result = in_thread(lambda: reader.wait("a", 30, interval=0.02))
    wait_until(waiting_on(reader, "a"), "the waiter")
    writer.save(done("a", 9))
    found = result()
    assert isinstance(found, TaskRecord)
    assert found.result == 9
    reader.inbox.close()


def test_closing_ends_the_listener_thread(records: Records) -> None:
    with pytest.raises(ResultTimeout):
        records.wait("a", 0.01)
    wait_until(
        lambda: any(t.name == "upshot-listener" for t in threading.enumerate()), "a listener"
    )
    own = records.inbox._thread
    assert own is not None
    records.inbox.close()
    assert not own._thread.is_alive()
    records.inbox.close()
