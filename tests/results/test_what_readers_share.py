"""What one reader does with a result does not reach another; what others stored badly is an error."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from upshot import states
from upshot.backend import Backend
from upshot.errors import NoResult
from upshot.record import Failure
from upshot.results import AsyncResult, ResultSet
from upshot.stores.contract import Envelope
from upshot.stores.memory import MemoryStore


def test_a_value_changed_by_one_reader_is_unchanged_for_the_next(backend: Backend) -> None:
    backend.mark_as_done("a", {"rows": [1]})
    for _ in range(3):
        value: Any = AsyncResult("a", backend).get()
        assert value == {"rows": [1]}
        value["rows"].append(2)
    assert backend.is_cached("a")


def test_an_error_raised_again_does_not_collect_frames(backend: Backend) -> None:
    backend.mark_as_failure("a", ValueError("x"))
    result: AsyncResult[Any] = AsyncResult("a", backend)
    depths = set()
    for _ in range(5):
        with pytest.raises(ValueError, match="x") as caught:
            result.get()
        depths.add(_depth(caught.value.__traceback__))
    assert len(depths) <= 2


def _depth(trace: TracebackType | None) -> int:
    depth = 0
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next
    return depth


@pytest.mark.parametrize(
    "read",
    [
        lambda one, _: one.get(timeout=5),
        lambda _, some: some.get(timeout=5),
        lambda _, some: some.join(timeout=5),
        lambda _, some: some.maybe_throw(),
    ],
)
def test_a_failure_that_another_writer_stored_without_an_error_raises(
    backend: Backend, store: MemoryStore, read: Callable[[Any, Any], Any]
) -> None:
    store.save(_bare("a"))
    result: AsyncResult[Any] = AsyncResult("a", backend)
    with pytest.raises(NoResult, match="failed"):
        read(result, ResultSet([result]))


def test_the_outcome_of_such_a_failure_holds_an_error(backend: Backend, store: MemoryStore) -> None:
    store.save(_bare("a"))
    some = ResultSet([AsyncResult("a", backend)])
    for _ in range(2):
        ((_, outcome),) = some.iterate(timeout=5)
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.error, NoResult)
        some.ready()


def _bare(task_id: str) -> Envelope:
    document = b'{"status": "FAILURE", "result": null, "task_id": "%s"}' % task_id.encode()
    return Envelope(
        id=task_id, document=document, order=states.order("FAILURE"), state="FAILURE", ttl=None
    )
