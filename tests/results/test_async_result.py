"""The handle of one task."""

import pickle
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.stores import counted
from upshot import states
from upshot.backend import Backend
from upshot.errors import (
    NoResult,
    ResultTimeout,
    TaskRevoked,
    Unsupported,
    WouldBlock,
)
from upshot.record import TaskRecord
from upshot.results import AsyncResult, allow_join_result, connect, inside_task
from upshot.stores.memory import MemoryStore


@pytest.mark.covers("ARS-01", "ARS-08", "ARS-09", "ARC-01", "ARC-06")
def test_a_value_is_read_by_id_alone(backend: Backend) -> None:
    backend.mark_as_done("a", {"x": [1, 2]})
    result: AsyncResult[object] = AsyncResult("a", backend)
    assert result.get() == {"x": [1, 2]}
    assert (result.state, result.status, result.info) == ("SUCCESS", "SUCCESS", {"x": [1, 2]})
    assert (result.ready(), result.successful(), result.failed()) == (True, True, False)
    assert result.traceback is None


@pytest.mark.covers("ARS-02", "ARS-03", "STA-04", "ARC-07")
def test_an_error_is_raised_or_returned(backend: Backend) -> None:
    backend.mark_as_failure("a", KeyError("k", 1), traceback="remote lines")
    result: AsyncResult[object] = AsyncResult("a", backend)
    with pytest.raises(KeyError) as caught:
        result.get()
    assert caught.value.args == ("k", 1)
    assert isinstance(result.get(propagate=False), KeyError)
    assert (result.ready(), result.successful(), result.failed()) == (True, False, True)
    assert result.traceback == "remote lines"


@pytest.mark.covers("ARS-08", "STA-03", "contract M8")
def test_a_revoked_task_raises_but_has_not_failed(backend: Backend) -> None:
    backend.mark_as_revoked("a", "interrupted")
    result: AsyncResult[object] = AsyncResult("a", backend)
    with pytest.raises(TaskRevoked, match="interrupted"):
        result.get()
    assert result.ready()
    assert not result.failed()


@pytest.mark.covers("CON-01", "ARC-08", "contract M7")
def test_a_retry_is_not_ready_and_raises_nothing(backend: Backend) -> None:
    backend.mark_as_retry("a", None)
    backend.mark_as_retry("b", OSError("again"))
    assert AsyncResult[object]("a", backend).result is None
    assert isinstance(AsyncResult[object]("b", backend).result, OSError)
    with pytest.raises(ResultTimeout):
        AsyncResult[object]("b", backend).get(timeout=0)


@pytest.mark.covers("ARC-05")
def test_started_shows_its_meta(backend: Backend) -> None:
    backend.mark_as_started("a", pid=7, hostname="h")
    result: AsyncResult[object] = AsyncResult("a", backend)
    assert result.state == "STARTED"
    assert result.result == {"pid": 7, "hostname": "h"}
    assert result.date_done is None


@pytest.mark.covers("CCH-02", "ARS-07", "ARS-09")
def test_a_finished_result_is_read_once_an_unfinished_one_each_time(
    backend: Backend, store: MemoryStore
) -> None:
    counts = counted(store)
    result: AsyncResult[int] = AsyncResult("a", backend)
    for _ in range(3):
        assert result.state == "UNKNOWN"
    assert counts["load"] == 3
    backend.mark_as_done("a", 1)
    assert result.get() == 1
    loads = counts["load"]
    assert (result.get(), result.state, result.result) == (1, "SUCCESS", 1)
    assert counts["load"] == loads


@pytest.mark.covers("ARS-04", "ARS-12")
def test_callbacks_get_id_and_value(backend: Backend) -> None:
    seen: list[tuple[str, object]] = []
    backend.mark_as_done("a", 1)
    result: AsyncResult[int] = AsyncResult("a", backend)
    result.get(callback=lambda *args: seen.append(args))
    result.get(callback=lambda *args: seen.append(args))
    assert seen == [("a", 1), ("a", 1)]


