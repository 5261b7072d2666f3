import copy
import pickle
import threading
from pathlib import Path

import pytest

from upshot.errors import (
    DuplicateTask,
    Misconfigured,
    Unsupported,
    UpshotError,
    WouldBlock,
)
from upshot.local import App
from upshot.results import AsyncResult, connect

LIMIT = 20.0


def test_two_apps_with_two_stores_live_side_by_side(tmp_path: Path) -> None:
    first = App("one", backend=f"sqlite:///{tmp_path / 'one.db'}")
    second = App("two", backend=f"sqlite:///{tmp_path / 'two.db'}")

    @first.task(name="who")
    def who_first() -> str:
        return "first"

    @second.task(name="who")
    def who_second() -> str:
        return "second"

    with first, second:
        results = who_first.delay(), who_second.delay()
        assert [r.get(timeout=LIMIT) for r in results] == ["first", "second"]
        assert second.backend.get_state(results[0].id) == "UNKNOWN"
        assert first.backend.get_state(results[1].id) == "UNKNOWN"


def test_a_backend_that_was_handed_in_stays_open(url: str) -> None:
    with connect(url) as backend:
        with App(backend=backend) as app:

            @app.task
            def one() -> int:
                return 1

            result = one.delay()
        assert result.get(timeout=LIMIT) == 1
        assert backend.get_state(result.id) == "SUCCESS"


def test_closing_waits_for_all_work_and_can_be_done_twice(url: str) -> None:
    app = App(backend=url, workers=1)
    ended: list[int] = []

    @app.task
    def work(x: int) -> None:
        ended.append(x)
        if x < 20:
            work.delay(x + 1)

    work.delay(0)
    app.close()
    app.close()

    assert ended == list(range(21))


def test_a_closed_app_says_so(url: str) -> None:
    with App("shop", backend=url) as app:

        @app.task
        def nothing() -> None: ...

    with pytest.raises(UpshotError, match=r"app 'shop' is closed and takes no more tasks"):
        nothing.delay()


def test_a_task_cannot_close_its_own_app(memory: App) -> None:
    @memory.task
    def leave() -> None:
        memory.close()

    with pytest.raises(WouldBlock, match="wait for itself"):
        leave.delay().get(timeout=LIMIT)


def test_nothing_is_opened_or_started_before_the_first_use(tmp_path: Path) -> None:
    file = tmp_path / "results.db"
    before = set(threading.enumerate())
    app = App(backend=f"sqlite:///{file}")

    @app.task
    def nothing() -> None: ...

    app.close()

    assert not file.exists()
    assert set(threading.enumerate()) == before


def test_arguments_of_the_app_are_checked() -> None:
    with pytest.raises(Unsupported, match="pool='processes' is not built yet"):
        App(pool="processes")
    with pytest.raises(Misconfigured, match="neither 'threads' nor 'processes'"):
        App(pool="fibers")  # type: ignore[arg-type]
    for workers in (0, -1, True, 1.5):
        with pytest.raises(Misconfigured, match="workers="):
            App(workers=workers)  # type: ignore[arg-type]
    with pytest.raises(Misconfigured, match="result_expires"):
        App(settings={"result_expire": 5})


def test_options_of_a_task_are_checked() -> None:
    app = App(backend="memory://")
    for wrong, said in (
        ({"time_limit": 5}, "time_limit=5 cannot be kept with pool='threads'"),
        ({"max_retries": -1}, "max_retries=-1 is negative"),
        ({"max_retries": None}, "max_retries=None is no whole number"),
        ({"backoff": "1s"}, "backoff='1s' is neither"),
        ({"backoff": -1}, "backoff=-1 is neither"),
        ({"result_expires": "1 day"}, "result_expires='1 day' is no number of seconds"),
        ({"autoretry_for": (ValueError, "x")}, "must hold exception classes, not 'x'"),
    ):
        with pytest.raises(Misconfigured) as caught:
            app.task(**wrong)(print)
        assert said in str(caught.value)
    assert not app.tasks


def test_duplicate_names_are_an_error_at_decoration(memory: App) -> None:
    @memory.task(name="jobs.run")
    def one() -> None: ...

    with pytest.raises(DuplicateTask, match=r"already has a task 'jobs\.run'"):

        @memory.task(name="jobs.run")
        def two() -> None: ...

    assert memory.tasks["jobs.run"] is one


def test_an_id_of_ones_own_keeps_its_result_or_is_forgotten_first(url: str) -> None:
    for rerun, expected in (("keep", [1, 1]), ("forget", [1, 2])):
        seen = []
        with App(backend=url, settings={"upshot_rerun": rerun}) as app:

            @app.task
            def value(x: int) -> int:
                return x

            for x in (1, 2):
                result = value.apply_async((x,), task_id=f"mine-{rerun}")
                app.backend.records.wait(result.id, LIMIT)
                app._threaded._pool.drain()
                seen.append(AsyncResult[int](result.id, app.backend).get(timeout=LIMIT))
                app.backend.reload_task_result(result.id)
        assert seen == expected


@pytest.mark.covers("CON-25", "CFG-07")
def test_a_result_lives_as_long_as_its_task_says(url: str) -> None:
    with App(backend=url) as app:

        @app.task(result_expires=0.05)
        def brief() -> int:
            return 1

        @app.task(result_expires=None)
        def kept() -> int:
            return 2

        results = brief.delay(), kept.delay()
        app._threaded._pool.drain()
        limit = threading.Event()
        for _ in range(200):
            if app.backend.records.load(results[0].id, cache=False).state == "EXPIRED":
                break
            limit.wait(0.05)
        assert app.backend.records.load(results[0].id, cache=False).state == "EXPIRED"
        assert app.backend.records.load(results[1].id, cache=False).result == 2


HERE = App("here", backend="memory://here")


@HERE.task
def double(number: int) -> int:
    return 2 * number


def test_a_task_pickles_by_its_name_as_a_function_does() -> None:
    call = pickle.loads(pickle.dumps(double.s(4)))
    assert call.task is double
    assert copy.deepcopy(double) is double


def test_a_task_that_no_module_holds_does_not_pickle(memory: App) -> None:
    @memory.task
    def inner() -> None: ...

    with pytest.raises((pickle.PicklingError, AttributeError), match="inner"):
        pickle.dumps(inner)
