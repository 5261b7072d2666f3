import threading
from typing import Any

import pytest

from upshot.errors import ChordError, Misconfigured
from upshot.local import App, chord, group
from upshot.record import Failure, Outcome, Success
from upshot.results import AsyncResult, GroupResult, connect

LIMIT = 60.0


@pytest.mark.covers("CHD-03", "pain C10")
def test_the_body_gets_the_values_in_the_order_of_the_header(app: App) -> None:
    turn = [threading.Event() for _ in range(4)]
    turn[3].set()

    @app.task
    def member(x: int) -> int:
        turn[x].wait(LIMIT)
        if x:
            turn[x - 1].set()
        return x

    @app.task
    def total(values: list[int], factor: int = 1) -> list[int]:
        return [v * factor for v in values]

    result = chord(member.s(i) for i in range(4))(total.s(factor=10))

    assert result.get(timeout=LIMIT) == [0, 10, 20, 30]


def test_the_body_is_known_from_the_start_and_leads_to_its_header(app: App, url: str) -> None:
    go = threading.Event()

    @app.task
    def member() -> int:
        go.wait(LIMIT)
        return 1

    @app.task(name="sums.total")
    def total(values: list[int]) -> int:
        return sum(values)

    result: AsyncResult[int] = chord([member.s(), member.s()], total)()
    record = result.record()
    header: Any = result.parent
    restored = GroupResult.restore(header.id, connect(url))
    go.set()

    assert (record.state, record.name, record.parent) == ("PENDING", "sums.total", header.id)
    assert restored is not None
    assert restored.get(timeout=LIMIT) == [1, 1]
    assert result.get(timeout=LIMIT) == 2
    assert result.record().parent == header.id


@pytest.mark.covers("pain C5", "pain C6")
def test_a_failed_member_fails_the_body_by_name(app: App) -> None:
    ran: list[int] = []

    @app.task
    def member(x: int) -> int:
        if x == 1:
            raise ValueError("one is too few")
        return x

    @app.task(name="sums.total")
    def total(values: list[int]) -> None:
        ran.append(1)

    result = chord([member.s(i) for i in range(3)], total.s())()

    with pytest.raises(ChordError) as caught:
        result.get(timeout=LIMIT)
    header: Any = result.parent
    assert caught.value.failed == (header[1].id,)
    assert "1 of 3 members" in str(caught.value)
    assert "ValueError: one is too few" in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError)
    assert result.state == "FAILURE"
    assert ran == []


def test_collect_passes_what_each_member_came_to(app: App) -> None:
    @app.task
    def member(x: int) -> int | None:
        if x == 1:
            raise ValueError("one is too few")
        return x or None

    got: list[Outcome] = []

    @app.task
    def report(outcomes: list[Outcome]) -> int:
        got.extend(outcomes)
        return len(outcomes)

    result = chord([member.s(i) for i in range(3)], report.s(), on_error="collect")()

    assert result.get(timeout=LIMIT) == 3
    assert got[0] == Success(None)
    assert isinstance(got[1], Failure)
    assert isinstance(got[1].error, ValueError)
    assert "one is too few" in (got[1].traceback or "")
    assert got[2] == Success(2)


@pytest.mark.covers("pain C2")
def test_retried_members_count_once(app: App) -> None:
    tries: dict[int, int] = {}

    @app.task(autoretry_for=OSError, backoff=lambda _: 0.0)
    def member(x: int) -> int:
        tries[x] = tries.get(x, 0) + 1
        if tries[x] <= x % 3:
            raise OSError("again")
        return x

    bodies: list[int] = []

    @app.task
    def total(values: list[int]) -> int:
        bodies.append(1)
        return sum(values)

    result = chord([member.s(i) for i in range(20)], total)()

    assert result.get(timeout=LIMIT) == sum(range(20))
    app.close()
    assert bodies == [1]


def test_an_empty_header_runs_the_body_at_once(app: App, url: str) -> None:
    @app.task
    def total(values: list[int]) -> int:
        return sum(values)

    result = chord([], total)()

    assert result.get(timeout=LIMIT) == 0
    header: Any = result.parent
    restored = GroupResult.restore(header.id, connect(url))
    assert restored is not None
    assert len(restored) == 0


def test_a_body_that_takes_nothing_gets_nothing(app: App) -> None:
    @app.task
    def member() -> int:
        return 1

    @app.task
    def done(text: str) -> str:
        return text

    assert chord([member.s()])(done.si("all in")).get(timeout=LIMIT) == "all in"


@pytest.mark.covers("pain C8")
def test_members_whose_results_are_ignored_count(app: App) -> None:
    @app.task(ignore_result=True)
    def member(x: int) -> int:
        return x

    @app.task
    def total(values: list[int]) -> int:
        return sum(values)

    assert chord([member.s(i) for i in range(5)], total)().get(timeout=LIMIT) == 10


def test_a_member_that_cannot_be_stored_counts_as_failed(app: App) -> None:
    @app.task
    def member() -> Any:
        return threading.Lock()

    @app.task
    def total(values: list[Any]) -> None: ...

    result = chord([member.s()], total)()

    with pytest.raises(ChordError, match="ResultNotSerializable"):
        result.get(timeout=LIMIT)


def test_a_chord_of_a_thousand_members_with_one_worker(url: str) -> None:
    with App(backend=url, workers=1) as app:

        @app.task
        def member(x: int) -> int:
            return x

        @app.task
        def total(values: list[int]) -> int:
            return sum(values)

        result = chord(group(member.s(i) for i in range(1000)), total)()
        assert result.get(timeout=LIMIT) == sum(range(1000))


def test_a_chord_needs_a_body_and_a_known_policy(memory: App) -> None:
    @memory.task
    def member() -> int:
        return 1

    with pytest.raises(ValueError, match=r"write chord\(header\)\(body\)"):
        chord([member.s()])()
    with pytest.raises(Misconfigured, match="on_error='ignore' is neither 'fail' nor 'collect'"):
        chord([member.s()], on_error="ignore")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="too many positional arguments"):
        chord([member.s()], member)()
    with pytest.raises(ValueError, match="the same id x"):
        chord([member.s().set(task_id="x")])(member.si().set(task_id="x"))
