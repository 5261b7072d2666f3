import threading
import time

import pytest

from upshot.local.pool import Pool

LIMIT = 10.0


def void(_: object) -> None: ...


def test_jobs_run_in_order_with_one_worker() -> None:
    seen: list[int] = []
    pool = Pool(seen.append, 1, name="test")

    pool.put(range(100))

    assert pool.drain()
    assert seen == list(range(100))


def test_never_more_jobs_at_once_than_workers() -> None:
    gate = threading.Barrier(3)
    most = [0]
    lock = threading.Lock()
    now = [0]

    def run(_: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        gate.wait(LIMIT)
        with lock:
            now[0] -= 1

    pool = Pool(run, 3, name="test")
    pool.put(range(9))

    assert pool.drain()
    assert most == [3]


def test_later_jobs_run_in_order_of_their_time_not_of_their_arrival() -> None:
    seen: list[str] = []
    pool = Pool(seen.append, 1, name="test")

    pool.put_later("second", 0.1)
    pool.put_later("first", 0.01)

    assert pool.drain()
    assert seen == ["first", "second"]


def test_jobs_that_come_due_together_run_side_by_side() -> None:
    meeting = threading.Barrier(4)
    pool = Pool[int](lambda _: void(meeting.wait(LIMIT)), 4, name="test")

    for number in range(4):
        pool.put_later(number, 0.05)

    assert pool.drain()
    assert not meeting.broken


def test_stop_gives_back_what_has_not_begun_and_refuses_more() -> None:
    begun = threading.Event()
    go = threading.Event()

    def run(_: str) -> None:
        begun.set()
        go.wait(LIMIT)

    pool = Pool(run, 1, name="test")
    pool.put(["running", "queued"])
    pool.put_later("last", 100.0)
    pool.put_later("late", 50.0)
    assert begun.wait(LIMIT)

    assert pool.stop() == ["queued", "late", "last"]
    assert not pool.put(["more"])
    assert not pool.put_later("more", 0.0)
    assert not pool.drain()
    go.set()
    assert pool.settle(LIMIT)


def test_settle_gives_up_in_time() -> None:
    go = threading.Event()
    pool = Pool[int](lambda _: void(go.wait(LIMIT)), 1, name="test")
    pool.put([1])
    pool.stop()

    assert not pool.settle(0.01)
    go.set()
    assert pool.settle(LIMIT)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_of_a_job_harms_only_that_job(error: BaseException) -> None:
    seen: list[int] = []

    def run(number: int) -> None:
        if number == 0:
            raise error
        seen.append(number)

    pool = Pool(run, 1, name="test")
    pool.put([0, 1])

    assert pool.drain()
    assert seen == [1]


def test_idle_threads_end_and_come_back() -> None:
    def alive() -> set[str]:
        return {t.name for t in threading.enumerate() if t.name.startswith("idle-test")}

    pool = Pool[int](lambda _: None, 2, name="idle-test", idle=0.01)
    for _ in range(3):
        pool.put([1])
        assert pool.drain()
        limit = time.monotonic() + LIMIT
        while alive() and time.monotonic() < limit:
            threading.Event().wait(0.005)
        assert not alive()


def test_worker_threads_are_named_and_do_not_keep_the_program() -> None:
    found: list[threading.Thread] = []
    pool = Pool[int](lambda _: found.append(threading.current_thread()), 1, name="upshot-worker")

    pool.put([1])

    assert pool.drain()
    assert (found[0].name, found[0].daemon) == ("upshot-worker-1", True)


@pytest.mark.parametrize("delay", [1e10, float("inf")])
def test_a_job_put_off_for_centuries_keeps_no_worker_busy(delay: float) -> None:
    ran = threading.Event()
    pool = Pool[str](lambda _: ran.set(), 1, name="test")

    pool.put_later("in centuries", delay)
    pool.put(["now"])

    assert ran.wait(LIMIT)
    ran.clear()
    pool.put(["again"])
    assert ran.wait(LIMIT)
    assert pool.stop() == ["in centuries"]
