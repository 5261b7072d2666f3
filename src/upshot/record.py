"""What is known of one task at one moment, and what a finished task came to.

A `TaskRecord` is a snapshot: state, value or error, times, attempt and lineage are written and
read together, never one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, final

from upshot import states
from upshot.errors import NoResult

T_co = TypeVar("T_co", covariant=True)

MAX_ID: Final = 155
"""Longest task or group id, in characters; the width every store can index."""

MAX_LINEAGE: Final = 100
"""Handles nested deeper, such as the far end of a very long chain, are not stored."""


@final
@dataclass(frozen=True, slots=True)
class Success(Generic[T_co]):
    """A task that returned; `None` is a value like any other."""

    value: T_co

    def unwrap(self) -> T_co:
        """Return the value."""
        return self.value


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """A task that ended without a value: failed, revoked or lost."""

    error: BaseException
    traceback: str | None = None

    def unwrap(self) -> Any:
        """Raise the error."""
        raise self.error


Outcome = Success[Any] | Failure


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """The plain form of a result handle: what the layers below `results` pass around.

    Attributes:
        id: the id of the task, or of the group.
        parent: the handle of the previous task of a chain.
        members: the handles of a group, in order; None for a single task.
    """

    id: str
    parent: "Ref | None" = None
    members: "tuple[Ref, ...] | None" = None

    def as_tuple(self, depth: int = 0) -> tuple[Any, Any]:
        """Return the nested tuple that Celery stores for a result handle.

        Args:
            depth: how many handles this one is nested in; beyond `MAX_LINEAGE` nothing is added.
        """
        if depth >= MAX_LINEAGE:
            return (self.id, None), None
        parent = self.parent.as_tuple(depth + 1) if self.parent else None
        members = None if self.members is None else [m.as_tuple(depth + 1) for m in self.members]
        return (self.id, parent), members


@final
@dataclass(frozen=True, slots=True)
class Owner:
    """The process that will run or runs a task: enough to tell later whether it is gone.

    Attributes:
        host: its host name.
        pid: its process id.
        started: an opaque mark of when it started, so that a reused pid is recognised.
    """

    host: str
    pid: int
    started: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """One immutable snapshot of a task.

    Attributes:
        id: the task id.
        state: a name of `upshot.states`, or a custom one.
        result: the value (SUCCESS), the exception (FAILURE, REVOKED, RETRY, LOST), or the
            progress data of an unfinished state.
        traceback: the formatted remote traceback of every link of the exception chain.
        children: handles of the tasks that this task sent.
        attempt: number of retries before this run, from 0.
        created: when it was submitted (aware UTC).
        started: when this attempt began to run (aware UTC).
        done: when it was finished (aware UTC); None while unfinished.
        name: name of the task.
        args: positional arguments, where `result_extended` keeps them.
        kwargs: keyword arguments, where `result_extended` keeps them.
        worker: who ran it, such as `host:pid` or Celery's node name.
        queue: the queue it came through.
        group: id of the group it belongs to.
        parent: id of the task that sent it.
        stamps: Celery's stamps, a list of values by stamp name.
        labels: short texts of the user's own, indexed where the store can.
        owner: the process that holds the task while it is unfinished.
    """

    id: str
    state: str = states.PENDING
    result: Any = None
    traceback: str | None = None
    children: tuple[Ref, ...] | None = None
    attempt: int = 0
    created: datetime | None = None
    started: datetime | None = None
    done: datetime | None = None
    name: str | None = None
    args: tuple[Any, ...] | None = None
    kwargs: Mapping[str, Any] | None = None
    worker: str | None = None
    queue: str | None = None
    group: str | None = None
    parent: str | None = None
    stamps: Mapping[str, Any] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: Owner | None = None

    @property
    def ready(self) -> bool:
        """Whether the task is finished, well or badly."""
        return self.state in states.READY_STATES

    @property
    def known(self) -> bool:
        """Whether the store had a record; false for UNKNOWN and EXPIRED."""
        return self.state not in states.ABSENT_STATES

    @property
    def order(self) -> int:
        """The integer by which a write of this record is compared with others."""
        return states.order(self.state, self.attempt)

    @property
    def outcome(self) -> Outcome | None:
        """The `Success` or `Failure` of a finished task, None while it is unfinished."""
        if not self.ready:
            return None
        if self.state == states.SUCCESS:
            return Success(self.result)
        return Failure(error_of(self.result), self.traceback)


def error_of(result: object) -> BaseException:
    """Return what to raise for the *result* of a task that failed.

    An exception loses the frames it was raised through before: a handle raises the same one each
    time it is asked, and they would pile up. Other writers may store something else, or nothing;
    that becomes a `NoResult`.
    """
    if isinstance(result, BaseException):
        return BaseException.with_traceback(result, None)
    return NoResult(f"the task failed: {result!r}")


def check_id(task_id: object) -> str:
    """Return *task_id* as text, or refuse it.

    Args:
        task_id: printable text of 1 to 155 characters, or a UUID object.

    Raises:
        ValueError: it is empty, too long, not printable, or neither text nor a UUID.
    """
    text = task_id if isinstance(task_id, str) else _uuid_text(task_id)
    if not text:
        raise ValueError("a task id must not be empty")
    if len(text) > MAX_ID:
        raise ValueError(f"a task id has at most {MAX_ID} characters, this one has {len(text)}")
    if not text.isprintable():
        raise ValueError(f"a task id must be printable text, not {text!r}")
    return text


def _uuid_text(task_id: object) -> str:
    from uuid import UUID

    if not isinstance(task_id, UUID):
        raise ValueError(f"a task id must be text or a UUID, not {type(task_id).__name__}")  # noqa: TRY004 one error type for every bad id
    return str(task_id)
