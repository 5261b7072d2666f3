"""One call of a task on its way through the runtime, and the records it leaves."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, final

from upshot import owner, states
from upshot.core import utc_now
from upshot.record import Ref, TaskRecord

if TYPE_CHECKING:
    from upshot.local.task import Task


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt to run a task; a retry is a new job with the same id.

    Attributes:
        task: what to run.
        id: the task id.
        args: positional arguments.
        kwargs: keyword arguments.
        stored: whether records of it are kept.
        created: when it was submitted.
        attempt: number of retries before this one.
        group: id of its group.
        parent: id of the task that sent it; for the body of a chord the id of the header.
        on_end: called once with the final record, in the thread that finished it.
    """

    task: "Task[..., Any]"
    id: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    stored: bool
    created: datetime = field(default_factory=utc_now)
    attempt: int = 0
    group: str | None = None
    parent: str | None = None
    on_end: Callable[[TaskRecord], None] | None = None

    def again(self) -> "Job":
        """Return the next attempt."""
        return replace(self, attempt=self.attempt + 1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What one attempt came to.

    Attributes:
        state: SUCCESS, FAILURE, REVOKED, or RETRY when there will be another attempt.
        result: the value or the exception.
        traceback: the formatted traceback of an exception.
        pause: seconds until the next attempt, for RETRY.
    """

    state: str
    result: Any = None
    traceback: str | None = None
    pause: float = 0.0


def unfinished(
    job: Job,
    state: str,
    *,
    extended: bool,
    result: Any = None,
    traceback: str | None = None,
    started: datetime | None = None,
) -> TaskRecord:
    """Return the record of a job that goes on: it names the process that holds it."""
    holder = owner.current()
    return TaskRecord(
        id=job.id,
        state=state,
        result=result,
        traceback=traceback,
        attempt=job.attempt,
        created=job.created,
        started=started,
        name=job.task.name,
        args=job.args if extended else None,
        kwargs=job.kwargs if extended else None,
        worker=None if started is None else f"{holder.host}:{holder.pid}",
        group=job.group,
        parent=job.parent,
        owner=holder,
    )


def finished(
    job: Job,
    ending: Ending,
    *,
    extended: bool,
    started: datetime | None = None,
    children: tuple[Ref, ...] = (),
) -> TaskRecord:
    """Return the final record of a job."""
    return TaskRecord(
        id=job.id,
        state=ending.state,
        result=ending.result,
        traceback=ending.traceback,
        children=children or None,
        attempt=job.attempt,
        created=job.created,
        started=started,
        done=utc_now(),
        name=job.task.name,
        args=job.args if extended else None,
        kwargs=job.kwargs if extended else None,
        worker=None if started is None else worker_name(),
        group=job.group,
        parent=job.parent,
    )


def worker_name() -> str:
    """Return `host:pid`, by which records tell who ran the task."""
    return f"{owner.current().host}:{os.getpid()}"


def is_final(state: str) -> bool:
    """Tell whether a task in *state* is finished."""
    return state in states.READY_STATES
