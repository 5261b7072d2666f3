import asyncio
import threading
from typing import Any

import pytest

from upshot.errors import (
    EncodeError,
    ResultNotSerializable,
    WouldBlock,
)
from upshot.local import App, Task, current_task
from upshot.results import AsyncResult, allow_join_result, connect

LIMIT = 20.0


def test_a_value_comes_back_through_the_store(app: App, url: str) -> None:
    @app.task
    def add(x: int, y: int = 1) -> int:
        return x + y

    result = add.delay(2, y=3)

    assert result.get(timeout=LIMIT) == 5
    assert AsyncResult[int](result.id, connect(url)).get(timeout=LIMIT) == 5


def test_none_is_a_value(app: App) -> None:
    @app.task
    def nothing() -> None:
        return None

    result = nothing.delay()

    assert result.get(timeout=LIMIT) is None
    assert result.state == "SUCCESS"


def test_calling_a_task_runs_the_function_plainly(memory: App) -> None:
    where: list[str] = []

    @memory.task(bind=True)
    def here(self: Task[..., Any], x: int) -> int:
        self.update_state(meta={"x": x})
        where.append(threading.current_thread().name)
        assert self.request is None
        return x * 2

    assert here(4) == 8
    assert where == [threading.current_thread().name]
    assert here.__name__ == "here"


def test_the_record_tells_when_where_and_what(app: App) -> None:
    @app.task(name="sums.add")
    def add(x: int, y: int) -> int:
        return x + y

    result = add.delay(1, 2)
    result.get(timeout=LIMIT)
    record = result.record()

    assert (record.state, record.result, record.name, record.attempt) == (
        "SUCCESS",
        3,
        "sums.add",
        0,
    )
    assert record.created is not None
    assert record.started is not None
    assert record.done is not None
    assert record.created <= record.started <= record.done
    assert record.worker is not None
    assert record.owner is None


def test_a_submitted_task_is_known_before_it_runs(app: App) -> None:
    go = threading.Event()

    @app.task
    def wait() -> bool:
        return go.wait(LIMIT)

    results = [wait.delay() for _ in range(5)]
    waiting = results[-1].record()
    go.set()

    assert (waiting.state, waiting.name) == ("PENDING", wait.name)
    assert waiting.owner is not None
    assert waiting.created is not None


def test_the_error_of_a_task_is_raised_where_its_result_is_read(app: App) -> None:
    @app.task
    def bad() -> None:
        try:
            {}["key"]  # type: ignore[index]
        except KeyError as error:
            raise ValueError("no", 7) from error

    result = bad.delay()

    with pytest.raises(ValueError, match="no") as caught:
        result.get(timeout=LIMIT)
    assert caught.value.args == ("no", 7)
    assert result.state == "FAILURE"
    text = result.traceback
    assert text is not None
    assert "KeyError: 'key'" in text
    assert "direct cause" in text
    assert text.rstrip().endswith("ValueError: ('no', 7)")
    assert "upshot/local" not in text


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError("x"), GeneratorExit()]
)
def test_a_task_cannot_end_its_worker(memory: App, error: BaseException) -> None:
    @memory.task
    def leave() -> None:
        raise error

    results = [leave.delay() for _ in range(8)]

    for result in results:
        kept = result.get(timeout=LIMIT, propagate=False)
        assert result.state == "FAILURE"
        assert type(error).__name__ in type(kept).__name__
        assert isinstance(kept, Exception)


def test_a_value_that_cannot_be_stored_becomes_a_failure_that_says_where(app: App) -> None:
    @app.task
    def odd() -> Any:
        return {"deep": [1, threading.Lock()]}

    result = odd.delay()

    with pytest.raises(ResultNotSerializable, match="deep"):
        result.get(timeout=LIMIT)


def test_coroutine_functions_run_in_a_worker_with_a_loop_of_their_own(app: App) -> None:
    @app.task
    async def double(x: int) -> tuple[int, str]:
        await asyncio.sleep(0)
        return x * 2, threading.current_thread().name

    @app.task
    async def bad() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    value, thread = double.delay(4).get(timeout=LIMIT)

    assert value == 8
    assert thread.startswith("upshot-worker-")
    result = bad.delay()
    with pytest.raises(ValueError, match="no"):
        result.get(timeout=LIMIT)
    assert "asyncio" not in (result.traceback or "")


@pytest.mark.covers("ARS-06", "pain D15")
def test_a_task_that_waits_for_another_is_told_not_to(memory: App) -> None:
    @memory.task
    def inner() -> int:
        return 1

    gate = threading.Event()

    @memory.task
    def slow() -> int:
        gate.wait(LIMIT)
        return 2

    @memory.task
    def outer() -> int:
        return slow.delay().get(timeout=LIMIT)

    @memory.task
    async def outer_async() -> int:
        return slow.delay().get(timeout=LIMIT)

    @memory.task
    def allowed() -> int:
        with allow_join_result():
            return inner.delay().get(timeout=LIMIT)

    for task in (outer, outer_async):
        with pytest.raises(WouldBlock):
            task.delay().get(timeout=LIMIT)
    assert allowed.delay().get(timeout=LIMIT) == 1
    gate.set()
    assert inner.delay().get(timeout=LIMIT) == 1


