import gc
import logging
import threading
import time
import weakref
from typing import Any

import pytest

from upshot.errors import Refused, Unavailable, UpshotError
from upshot.local import App, Task, chord, group
from upshot.record import TaskRecord
from upshot.stores.contract import Envelope, Saved

LIMIT = 30.0


class Writes:
    """Counts the writes of a store by state, and refuses those of one state."""

    def __init__(self, app: App, refused: str = "", error: Exception | None = None) -> None:
        self.seen: list[tuple[str, float]] = []
        self._refused = refused
        self._error = error or Unavailable("the store is gone")
        store: Any = app.backend.records.store
        self._save = store.save
        store.save = self

    def __call__(self, envelope: Envelope) -> Saved:
        if envelope.state == self._refused:
            raise self._error
        saved: Saved = self._save(envelope)
        self.seen.append((envelope.state, time.monotonic()))
        return saved


@pytest.mark.parametrize("error", [Unavailable("gone"), Refused("read-only"), RuntimeError("bug")])
def test_a_result_that_cannot_be_stored_is_logged_once_and_harms_nobody_else(
    memory: App, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    writes = Writes(memory, "SUCCESS", error)

    @memory.task(name="jobs.lost")
    def lost() -> int:
        return 1

    @memory.task
    def bad() -> None:
        raise ValueError("no")

    result = lost.delay()
    memory._threaded._pool.drain()
    with pytest.raises(ValueError, match="no"):
        bad.delay().get(timeout=LIMIT)

    logged = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert len(logged) == 1
    assert f"SUCCESS of task {result.id} (jobs.lost) could not be stored" in logged[0].getMessage()
    assert [state for state, _ in writes.seen] == ["FAILURE"]
    assert result.state == "PENDING"


def test_a_chord_goes_on_with_what_it_knows(memory: App) -> None:
    writes = Writes(memory, "FAILURE")

    @memory.task
    def bad() -> None:
        raise ValueError("no")

    @memory.task
    def count(outcomes: list[Any]) -> str:
        return ", ".join(type(o).__name__ for o in outcomes)

    result = chord([bad.s(), bad.s()], count, on_error="collect")()

    assert result.get(timeout=LIMIT) == "Failure, Failure"
    assert [state for state, _ in writes.seen] == ["SUCCESS"]


def test_notes_on_the_way_that_cannot_be_stored_do_not_stop_the_task(
    memory: App, caplog: pytest.LogCaptureFixture
) -> None:
    Writes(memory, "RETRY")
    left = [OSError("again")]

    @memory.task(autoretry_for=OSError, backoff=lambda _: 0.0)
    def work() -> int:
        if left:
            raise left.pop()
        return 1

    assert work.delay().get(timeout=LIMIT) == 1
    assert "RETRY of task" in caplog.text


def test_what_cannot_be_recorded_is_not_run(memory: App) -> None:
    ran: list[int] = []
    store: Any = memory.backend.records.store

    def refuse(_: object) -> None:
        raise Unavailable("the store is gone")

    @memory.task
    def work() -> None:
        ran.append(1)

    save_many, store.save_many = store.save_many, refuse
    for send in (work.delay, group(work.s(), work.s()), chord([work.s()], work.si())):
        with pytest.raises(UpshotError, match="the store is gone"):
            send()
    store.save_many = save_many
    memory.close()

    assert ran == []


def test_progress_at_high_rate_is_written_twenty_times_a_second(app: App) -> None:
    writes = Writes(app)

    @app.task(bind=True)
    def work(self: Task[..., Any]) -> int:
        steps = 0
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            self.update_state(meta={"step": steps})
            steps += 1
        return steps

    result = work.delay()

    assert result.get(timeout=LIMIT) > 100
    told = [at for state, at in writes.seen if state == "PROGRESS"]
    assert 2 <= len(told) <= 2 + 20 * (told[-1] - told[0])
    app.close()
    assert [state for state, _ in writes.seen].count("SUCCESS") == 1


def test_nothing_is_written_after_the_end(memory: App) -> None:
    writes = Writes(memory)

    @memory.task(bind=True)
    def work(self: Task[..., Any]) -> None:
        self.update_state(meta=1)
        self.update_state(meta=2)

    work.delay().get(timeout=LIMIT)
    memory._threaded._flusher.drain()

    assert [state for state, _ in writes.seen] == ["PROGRESS", "SUCCESS"]


def test_the_last_progress_is_written_although_the_task_says_no_more(app: App) -> None:
    go = threading.Event()

    @app.task(bind=True)
    def work(self: Task[..., Any]) -> None:
        for step in range(100):
            self.update_state(meta=step)
        go.wait(LIMIT)

    result = work.delay()
    end = time.monotonic() + LIMIT
    while result.result != 99:
        assert time.monotonic() < end
    go.set()
    assert result.get(timeout=LIMIT) is None


def test_an_interrupted_app_revokes_its_queue_and_takes_no_more(url: str) -> None:
    go = threading.Event()
    begun = threading.Event()
    app = App("test", backend=url, workers=1)

    @app.task
    def first() -> int:
        begun.set()
        go.wait(LIMIT)
        return 1

    @app.task
    def second() -> None: ...

    running = first.delay()
    queued = [second.delay() for _ in range(10)]
    body = chord([second.s(), second.s()], second.si())()
    assert begun.wait(LIMIT)

    app.interrupt()
    app.interrupt()

    assert {result.state for result in [*queued, body]} == {"REVOKED"}
    with pytest.raises(UpshotError, match="was interrupted and takes no more tasks"):
        second.delay()
    go.set()
    assert running.get(timeout=LIMIT) == 1
    app.close()


def test_a_retry_that_is_due_later_is_revoked_too(memory: App) -> None:
    tried = threading.Event()

    @memory.task(autoretry_for=OSError, backoff=lambda _: 1000.0)
    def work() -> None:
        tried.set()
        raise OSError("again")

    result = work.delay()
    assert tried.wait(LIMIT)
    memory.interrupt()

    assert str(result.get(timeout=LIMIT, propagate=False)) == "interrupted"
    assert result.state == "REVOKED"


def test_a_chord_counts_the_record_that_stands_not_the_one_that_was_refused(memory: App) -> None:
    records = memory.backend.records
    records.save(TaskRecord(id="m", state="SUCCESS", result=41))

    @memory.task
    def bad() -> int:
        raise ValueError("too late")

    @memory.task
    def total(values: list[int]) -> int:
        return sum(values) + 1

    result = chord([bad.s().set(task_id="m")], total)()

    assert result.get(timeout=LIMIT) == 42


def test_what_a_failed_task_held_is_let_go(memory: App) -> None:
    class Heavy:
        pass

    held: list[weakref.ref[Heavy]] = []

    @memory.task
    def bad() -> None:
        heavy = Heavy()
        held.append(weakref.ref(heavy))
        try:
            [].pop()
        except IndexError as error:
            raise ValueError("outer") from error

    @memory.task
    def keep(outcomes: list[Any]) -> int:
        gc.collect()
        return sum(ref() is not None for ref in held)

    result = chord([bad.s(), bad.s()], keep, on_error="collect")()

    assert result.get(timeout=LIMIT) == 0


class Mute(Exception):
    """Answers no question at all, not even for its traceback."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)


def test_an_error_that_answers_nothing_ends_its_task_and_no_worker(url: str) -> None:
    with App("test", backend=url, workers=1) as app:

        @app.task
        def bad() -> None:
            raise Mute

        @app.task
        def good() -> int:
            return 1

        results = [bad.delay() for _ in range(3)]
        assert good.delay().get(timeout=LIMIT) == 1
        errors: list[Any] = [result.get(timeout=LIMIT, propagate=False) for result in results]
        assert [type(error) for error in errors] == [Mute] * 3
        with pytest.raises(Mute):
            results[0].get()
