"""Saving and loading records above a store: states, absence, owners, what cannot be stored."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.records import Clock, make_records
from tests.support.stores import counted
from upshot import states
from upshot.codec import Codec
from upshot.core import Records
from upshot.errors import (
    Damaged,
    EncodeError,
    ResultNotSerializable,
    TaskLost,
    TooLarge,
    UpshotError,
)
from upshot.owner import current
from upshot.record import Owner, Ref, Success, TaskRecord
from upshot.settings import Settings
from upshot.stores.contract import Envelope, Filter, Saved
from upshot.stores.memory import MemoryStore


def ended_process() -> Owner:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return replace(current(), pid=child.pid)


@pytest.mark.covers("STO-01", "META-01", "pain D9")
def test_one_read_returns_all_that_one_write_stored() -> None:
    records = make_records()
    done = datetime(2026, 5, 6, tzinfo=UTC)
    record = TaskRecord(
        id="a",
        state=states.SUCCESS,
        result={"rows": [1, None]},
        children=(Ref("kid"),),
        attempt=2,
        created=done - timedelta(seconds=9),
        started=done - timedelta(seconds=3),
        done=done,
        name="m.task",
        worker="w@h",
        labels={"tenant": "blue"},
    )
    assert records.save(record).saved.accepted
    assert records.load("a", cache=False) == record


def test_none_is_a_value() -> None:
    records = make_records()
    records.save(TaskRecord(id="a", state=states.SUCCESS, result=None))
    assert records.load("a").outcome == Success(None)


@pytest.mark.covers("pain D8", "contract W3")
def test_a_refused_write_tells_what_stands() -> None:
    records = make_records()
    records.save(TaskRecord(id="a", state=states.SUCCESS, result=1))
    written = records.save(TaskRecord(id="a", state=states.FAILURE, result=ValueError("late")))
    assert not written.saved.accepted
    assert written.saved.order == states.order(states.SUCCESS)
    assert records.load("a", cache=False).result == 1


@pytest.mark.covers("pain D7")
def test_unknown_pending_and_expired_are_told_apart_when_submissions_are_recorded() -> None:
    now = Clock()
    store = MemoryStore(now=now)
    records = make_records(store, upshot_tombstone_ttl=100)
    records.submit([TaskRecord(id="a"), TaskRecord(id="b")], ttl=10)
    assert records.load("a").state == states.PENDING
    assert records.load("never").state == states.UNKNOWN
    now.now += timedelta(seconds=11)
    assert records.load("a").state == states.EXPIRED
    now.now += timedelta(seconds=100)
    assert records.load("a").state == states.UNKNOWN


@pytest.mark.covers("STA-01")
def test_without_recording_every_absent_task_is_pending() -> None:
    store = MemoryStore()
    records = make_records(store, upshot_record_submissions=False)
    counts = counted(store)
    records.submit([TaskRecord(id="a")])
    assert records.load("a") == TaskRecord(id="a", state=states.PENDING)
    assert counts == {"load": 1}


@pytest.mark.covers("pain F6")
def test_a_thousand_submissions_are_one_trip() -> None:
    store = MemoryStore()
    counts = counted(store)
    make_records(store).submit([TaskRecord(id=str(i)) for i in range(1000)])
    assert counts == {"save_many": 1}


def test_an_unfinished_task_whose_owner_is_gone_reads_as_lost() -> None:
    records = make_records()
    gone = ended_process()
    records.submit([TaskRecord(id="mine", owner=current()), TaskRecord(id="gone", owner=gone)])
    assert records.load("mine").state == states.PENDING
    lost = records.load("gone")
    assert lost.state == states.LOST
    assert isinstance(lost.result, TaskLost)
    assert records.wait("gone", timeout=0).state == states.LOST


def test_a_finished_task_outlives_its_owner() -> None:
    records = make_records()
    gone = ended_process()
    records.save(TaskRecord(id="a", state=states.SUCCESS, result=1, owner=gone))
    assert records.load("a").state == states.SUCCESS


@pytest.mark.covers("SER-10", "pain X2")
def test_a_result_that_cannot_be_encoded_becomes_a_failure_that_names_the_place() -> None:
    records = make_records()
    written = records.save(TaskRecord(id="a", state=states.SUCCESS, result={"rows": [1, object()]}))
    assert written.saved.accepted
    assert written.record.state == states.FAILURE
    stored = records.load("a")
    assert stored.state == states.FAILURE
    assert isinstance(stored.result, ResultNotSerializable)
    assert "result['rows'][1]" in str(stored.result)


def test_progress_that_cannot_be_encoded_is_the_caller_s_error() -> None:
    records = make_records()
    with pytest.raises(EncodeError):
        records.save(TaskRecord(id="a", state="PROGRESS", result=object()))
    assert records.load("a").state == states.UNKNOWN


@pytest.mark.covers("pain S15")
def test_a_result_above_the_store_s_limit_becomes_a_failure() -> None:
    store = MemoryStore()
    save = store.save

    def limited(envelope: Envelope) -> Saved:
        if len(envelope.document) > 1000:
            raise TooLarge("1000 bytes at most")
        return save(envelope)

    store.save = limited  # type: ignore[method-assign]
    records = make_records(store)
    records.save(TaskRecord(id="a", state=states.SUCCESS, result="x" * 2000))
    assert isinstance(records.load("a").result, ResultNotSerializable)


@pytest.mark.covers("contract 12.1")
def test_a_damaged_record_harms_only_itself() -> None:
    store = MemoryStore()
    records = make_records(store)
    records.save(TaskRecord(id="good", state=states.SUCCESS, result=1))
    store.save(Envelope(id="bad", document=b"\x00garbage", order=1))
    found = records.load_many(["good", "bad"])
    assert isinstance(found["good"], TaskRecord)
    assert isinstance(found["bad"], UpshotError)
    with pytest.raises(Damaged):
        records.load("bad")
    assert records.save(TaskRecord(id="bad", state=states.SUCCESS, result=2)).saved.accepted
    assert records.load("bad").result == 2


@pytest.mark.parametrize("bad", ["", "x" * 156, "a\nb", "a\x00"])
def test_bad_ids_are_refused_before_anything_is_written(bad: str) -> None:
    store = MemoryStore()
    counts = counted(store)
    records = make_records(store)
    for call in (
        records.load,
        lambda i: records.save(TaskRecord(id=i)),
        lambda i: records.forget([i]),
    ):
        with pytest.raises(ValueError, match="a task id"):
            call(bad)
    assert not counts


@pytest.mark.covers("ARS-11", "CCH-03", "CON-39")
def test_forget_removes_every_trace_and_may_be_repeated() -> None:
    records = make_records()
    records.submit([TaskRecord(id="a")])
    records.save(TaskRecord(id="a", state=states.SUCCESS, result=1))
    records.load("a")
    for _ in range(2):
        records.forget(["a", "never"])
        assert records.load("a").state == states.UNKNOWN


@pytest.mark.covers("EXP-01", "CFG-07")
def test_records_expire_as_configured_or_as_the_call_says() -> None:
    now = Clock()
    records = make_records(MemoryStore(now=now), result_expires=60)
    for task_id, ttl in (("short", 5.0), ("ever", None)):
        records.save(TaskRecord(id=task_id, state=states.SUCCESS), ttl=ttl)
    records.save(TaskRecord(id="default", state=states.SUCCESS))
    now.now += timedelta(seconds=30)
    kept = {i for i in ("short", "ever", "default") if records.load(i, cache=False).ready}
    assert kept == {"ever", "default"}
    now.now += timedelta(seconds=31)
    kept = {i for i in ("short", "ever", "default") if records.load(i, cache=False).ready}
    assert kept == {"ever"}


@pytest.mark.covers("EXP-02", "CON-19")
def test_purge_deletes_what_has_expired_and_may_run_twice() -> None:
    now = Clock()
    store = MemoryStore(now=now)
    conf = Settings.from_mapping({"upshot_tombstone_ttl": 0})
    records = Records(store, Codec.from_settings(conf), conf, clock=now)
    records.submit([TaskRecord(id=str(i)) for i in range(2500)], ttl=10)
    records.save(TaskRecord(id="kept", state=states.SUCCESS), ttl=None)
    now.now += timedelta(seconds=11)
    assert records.purge() == 2500
    assert records.purge() == 0
    assert records.load("kept").ready


@pytest.mark.covers("EXP-02", "pain O2")
def test_writing_deletes_what_has_expired_without_a_scheduler() -> None:
    clock = Clock()
    store = MemoryStore(now=clock)
    swept: list[int] = []
    purge = store.purge

    def counting(now: datetime, limit: int) -> int:
        swept.append(purge(now, limit))
        return swept[-1]

    store.purge = counting  # type: ignore[method-assign]
    conf = Settings.from_mapping({"upshot_tombstone_ttl": 0})
    records = Records(store, Codec.from_settings(conf), conf, clock=clock)
    records.submit([TaskRecord(id=f"old{i}") for i in range(2000)], ttl=10)
    clock.now += timedelta(seconds=11)
    for i in range(500):
        records.save(TaskRecord(id=f"new{i}", state=states.SUCCESS))
    assert len(swept) == 3
    assert records.purge() == 0


def test_query_finds_by_state_name_and_time() -> None:
    records = make_records()
    for i in range(30):
        state = states.SUCCESS if i % 3 else states.FAILURE
        result = i if i % 3 else ValueError(i)
        records.save(TaskRecord(id=f"t{i}", state=state, result=result, name=f"n{i % 2}"))
    seen: list[str] = []
    cursor = None
    while True:
        wanted = Filter(states=frozenset({states.FAILURE}), name="n1")
        page = records.query(wanted, cursor, limit=2, values=False)
        seen += [item.id for item in page.items if isinstance(item, TaskRecord)]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == ["t15", "t21", "t27", "t3", "t9"]


@pytest.mark.covers("RST-04", "KV-02")
def test_groups_are_kept_restored_and_dropped() -> None:
    records = make_records()
    ref = Ref("g", Ref("p"), (Ref("a"), Ref("h", None, (Ref("b"), Ref("c", Ref("b"))))))
    records.put_group(ref)
    assert records.get_group("g") == ref
    records.put_group(Ref("empty", None, ()))
    assert records.get_group("empty") == Ref("empty", None, ())
    records.drop_group("g")
    records.drop_group("g")
    assert records.get_group("g") is None