def test_what_a_task_sends_knows_its_parent_and_is_its_child(app: App) -> None:
    @app.task
    def inner(x: int) -> int:
        return x

    @app.task
    def outer() -> str:
        return inner.delay(5).id

    result = outer.delay()
    inner_id = result.get(timeout=LIMIT)

    children = result.children
    assert children is not None
    assert [child.id for child in children] == [inner_id]
    assert children[0].get(timeout=LIMIT) == 5
    assert children[0].record().parent == result.id


def test_the_running_task_can_be_asked_for(memory: App) -> None:
    @memory.task
    def who() -> list[str]:
        task = current_task()
        assert task is not None
        assert task.request is not None
        return [task.name, task.request.id]

    result = who.delay()

    assert result.get(timeout=LIMIT) == [who.name, result.id]
    assert current_task() is None


def test_context_of_one_task_does_not_reach_the_next(memory: App) -> None:
    from contextvars import ContextVar

    seen: ContextVar[int] = ContextVar("seen", default=0)

    @memory.task
    def look() -> int:
        before = seen.get()
        seen.set(1)
        return before

    assert [look.delay().get(timeout=LIMIT) for _ in range(8)] == [0] * 8


def test_ignored_results_are_not_stored_unless_they_are_errors_that_shall_be(url: str) -> None:
    done = threading.Event()
    with App(backend=url, settings={"task_store_errors_even_if_ignored": True}) as app:

        @app.task(ignore_result=True)
        def quiet() -> int:
            done.set()
            return 1

        @app.task(ignore_result=True)
        def loud() -> None:
            raise ValueError("no")

        good, bad = quiet.delay(), loud.delay()

        assert good.get() is None
        assert done.wait(LIMIT)
    backend = connect(url)
    assert backend.get_state(good.id) == "UNKNOWN"
    assert isinstance(backend.get_result(bad.id), ValueError)


def test_the_setting_decides_where_the_task_does_not(url: str) -> None:
    with App(backend=url, settings={"task_ignore_result": True}) as app:

        @app.task
        def quiet() -> int:
            return 1

        @app.task(ignore_result=False)
        def kept() -> int:
            return 2

        assert quiet.delay().get() is None
        assert kept.delay().get(timeout=LIMIT) == 2


def test_progress_is_seen_and_the_end_replaces_it(app: App) -> None:
    go = threading.Event()
    told = threading.Event()

    @app.task(bind=True)
    def work(self: Task[..., Any]) -> str:
        self.update_state(meta={"done": 1})
        told.set()
        go.wait(LIMIT)
        return "end"

    result = work.delay()
    assert told.wait(LIMIT)
    assert (result.state, result.result) == ("PROGRESS", {"done": 1})
    go.set()
    assert result.get(timeout=LIMIT) == "end"


def test_progress_that_cannot_be_stored_is_an_error_of_the_task(memory: App) -> None:
    @memory.task(bind=True)
    def work(self: Task[..., Any]) -> None:
        self.update_state(meta=threading.Lock())

    with pytest.raises(EncodeError):
        work.delay().get(timeout=LIMIT)


def test_started_is_recorded_where_it_is_asked_for(url: str) -> None:
    go = threading.Event()
    begun = threading.Event()
    with App(backend=url, settings={"task_track_started": True}) as app:

        @app.task
        def work() -> None:
            begun.set()
            go.wait(LIMIT)

        result = work.delay()
        assert begun.wait(LIMIT)
        record = result.record()
        go.set()
    assert record.state == "STARTED"
    assert record.started is not None
    assert record.owner is not None


def test_wrong_arguments_are_refused_where_the_task_is_sent(memory: App) -> None:
    @memory.task(name="sums.add")
    def add(x: int, y: int) -> int:
        return x + y

    with pytest.raises(TypeError) as caught:
        add.delay(1)  # type: ignore[call-arg]
    assert str(caught.value) == (
        "task sums.add(x: int, y: int) -> int: missing a required argument: 'y'"
    )
    with pytest.raises(TypeError, match="countdown"):
        add.apply_async((1, 2), countdown=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("task_id", ["", "x" * 156, "a\nb"])
def test_ids_that_cannot_be_stored_are_refused(memory: App, task_id: str) -> None:
    @memory.task
    def nothing() -> None: ...

    with pytest.raises(ValueError, match="task id"):
        nothing.apply_async(task_id=task_id)
