"""Waiting for something to become true, and running many threads at once; always with a limit."""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

LIMIT: Final = 20.0
"""Seconds after which something awaited counts as missing, unless said otherwise."""


def wait_until(condition: Callable[[], T], what: str, *, limit: float = LIMIT) -> T:
    """Call *condition* until it returns something true, and return that.

    Args:
        condition: what to look at; called every few milliseconds.
        what: what is awaited, for the error.
        limit: seconds to wait at most.

    Raises:
        AssertionError: the limit passed.
    """
    deadline = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit:g} s in vain: {what}")
        time.sleep(0.01)
    return value


def run_threads(count: int, work: Callable[[int], T], *, limit: float = 300.0) -> list[T]:
    """Run *work* in *count* threads that begin together, and return what they returned.

    Args:
        count: number of threads.
        work: called with the number of its thread, from 0.
        limit: seconds until all have to be done.

    Raises:
        AssertionError: a thread did not end in time.
        BaseException: whatever a thread raised first.
    """
    begin = threading.Barrier(count)
    answers: dict[int, T] = {}
    problems: list[BaseException] = []

    def run(number: int) -> None:
        try:
            begin.wait(limit)
            answers[number] = work(number)
        except BaseException as exc:  # noqa: BLE001 handed to the thread that asked
            problems.append(exc)

    threads = [
        threading.Thread(target=run, args=(n,), name=f"upshot-testing-{n}", daemon=True)
        for n in range(count)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if problems:
        raise problems[0]
    stuck = [thread.name for thread in threads if thread.is_alive()]
    assert not stuck, f"still running after {limit:g} s: {', '.join(stuck)}"
    return [answers[n] for n in range(count)]
