"""The guard against tasks that wait for tasks: they hold a worker while what they wait for needs one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from upshot.errors import WouldBlock

inside_task: ContextVar[bool] = ContextVar("upshot_inside_task", default=False)
"""True in the context of a running task."""


@contextmanager
def allow_join_result() -> Iterator[None]:
    """Let code inside a task wait for other tasks, in this context only."""
    token = inside_task.set(False)
    try:
        yield
    finally:
        inside_task.reset(token)


def refuse_to_block(what: str) -> None:
    """Raise `WouldBlock` if the caller runs inside a task."""
    if inside_task.get():
        raise WouldBlock(
            f"a task must not wait for {what}: with all workers waiting nothing would ever run. "
            "Use a chord, or wait inside `with allow_join_result():`"
        )
