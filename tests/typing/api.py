"""Pins the public types; checked by mypy, never run."""

from collections.abc import Iterator
from typing import Any, assert_type

from upshot import App, AsyncResult, Backend, GroupResult, ResultSet, TaskRecord, connect
from upshot.record import Failure, Outcome, Success

app = App()


@app.task
def add(x: int, y: int = 0) -> int:
    return x + y


@app.task(max_retries=5, autoretry_for=(OSError,))
def shout(text: str) -> str:
    return text.upper()


@app.task
async def later(x: int) -> float:
    return float(x)


assert_type(add.delay(1, 2), AsyncResult[int])
assert_type(add.delay(1).get(timeout=1), int)
assert_type(shout.delay("a").get(), str)
assert_type(later.delay(1).get(), float)
assert_type(add(1, y=2), int)
add.delay("1")  # type: ignore[arg-type]
shout.delay()  # type: ignore[call-arg]
add.delay(1, z=2)  # type: ignore[call-arg]

backend = connect("memory://")
assert_type(backend, Backend)
handle: AsyncResult[int] = AsyncResult("id", backend)
wider: AsyncResult[float] = handle
assert_type(handle.record(), TaskRecord)
assert_type(handle.state, str)
assert_type(handle.traceback, str | None)
assert_type(GroupResult.restore("id"), GroupResult | None)
assert_type(ResultSet([handle]).get(), list[Any])
assert_type(ResultSet([handle]).iterate(), Iterator[tuple[str, Outcome]])


def value_of(outcome: Outcome) -> Any:
    match outcome:
        case Success(value):
            return value
        case Failure(error):
            raise error
