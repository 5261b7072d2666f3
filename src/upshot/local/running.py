"""The task that runs here and now: what its own code can learn and say about it."""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, final

from upshot.local.job import Job
from upshot.record import Ref

if TYPE_CHECKING:
    from upshot.local.task import Task


@final
@dataclass(slots=True)
class Running:
    """One attempt while it runs.

    Attributes:
        job: what runs.
        started: when this attempt began.
        report: stores progress: state and data.
        children: handles of what the task has sent so far.
    """

    job: Job
    started: datetime
    report: Callable[[str, Any], None]
    _children: list[Ref] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, ref: Ref) -> None:
        """Note that the task has sent *ref*; callable from threads that the task started."""
        with self._lock:
            self._children.append(ref)

    @property
    def id(self) -> str:
        """The task id."""
        return self.job.id

    @property
    def retries(self) -> int:
        """Number of retries before this attempt."""
        return self.job.attempt

    @property
    def children(self) -> tuple[Ref, ...]:
        """Handles of what the task has sent so far."""
        with self._lock:
            return tuple(self._children)


running: ContextVar[Running | None] = ContextVar("upshot_running", default=None)


def current_task() -> "Task[..., Any] | None":
    """Return the task that is running in this context, or None outside of tasks."""
    here = running.get()
    return None if here is None else here.job.task


def running_in(app: object) -> Running | None:
    """Return what runs in this context if it belongs to *app*: others keep their own records."""
    here = running.get()
    return here if here is not None and here.job.task.app is app else None
