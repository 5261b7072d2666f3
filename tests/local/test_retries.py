import threading
from typing import Any

import pytest

from upshot.local import App, Task
from upshot.local.options import MAX_BACKOFF, TaskOptions
from upshot.record import TaskRecord
from upshot.stores.contract import Envelope, Saved

LIMIT = 20.0


def watched(app: App) -> list[TaskRecord]:
    """Return a list that every accepted write of *app* will be added to."""
    store = app.backend.records.store
    save = store.save
    seen: list[TaskRecord] = []

    def look(envelope: Envelope) -> Saved:
        seen.append(app.backend.records.codec.unpack(envelope))
        return save(envelope)

    store.save = look  # type: ignore[method-assign]
    return seen


def test_a_task_is_tried_again_until_it_works(app: App) -> None:
    seen = watched(app)
    left = [ConnectionError("one"), TimeoutError("two")]

    @app.task(autoretry_for=(ConnectionError, TimeoutError), backoff=lambda _: 0.0)
    def fetch() -> str:
        if left:
            raise left.pop(0)
        return "got it"

    result = fetch.delay()

    assert result.get(timeout=LIMIT) == "got it"
    assert result.retries == 2
    written = [(r.state, r.attempt) for r in seen if r.state != "PENDING"]
    assert written == [("RETRY", 0), ("RETRY", 1), ("SUCCESS", 2)]
    assert [str(r.result) for r in seen if r.state == "RETRY"] == ["one", "two"]
    assert all(r.owner is not None for r in seen if r.state == "RETRY")


def test_the_last_error_stands_when_the_attempts_are_used_up(app: App) -> None:
    attempts: list[int] = []

    @app.task(bind=True, autoretry_for=OSError, max_retries=2, backoff=lambda _: 0.0)
    def never(self: Task[..., Any]) -> None:
        assert self.request is not None
        attempts.append(self.request.retries)
        raise OSError(f"try {len(attempts)}")

    result = never.delay()

    with pytest.raises(OSError, match="try 3"):
        result.get(timeout=LIMIT)
    assert attempts == [0, 1, 2]
    assert result.state == "FAILURE"


def test_other_errors_are_not_tried_again(app: App) -> None:
    attempts: list[int] = []

    @app.task(autoretry_for=OSError, backoff=lambda _: 0.0)
    def wrong() -> None:
        attempts.append(1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        wrong.delay().get(timeout=LIMIT)
    assert attempts == [1]


def test_while_a_task_waits_for_its_next_attempt_others_run(app: App) -> None:
    go = threading.Event()

    @app.task(autoretry_for=OSError, backoff=lambda _: 0.3)
    def late() -> str:
        if not go.is_set():
            raise OSError("not yet")
        return "late"

    @app.task
    def quick(x: int) -> int:
        return x

    first = late.delay()
    assert [quick.delay(x).get(timeout=LIMIT) for x in range(20)] == list(range(20))
    go.set()
    assert first.get(timeout=LIMIT) == "late"


def test_closing_waits_for_retries_that_are_due_later(url: str) -> None:
    with App(backend=url) as app:
        tries: list[int] = []

        @app.task(autoretry_for=OSError, backoff=lambda _: 0.1)
        def late() -> int:
            tries.append(1)
            if len(tries) < 3:
                raise OSError("not yet")
            return 1

        late.delay()
    assert len(tries) == 3


def test_a_backoff_function_that_fails_fails_the_task(memory: App) -> None:
    @memory.task(autoretry_for=OSError, backoff=lambda attempt: 1 / attempt)
    def work() -> None:
        raise OSError("first")

    with pytest.raises(ZeroDivisionError) as caught:
        work.delay().get(timeout=LIMIT)
    assert isinstance(caught.value.__cause__, OSError)


def test_pauses_grow_up_to_a_cap_with_full_jitter() -> None:
    options = TaskOptions(backoff=2.0)

    for attempt, bound in ((0, 2.0), (1, 4.0), (3, 16.0), (20, MAX_BACKOFF), (10**6, MAX_BACKOFF)):
        pauses = [options.pause(attempt) for _ in range(500)]
        assert all(0.0 <= pause <= bound for pause in pauses)
        assert max(pauses) > bound * 0.9
        assert min(pauses) < bound * 0.1
    assert [TaskOptions(backoff=lambda n: n + 0.5).pause(n) for n in range(3)] == [0.5, 1.5, 2.5]
    assert TaskOptions(backoff=0).pause(5) == 0.0
