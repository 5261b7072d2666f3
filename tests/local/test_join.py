import random
import threading
from collections.abc import Sequence

import pytest

from upshot import states
from upshot.errors import ChordError
from upshot.local.join import Join, body_argument, outcomes
from upshot.record import Failure, Success, TaskRecord


def done(task_id: str, value: object = None, state: str = states.SUCCESS) -> TaskRecord:
    return TaskRecord(id=task_id, state=state, result=value)


@pytest.mark.covers("pain C2", "pain C3")
def test_every_member_counts_once_however_often_and_in_whatever_order_it_arrives() -> None:
    chance = random.Random(7)
    ids = [f"m{i}" for i in range(20)]
    for _ in range(50):
        full: list[Sequence[TaskRecord]] = []
        join = Join(ids, full.append)
        arrivals = [i for i in ids for _ in range(chance.randint(1, 5))]
        chance.shuffle(arrivals)

        for task_id in arrivals:
            join.arrive(done(task_id, task_id))
            join.arrive(done("stranger"))

        assert [[r.result for r in records] for records in full] == [ids]


def test_fifty_threads_fill_it_once() -> None:
    full: list[int] = []
    ids = [str(i) for i in range(200)]
    join = Join(ids, lambda records: full.append(len(records)))
    gate = threading.Barrier(50)

    def bring() -> None:
        gate.wait(10)
        for task_id in ids:
            join.arrive(done(task_id))

    threads = [threading.Thread(target=bring) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert full == [200]


def test_the_first_final_record_stays() -> None:
    full: list[Sequence[TaskRecord]] = []
    join = Join(["a", "b"], full.append)

    join.arrive(done("a", 1))
    join.arrive(done("a", 2))
    join.arrive(done("b", 3))

    assert [r.result for r in full[0]] == [1, 3]


def test_collect_passes_outcomes_in_order() -> None:
    error = ValueError("no")
    records = [done("a", None), done("b", error, states.FAILURE)]

    assert outcomes(records) == [Success(None), Failure(error)]
    assert body_argument(records, "collect", group="g", body="t") == outcomes(records)


@pytest.mark.covers("pain C5")
def test_fail_names_every_failed_member_and_chains_the_first_error() -> None:
    error = ValueError("no")
    records = [
        done("a", 1),
        done("b", error, states.FAILURE),
        done("c", RuntimeError("gone"), states.REVOKED),
    ]

    with pytest.raises(ChordError) as caught:
        body_argument(records, "fail", group="g1", body="tasks.total")

    assert caught.value.failed == ("b", "c")
    assert caught.value.__cause__ is error
    assert str(caught.value) == (
        "2 of 3 members of group g1 failed, so tasks.total did not run: "
        "b (FAILURE: ValueError: no), c (REVOKED: RuntimeError: gone)"
    )


def test_a_long_row_of_failures_stays_readable() -> None:
    records = [done(f"m{i}", ValueError("x" * 3), states.FAILURE) for i in range(1000)]

    with pytest.raises(ChordError, match=r"and 995 more$") as caught:
        body_argument(records, "fail", group="g", body="b")

    assert len(caught.value.failed) == 1000


def test_an_error_that_cannot_be_printed_is_named_by_its_type() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    with pytest.raises(ChordError, match=r"a \(FAILURE: Silent\)"):
        body_argument([done("a", Silent(), states.FAILURE)], "fail", group="g", body="b")
