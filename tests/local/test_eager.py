import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from upshot.errors import ChordError, ResultNotSerializable
from upshot.local import App, Task, chord, group
from upshot.results import EagerResult, connect

EAGER = {"task_always_eager": True}
LIMIT = 20.0


@pytest.fixture
def eager() -> App:
    """Return an app that would fail if it opened its store."""
    return App("test", backend="memory://eager", settings=EAGER)


@pytest.fixture
def threaded() -> Iterator[App]:
    with App("test", backend="memory://threaded") as app:
        yield app


def test_tasks_run_at_once_in_the_calling_thread(eager: App) -> None:
    where: list[str] = []

    @eager.task
    def work(x: int) -> int:
        where.append(threading.current_thread().name)
        return x + 1

    result = work.delay(1)

    assert where == [threading.current_thread().name]
    assert isinstance(result, EagerResult)
    assert (result.ready(), result.state, result.get()) == (True, "SUCCESS", 2)
    assert eager._backend is None


def test_a_task_may_wait_for_what_it_sends_because_that_is_finished(eager: App) -> None:
    @eager.task
    def inner() -> int:
        return 1

    @eager.task
    def outer() -> int:
        return inner.delay().get()

    assert outer.delay().get() == 1


def echo(value: Any) -> Any:
    return value


def bad(key: int) -> int:
    return {0: 0}[key]


def quiet() -> int:
    return 1


def odd() -> Any:
    return [threading.Lock()]


def total(parts: list[Any]) -> list[str]:
    return [type(part).__name__ for part in parts]


def leave(code: int) -> None:
    raise SystemExit(code)


async def coroutine(x: int) -> int:
    await asyncio.sleep(0)
    return x


def tasks(app: App) -> dict[str, Task[..., Any]]:
    """Declare tasks that end in every way there is."""
    tries: list[int] = []

    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("again")
        return len(tries)

    def progress(self: Task[..., Any]) -> str:
        self.update_state(meta=1)
        return "done"

    return {
        "echo": app.task(name="echo")(echo),
        "bad": app.task(name="bad")(bad),
        "flaky": app.task(name="flaky", autoretry_for=OSError, backoff=lambda _: 0.0)(flaky),
        "coroutine": app.task(name="coroutine")(coroutine),
        "progress": app.task(name="progress", bind=True)(progress),
        "quiet": app.task(name="quiet", ignore_result=True)(quiet),
        "odd": app.task(name="odd")(odd),
        "total": app.task(name="total")(total),
        "leave": app.task(name="leave")(leave),
    }


def define(app: App) -> dict[str, Callable[[], Any]]:
    """Return calls whose results must be the same however they are run."""
    t = tasks(app)
    one, wrong, sum_up = t["echo"], t["bad"], t["total"]
    values = (None, 1, "x", (1, 2), {"a": {3}}, timedelta(1), b"x")
    return {
        "values": lambda: [one.delay(v).get(timeout=LIMIT) for v in values],
        "error": lambda: wrong.delay(1).get(timeout=LIMIT),
        "error as value": lambda: repr(wrong.delay(1).get(timeout=LIMIT, propagate=False)),
        "retries": lambda: t["flaky"].delay().get(timeout=LIMIT),
        "coroutine": lambda: t["coroutine"].delay(4).get(timeout=LIMIT),
        "progress": lambda: t["progress"].delay().get(timeout=LIMIT),
        "ignored": lambda: t["quiet"].delay().get(timeout=LIMIT),
        "not storable": lambda: t["odd"].delay().get(timeout=LIMIT),
        "exit": lambda: t["leave"].delay(3).get(timeout=LIMIT),
        "group": lambda: group(one.s(i) for i in range(5))().get(timeout=LIMIT),
        "chord": lambda: chord([one.s((1, 2)), one.s("x")], sum_up)().get(timeout=LIMIT),
        "empty chord": lambda: chord([], sum_up)().get(timeout=LIMIT),
        "collect": lambda: chord([one.s(1), wrong.s(2)], sum_up, on_error="collect")().get(LIMIT),
        "failed chord": lambda: chord([wrong.s(2)], sum_up)().get(LIMIT),
    }


def outcome(call: Callable[[], Any]) -> tuple[str, str]:
    try:
        return "value", repr(call())
    except Exception as error:
        kind = type(error).__name__
        return kind, "" if isinstance(error, ChordError) else str(error)


@pytest.mark.covers("pain A4", "EAG-01")
@pytest.mark.parametrize("what", sorted(define(App(backend="memory://names"))))
def test_eager_gives_what_threads_give(eager: App, threaded: App, what: str) -> None:
    assert outcome(define(eager)[what]) == outcome(define(threaded)[what])


def test_a_chord_runs_at_once_too(eager: App) -> None:
    @eager.task
    def member(x: int) -> int:
        return x

    @eager.task
    def total(values: list[int]) -> int:
        return sum(values)

    result = chord([member.s(i) for i in range(4)], total)()
    header: Any = result.parent

    assert result.get() == 6
    assert header.get() == [0, 1, 2, 3]


def test_results_are_stored_where_that_is_asked_for(url: str) -> None:
    settings = {**EAGER, "task_store_eager_result": True}
    with App(backend=url, settings=settings) as app:

        @app.task
        def member(x: int) -> int:
            return x

        @app.task
        def total(values: list[int]) -> int:
            return sum(values)

        result = chord([member.s(i) for i in range(4)], total)()
        header: Any = result.parent

    records = connect(url).records
    assert records.load(result.id).result == 6
    group = records.get_group(header.id)
    assert group is not None
    assert group.members is not None
    assert [records.load(ref.id).result for ref in group.members] == [0, 1, 2, 3]


def test_errors_reach_the_caller_where_that_is_asked_for() -> None:
    app = App(settings={**EAGER, "task_eager_propagates": True})

    @app.task
    def bad() -> None:
        raise ValueError("no")

    @app.task
    def odd() -> Any:
        return threading.Lock()

    with pytest.raises(ValueError, match="no"):
        bad.delay()
    with pytest.raises(ResultNotSerializable):
        odd.delay()


def test_ctrl_c_ends_an_eager_task_and_its_caller(eager: App) -> None:
    @eager.task
    def long() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        long.delay()


def test_a_coroutine_function_may_be_called_eagerly_from_a_loop(eager: App) -> None:
    @eager.task
    async def work(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    async def main() -> int:
        return work.delay(1).get()

    assert asyncio.run(main()) == 2
