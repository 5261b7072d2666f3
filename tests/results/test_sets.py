"""Handles of many results."""

import pickle
import threading
from pathlib import Path

import pytest

from tests.support.stores import counted
from upshot.backend import Backend
from upshot.errors import ResultTimeout, WouldBlock
from upshot.record import Failure, Success
from upshot.results import (
    AsyncResult,
    EagerResult,
    GroupResult,
    ResultSet,
    connect,
    inside_task,
)
from upshot.stores.memory import MemoryStore


def handles(backend: Backend, count: int) -> list[AsyncResult[int]]:
    return [AsyncResult(f"t{i}", backend) for i in range(count)]


@pytest.mark.covers("RST-02", "RST-03", "RST-05", "NJ-01", "pain F3")
def test_a_hundred_values_come_in_order_in_one_read(backend: Backend, store: MemoryStore) -> None:
    for i in reversed(range(100)):
        backend.mark_as_done(f"t{i}", i)
    counts = counted(store)
    assert ResultSet(handles(backend, 100)).get(timeout=10) == list(range(100))
    assert counts["load"] == 1


@pytest.mark.covers("RST-01", "pain F3")
def test_questions_to_a_set_are_one_read_each(backend: Backend, store: MemoryStore) -> None:
    members = ResultSet(handles(backend, 50))
    for i in range(49):
        backend.mark_as_done(f"t{i}", i)
    counts = counted(store)
    assert not members.ready()
    assert members.completed_count() == 49
    assert not members.successful()
    assert counts["load"] == 3
    backend.mark_as_failure("t49", ValueError())
    assert members.ready()
    assert members.failed()
    assert not members.waiting()


@pytest.mark.covers("RST-02", "EXA-05")
def test_errors_are_raised_or_stand_among_the_values(backend: Backend) -> None:
    backend.mark_as_done("t0", 0)
    backend.mark_as_failure("t1", KeyError("k"))
    with pytest.raises(KeyError):
        ResultSet(handles(backend, 2)).get()
    values = ResultSet(handles(backend, 2)).get(timeout=10, propagate=False)
    assert values[0] == 0
    assert isinstance(values[1], KeyError)


@pytest.mark.covers("RST-02")
def test_an_error_does_not_wait_for_the_others(backend: Backend) -> None:
    backend.mark_as_failure("t1", KeyError("k"))
    with pytest.raises(KeyError):
        ResultSet(handles(backend, 2)).get(timeout=30)


@pytest.mark.covers("RST-06")
def test_join_has_one_time_limit_for_all(backend: Backend) -> None:
    backend.mark_as_done("t0", 0)
    assert ResultSet(handles(backend, 1)).join(timeout=5) == [0]
    with pytest.raises(ResultTimeout):
        ResultSet(handles(backend, 2)).join(timeout=0.05)


def test_a_timeout_names_how_many_and_one_of_them(backend: Backend) -> None:
    backend.mark_as_done("t0", 0)
    with pytest.raises(ResultTimeout, match="2 of 3 results are not ready after 0 s, such as t1"):
        ResultSet(handles(backend, 3)).get(timeout=0)


def test_equal_handles_all_learn_of_the_record(backend: Backend, store: MemoryStore) -> None:
    backend.mark_as_done("t0", 5)
    twins = handles(backend, 1) + handles(backend, 1)
    assert ResultSet(twins).get() == [5, 5]
    counts = counted(store)
    assert [twin.result for twin in twins] == [5, 5]
    assert not counts["load"]


@pytest.mark.covers("pain C12")
def test_outcomes_come_as_they_complete_and_errors_are_outcomes(backend: Backend) -> None:
    backend.mark_as_failure("t1", KeyError("k"), traceback="lines")
    writer = threading.Timer(0.05, lambda: backend.mark_as_done("t0", 0))
    writer.start()
    seen = list(ResultSet(handles(backend, 2)).iterate(timeout=30))
    writer.join()
    assert [task_id for task_id, _ in seen] == ["t1", "t0"]
    assert seen[1][1] == Success(0)
    assert isinstance(seen[0][1], Failure)
    assert seen[0][1].traceback == "lines"