@pytest.mark.covers("ARS-05", "CON-33")
def test_the_first_failed_parent_is_raised_even_if_this_task_succeeded(backend: Backend) -> None:
    backend.mark_as_failure("root", ValueError("root"))
    backend.mark_as_failure("middle", KeyError("middle"))
    backend.mark_as_done("leaf", 1)
    root: AsyncResult[int] = AsyncResult("root", backend)
    middle: AsyncResult[int] = AsyncResult("middle", backend, parent=root)
    leaf: AsyncResult[int] = AsyncResult("leaf", backend, parent=middle)
    with pytest.raises(ValueError, match="root"):
        leaf.get()
    assert leaf.get(follow_parents=False) == 1
    assert leaf.get(propagate=False) == 1


@pytest.mark.covers("ARS-05")
def test_a_parent_that_fails_during_the_wait_ends_it(backend: Backend) -> None:
    parent: AsyncResult[int] = AsyncResult("p", backend)
    child: AsyncResult[int] = AsyncResult("c", backend, parent=parent)
    passes: list[int] = []

    def fail_later() -> None:
        passes.append(1)
        if len(passes) == 3:
            backend.mark_as_failure("p", ValueError("upstream"))

    with pytest.raises(ValueError, match="upstream"):
        child.get(timeout=30, interval=0.01, on_interval=fail_later)


@pytest.mark.covers("ARS-06", "BP-01", "pain D15")
def test_a_task_may_not_wait_but_may_read_what_is_there(backend: Backend) -> None:
    backend.mark_as_done("done", 1)
    token = inside_task.set(True)
    try:
        assert AsyncResult[int]("done", backend).get() == 1
        assert not AsyncResult[int]("other", backend).ready()
        with pytest.raises(WouldBlock, match="chord"):
            AsyncResult[int]("other", backend).get(timeout=1)
        with pytest.raises(RuntimeError):
            AsyncResult[int]("other", backend).get(timeout=1)
        with allow_join_result(), pytest.raises(ResultTimeout):
            AsyncResult[int]("other", backend).get(timeout=0)
        with pytest.raises(ResultTimeout):
            AsyncResult[int]("other", backend).get(timeout=0, disable_sync_subtasks=False)
    finally:
        inside_task.reset(token)


@pytest.mark.covers("pain D15", "contract 12.18")
def test_the_guard_belongs_to_one_context(backend: Backend) -> None:
    token = inside_task.set(True)
    seen: list[object] = []
    try:
        thread = threading.Thread(target=lambda: seen.append(inside_task.get()))
        thread.start()
        thread.join()
    finally:
        inside_task.reset(token)
    assert seen == [False]


@pytest.mark.covers("ARS-07")
def test_an_ignored_result_returns_none_at_once(backend: Backend) -> None:
    assert AsyncResult[int]("a", backend, ignored=True).get() is None


@pytest.mark.covers("ARS-10", "CON-08", "META-02")
def test_date_done_is_a_time(backend: Backend) -> None:
    before = datetime.now(UTC)
    backend.mark_as_done("a", 1)
    when = AsyncResult[int]("a", backend).date_done
    assert when is not None
    assert before <= when <= datetime.now(UTC)


@pytest.mark.covers("ARS-10", "META-03", "CFG-06")
def test_extended_properties_come_with_result_extended(store: MemoryStore) -> None:
    class Request:
        task = "m.add"
        args = (1, 2)
        kwargs = {"k": "v"}  # noqa: RUF012 stands for a foreign class
        hostname = "w@h"
        retries = 3
        delivery_info = {"routing_key": "fast"}  # noqa: RUF012 see above

    extended = Backend(store=store, settings={"result_extended": True})
    extended.mark_as_done("a", 3, Request())
    result: AsyncResult[int] = AsyncResult("a", extended)
    assert (result.name, result.args, result.kwargs) == ("m.add", [1, 2], {"k": "v"})
    assert (result.worker, result.retries, result.queue) == ("w@h", 3, "fast")


