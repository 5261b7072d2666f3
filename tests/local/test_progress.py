from itertools import pairwise

import pytest

from upshot.errors import EncodeError
from upshot.local.progress import RATE, Progress


class Clock:
    """A clock that the test moves, with the calls that are due later."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[tuple[float, Progress]] = []

    def __call__(self) -> float:
        return self.now

    def later(self, progress: Progress, delay: float) -> None:
        self.due.append((self.now + delay, progress))

    def run_until(self, moment: float) -> None:
        self.now = moment
        ripe, self.due = (
            [p for at, p in self.due if at <= moment + 1e-9],
            [(at, p) for at, p in self.due if at > moment + 1e-9],
        )
        for progress in ripe:
            progress.flush()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_value_is_written_at_once(clock: Clock) -> None:
    written: list[object] = []
    progress = Progress(lambda state, meta: written.append((state, meta)), clock.later, clock)

    progress.update("PROGRESS", 1)

    assert written == [("PROGRESS", 1)]


def test_a_storm_becomes_twenty_writes_a_second_and_the_last_value_is_among_them(
    clock: Clock,
) -> None:
    written: list[int] = []
    progress = Progress(lambda _, meta: written.append(meta), clock.later, clock)

    for step in range(3000):
        clock.run_until(100.0 + step / 1000)
        progress.update("PROGRESS", step)
    clock.run_until(200.0)

    assert written[-1] == 2999
    assert written == sorted(written)
    assert 3 * RATE - 3 <= len(written) <= 3 * RATE + 1


def test_a_value_that_waits_is_written_without_another_call(clock: Clock) -> None:
    written: list[object] = []
    progress = Progress(lambda _, meta: written.append(meta), clock.later, clock)

    progress.update("PROGRESS", "first")
    progress.update("PROGRESS", "second")
    progress.update("PROGRESS", "third")
    assert written == ["first"]
    clock.run_until(100.0 + 1 / RATE)

    assert written == ["first", "third"]
    assert clock.due == []


def test_a_late_turn_does_not_follow_a_fresh_write_too_soon(clock: Clock) -> None:
    written: list[tuple[float, object]] = []
    progress = Progress(lambda _, meta: written.append((clock.now, meta)), clock.later, clock)

    progress.update("PROGRESS", 1)
    progress.update("PROGRESS", 2)
    clock.now = 100.06
    progress.update("PROGRESS", 3)
    progress.update("PROGRESS", 4)
    clock.run_until(100.07)
    clock.run_until(100.2)

    assert [meta for _, meta in written] == [1, 3, 4]
    times = [at for at, _ in written]
    assert all(later - earlier >= 1 / RATE for earlier, later in pairwise(times))


def test_after_the_end_nothing_is_written(clock: Clock) -> None:
    written: list[object] = []
    progress = Progress(lambda _, meta: written.append(meta), clock.later, clock)
    progress.update("PROGRESS", 1)
    progress.update("PROGRESS", 2)

    progress.close()
    clock.run_until(200.0)
    progress.update("PROGRESS", 3)

    assert written == [1]


def test_a_dict_that_the_task_goes_on_filling_is_written_as_it_was(clock: Clock) -> None:
    written: list[object] = []
    progress = Progress(lambda _, meta: written.append(meta), clock.later, clock)
    meta = {"done": 1}

    progress.update("PROGRESS", 0)
    progress.update("PROGRESS", meta)
    meta["done"] = 99
    clock.run_until(200.0)

    assert written == [0, {"done": 1}]


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "REVOKED", "LOST", "PENDING", "RETRY", ""])
def test_states_of_the_runtime_are_refused(clock: Clock, state: str) -> None:
    progress = Progress(lambda *_: None, clock.later, clock)

    with pytest.raises(ValueError, match=r"use a name of your own, such as 'PROGRESS'"):
        progress.update(state, 1)


def test_a_value_that_cannot_be_stored_is_told_to_the_task_or_logged(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def write(_: str, meta: object) -> None:
        if meta == "bad":
            raise EncodeError("result: no")

    progress = Progress(write, clock.later, clock)

    with pytest.raises(EncodeError):
        progress.update("PROGRESS", "bad")
    progress.update("PROGRESS", "bad")
    clock.run_until(200.0)

    assert "progress was not stored: result: no" in caplog.text