@pytest.mark.covers("EXA-04", "RST-04")
def test_a_group_is_saved_and_restored_by_id(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/r.db") as backend:
        result1, result2, result3 = handles(backend, 3)
        for i in range(3):
            backend.mark_as_done(f"t{i}", i)
        group = ResultSet([result1, result2, result3])
        assert group.ready()
        assert group.get() == group.join() == [0, 1, 2]
        GroupResult(id="group-id", results=[result1, result2]).save()
        restored = GroupResult.restore("group-id", backend)
        assert restored == GroupResult("group-id", [result1, result2])
        assert restored is not None
        assert restored.get() == [0, 1]
        assert GroupResult.restore("unknown", backend) is None
        restored.delete()
        assert GroupResult.restore("group-id", backend) is None


@pytest.mark.covers("pain C11", "contract R8")
def test_nested_groups_keep_their_shape(backend: Backend) -> None:
    for i in range(4):
        backend.mark_as_done(f"t{i}", i)
    a, b, c, d = handles(backend, 4)
    outer = GroupResult("outer", [a, GroupResult("inner", [b, c]), d])
    assert outer.get() == [0, [1, 2], 3]
    outer.save()
    restored = GroupResult.restore("outer", backend)
    assert restored is not None
    assert restored.get() == [0, [1, 2], 3]
    assert restored.as_tuple() == outer.as_tuple()
    GroupResult("empty", [], backend=backend).save()
    empty = GroupResult.restore("empty", backend)
    assert empty is not None
    assert empty.get() == []


def test_forgetting_a_group_forgets_members_and_list(backend: Backend) -> None:
    backend.mark_as_done("t0", 0)
    group = GroupResult("g", handles(backend, 1)).save()
    group.forget()
    group.forget()
    assert backend.records.load("t0").state == "UNKNOWN"
    assert GroupResult.restore("g", backend) is None


@pytest.mark.covers("ARS-06")
def test_a_task_may_not_wait_for_a_set(backend: Backend) -> None:
    backend.mark_as_done("t0", 0)
    token = inside_task.set(True)
    try:
        assert ResultSet(handles(backend, 1)).get() == [0]
        with pytest.raises(WouldBlock, match="2 results"):
            ResultSet(handles(backend, 2)).get(timeout=5)
    finally:
        inside_task.reset(token)


def test_sets_grow_and_shrink(backend: Backend) -> None:
    a, b, c = handles(backend, 3)
    members = ResultSet([a])
    members.add(a)
    members.update([b, c, b])
    members.discard(a)
    members.discard(a)
    assert list(members) == [b, c]
    assert (members[0], len(members)) == (b, 2)
    members.clear()
    assert members.get() == []


def test_groups_pickle(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/r.db") as backend:
        backend.mark_as_done("t0", 0)
        copy = pickle.loads(pickle.dumps(GroupResult("g", handles(backend, 1))))
        assert copy.get() == [0]
        assert copy == GroupResult("g", handles(backend, 1))
        assert len({copy, GroupResult("g", handles(backend, 1))}) == 1
        copy.results[0].backend.close()


@pytest.mark.covers("EAG-01", "CFG-17a")
def test_eager_results_need_no_store() -> None:
    good: EagerResult[int] = EagerResult("e1", 5)
    bad: EagerResult[int] = EagerResult("e2", ValueError("v"), "FAILURE", traceback="lines")
    assert good.ready()
    assert good.get() == 5
    assert (bad.state, bad.traceback, bad.failed()) == ("FAILURE", "lines", True)
    with pytest.raises(ValueError, match="v"):
        bad.get()
    assert isinstance(bad.get(propagate=False), ValueError)
    good.forget()
    assert good.get() == 5
    assert GroupResult("g", [good, good]).get() == [5, 5]
    assert [outcome for _, outcome in ResultSet([good]).iterate()] == [Success(5)]
    assert pickle.loads(pickle.dumps(good)).get() == 5
