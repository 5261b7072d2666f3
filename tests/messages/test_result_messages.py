"""What is said to those who wait, ask for odd ids, or wait where they must not."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from upshot.backend import Backend
from upshot.blocking import inside_task
from upshot.errors import NoResult, ResultTimeout, Unsupported, WouldBlock
from upshot.results import AsyncResult, GroupResult, allow_join_result, connect
from upshot.testing.envelopes import HOSTILE_IDS


@pytest.fixture
def backend() -> Iterator[Backend]:
    with connect(f"memory://{uuid.uuid4()}") as made:
        made.mark_as_done("done", 1)
        made.mark_as_started("going", pid=1)
        yield made


def group(backend: Backend) -> GroupResult:
    ids = ("done", "going", "absent")
    return GroupResult("g", [AsyncResult(one, backend) for one in ids])


@pytest.mark.covers("ERR-01")
@pytest.mark.parametrize(
    ("wait", "message"),
    [
        (
            lambda backend: AsyncResult("going", backend).get(timeout=0.01),
            "task going is not ready after 0.01 s, it is STARTED; it goes on, ask again later",
        ),
        (
            lambda backend: AsyncResult("absent", backend).get(timeout=0),
            (
                "no result of task absent after 0 s, and no record of it: it was never submitted "
                "to this store, was forgotten, or expired long ago"
            ),
        ),
        (
            lambda backend: group(backend).get(timeout=0.01),
            (
                "2 of 3 results are not ready after 0.01 s, such as going; they go on, ask again "
                "later"
            ),
        ),
        (
            lambda backend: list(group(backend).iterate(timeout=0)),
            ("2 of 3 results are not ready after 0 s, such as going; they go on, ask again later"),
        ),
        (
            lambda backend: list(backend.get_many(["done", "going"], timeout=0)),
            "1 tasks are not ready after 0 s",
        ),
    ],
    ids=["one", "absent", "group", "iterate", "many"],
)
def test_time_is_up(backend: Backend, wait: Callable[[Backend], Any], message: str) -> None:
    with pytest.raises(TimeoutError) as caught:
        wait(backend)
    assert (type(caught.value), str(caught.value)) == (ResultTimeout, message)
    assert backend.get_state("going") == "STARTED"


@pytest.mark.parametrize(
    ("wait", "what"),
    [
        (lambda backend: AsyncResult("going", backend).get(timeout=0), "task going"),
        (lambda backend: group(backend).get(timeout=0), "3 results"),
    ],
)
def test_a_task_that_would_block(
    backend: Backend, wait: Callable[[Backend], Any], what: str
) -> None:
    token = inside_task.set(True)
    try:
        with pytest.raises(WouldBlock) as caught:
            wait(backend)
        with allow_join_result(), pytest.raises(ResultTimeout):
            wait(backend)
    finally:
        inside_task.reset(token)
    assert str(caught.value) == (
        f"a task must not wait for {what}: with all workers waiting nothing would ever run. Use a "
        "chord, or wait inside `with allow_join_result():`"
    )


@pytest.mark.parametrize(
    ("task_id", "message"),
    [
        ("", "a task id must not be empty"),
        ("x" * 156, "a task id has at most 155 characters, this one has 156"),
        ("x" * 10_000_000, "a task id has at most 155 characters, this one has 10000000"),
        ("a\nb", "a task id must be printable text, not 'a\\nb'"),
        ("a\x00b", "a task id must be printable text, not 'a\\x00b'"),
        (7, "a task id must be text or a UUID, not int"),
        (None, "a task id must be text or a UUID, not NoneType"),
        (b"id", "a task id must be text or a UUID, not bytes"),
    ],
    ids=["empty", "long", "huge", "newline", "nul", "number", "none", "bytes"],
)
def test_what_is_no_id(backend: Backend, task_id: Any, message: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: AsyncResult(task_id, backend),
        lambda: backend.store_result(task_id, 1, "SUCCESS"),
        lambda: backend.get_state(task_id),
        lambda: backend.forget(task_id),
    ]
    for work in calls:
        with pytest.raises(ValueError, match=r".") as caught:
            work()
        assert str(caught.value) == message
    assert backend.get_result("done") == 1


def test_ids_that_look_like_paths_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    with connect(f"sqlite:///{folder}/r.db") as backend:
        for number, task_id in enumerate(HOSTILE_IDS):
            backend.mark_as_done(task_id, number)
        for number, task_id in enumerate(HOSTILE_IDS):
            assert backend.get_result(task_id) == number
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert [path.name for path in folder.iterdir()] == ["r.db"]


@pytest.mark.parametrize("state", ["", "UNKNOWN", "EXPIRED"])
def test_what_is_no_state(backend: Backend, state: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        backend.store_result("done", 2, state)
    assert str(caught.value) == f"{state!r} is no state that can be stored"
    assert backend.get_result("done") == 1


def test_what_is_not_built_yet(backend: Backend) -> None:
    with pytest.raises(Unsupported) as caught:
        AsyncResult("going", backend).revoke()
    assert str(caught.value) == (
        "single tasks cannot be revoked yet; closing the app early revokes all"
    )


def test_a_failure_without_an_error(backend: Backend) -> None:
    backend.store_result("odd", None, "FAILURE")
    with pytest.raises(NoResult) as caught:
        AsyncResult("odd", backend).get(timeout=1)
    assert str(caught.value) == "the task failed: None"


def test_a_backend_that_is_closed() -> None:
    backend = connect("memory://closed")
    backend.mark_as_done("id", 1)
    backend.store.close()
    with pytest.raises(ConnectionError) as caught:
        backend.get_result("other")
    assert str(caught.value) == "this memory store is closed; open another"