@pytest.mark.covers("META-04")
def test_without_a_request_nothing_extended_appears(store: MemoryStore) -> None:
    extended = Backend(store=store, settings={"result_extended": True})
    extended.mark_as_done("a", 3)
    assert not {"name", "args", "kwargs", "worker", "queue"} & extended.get_task_meta("a").keys()


def test_children_come_back_as_handles(backend: Backend) -> None:
    class Request:
        children = (AsyncResult[int]("kid", backend),)

    backend.mark_as_done("a", 1, Request())
    children = AsyncResult[int]("a", backend).children
    assert children is not None
    assert [c.id for c in children] == ["kid"]
    assert isinstance(children[0], AsyncResult)


@pytest.mark.covers("ARS-01", "contract R7")
def test_handles_compare_and_hash_by_id_and_show_without_reading(
    backend: Backend, store: MemoryStore
) -> None:
    counts = counted(store)
    one: AsyncResult[int] = AsyncResult("a", backend)
    two: AsyncResult[int] = AsyncResult("a", backend)
    assert one == two
    assert len({one, two, AsyncResult("b", backend)}) == 2
    assert repr(one) == "<AsyncResult: a>"
    assert str(one) == "a"
    assert not counts


@pytest.mark.covers("contract L5")
def test_handles_pickle_with_their_backend(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/r.db") as backend:
        backend.mark_as_done("a", 1)
        parent: AsyncResult[int] = AsyncResult("p", backend)
        copy = pickle.loads(pickle.dumps(AsyncResult[int]("a", backend, parent=parent)))
        assert copy.get(follow_parents=False) == 1
        assert copy.parent == parent
        copy.backend.close()


def test_a_uuid_is_an_id(backend: Backend) -> None:
    task_id = uuid.uuid4()
    result: AsyncResult[int] = AsyncResult(task_id, backend)  # type: ignore[arg-type]
    assert result.id == str(task_id)


@pytest.mark.covers("ARS-15")
def test_on_message_hears_every_state_on_a_store_that_pushes(backend: Backend) -> None:
    seen: list[object] = []
    writer = threading.Thread(target=lambda: backend.mark_as_done("a", 2))

    def heard(meta: dict[str, object]) -> None:
        seen.append(meta["status"])
        if meta["status"] == "PROGRESS":
            writer.start()

    backend.store_result("a", 1, "PROGRESS")
    assert AsyncResult[int]("a", backend).get(timeout=30, on_message=heard) == 2
    writer.join()
    assert seen == ["PROGRESS", "SUCCESS"]


@pytest.mark.covers("EXP-04")
def test_a_read_never_deletes(backend: Backend) -> None:
    backend.mark_as_done("a", 1)
    for _ in range(3):
        assert AsyncResult[int]("a", backend).get() == 1


def test_forget_reaches_the_parents(backend: Backend) -> None:
    for task_id in ("p", "c"):
        backend.mark_as_done(task_id, 1)
    parent: AsyncResult[int] = AsyncResult("p", backend)
    AsyncResult[int]("c", backend, parent=parent).forget()
    assert backend.records.load("p").state == states.UNKNOWN
    assert backend.records.load("c").state == states.UNKNOWN


def test_a_failure_without_an_exception_still_raises(backend: Backend) -> None:
    backend.records.save(TaskRecord(id="a", state=states.FAILURE, result=None))
    with pytest.raises(NoResult):
        AsyncResult[int]("a", backend).get()


def test_revoking_a_single_task_says_that_it_cannot_be_done_yet(backend: Backend) -> None:
    with pytest.raises(Unsupported):
        AsyncResult[int]("a", backend).revoke()
