import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from upshot import AsyncResult, Backend, connect
from upshot.errors import ResultTimeout


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    with connect(f"sqlite:///{tmp_path}/results.db") as made:
        yield made


@pytest.mark.covers("POL-03")
def test_the_pause_is_half_a_second_unless_told_otherwise() -> None:
    for method in (AsyncResult.get, Backend.wait_for, Backend.wait_for_pending):
        assert inspect.signature(method).parameters["interval"].default == 0.5


@pytest.mark.covers("POL-03")
@pytest.mark.store("sqlite")
@pytest.mark.timeout(30)
def test_a_pause_never_outlasts_the_timeout(backend: Backend) -> None:
    backend.store_result("a", None, "STARTED")
    with pytest.raises(ResultTimeout):
        backend.wait_for("a", timeout=0.05, interval=3600)


@pytest.mark.covers("POL-03")
@pytest.mark.store("sqlite")
def test_what_was_read_once_is_waited_for_no_more(backend: Backend) -> None:
    backend.mark_as_done("a", 42)
    assert AsyncResult("a", backend).get(timeout=10) == 42
    backend.records.store.delete(["a"])
    assert AsyncResult("a", backend).get(timeout=0) == 42


@pytest.mark.covers("ARS-14")
@pytest.mark.store("sqlite")
def test_a_result_remembers_only_what_is_finished(backend: Backend) -> None:
    result: AsyncResult[object] = AsyncResult("a", backend)
    for state in ("STARTED", "ALMOST"):
        backend.store_result("a", None, state)
        assert result.state == state
    backend.mark_as_failure("a", ValueError("no"))
    assert result.state == "FAILURE"
    backend.forget("a")
    assert result.state == "FAILURE"
    assert AsyncResult("a", backend).state != "FAILURE"
