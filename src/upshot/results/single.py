"""The handle of one task's result.

Handles pickle, compare and hash by id, and do no I/O until they are asked something.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from upshot import states
from upshot.backend import Backend
from upshot.blocking import inside_task, refuse_to_block
from upshot.errors import Unsupported
from upshot.meta import Meta, ref_of
from upshot.record import Ref, TaskRecord, check_id, error_of
from upshot.results.handles import default_backend, from_ref, register

T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")


class AsyncResult(Generic[T_co]):
    """The result of one task, known by its id.

    Args:
        id: the task id.
        backend: where to read; None takes `default_backend`.
        parent: the handle of the previous task of a chain.
        ignored: the task stores no result.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 the name that callers of Celery's results know
        backend: Backend | None = None,
        *,
        parent: "AsyncResult[Any] | None" = None,
        ignored: bool = False,
    ) -> None:
        self.id = check_id(id)
        self.parent = parent
        self.ignored = ignored
        self._backend = backend
        self._cache: Meta | None = None

    @property
    def backend(self) -> Backend:
        """Where the result is read."""
        if self._backend is None:
            self._backend = default_backend()
        return self._backend

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        no_ack: bool = True,
        follow_parents: bool = True,
        callback: Callable[[str, Any], object] | None = None,
        on_message: Callable[[Meta], object] | None = None,
        on_interval: Callable[[], object] | None = None,
        disable_sync_subtasks: bool = True,
    ) -> T_co:
        """Wait for the task and return its value, or raise its error.

        Args:
            timeout: most seconds to wait; None for ever, 0 for one look. The task is not stopped.
            propagate: False returns the error instead of raising it.
            interval: longest pause in seconds between looks at a store that cannot push.
            no_ack: acknowledge messages at once, on stores made of messages.
            follow_parents: raise the error of the first failed parent, from the root down.
            callback: called as `callback(task_id, value)` when the value is there.
            on_message: called with each meta that is heard, on stores that push.
            on_interval: called on every pass of the wait.
            disable_sync_subtasks: refuse to wait inside a task.

        Raises:
            ResultTimeout: the task is not ready in time.
            WouldBlock: called inside a task, outside `allow_join_result`, and it would wait.
            NoResult: no backend is configured.
            Exception: what the task raised; `RemoteError` where its class is not available.
        """
        if self.ignored:
            return cast("T_co", None)
        checks_parents = follow_parents and propagate and self.parent is not None
        if checks_parents:
            self._maybe_reraise_parent_error()
        if self._cache is None and disable_sync_subtasks and inside_task.get() and not self.ready():
            refuse_to_block(f"task {self.id}")
        if self._cache is not None:
            return cast("T_co", self.maybe_throw(propagate=propagate, callback=callback))

        def each_pass() -> None:
            if checks_parents:
                self._maybe_reraise_parent_error()
            if on_interval is not None:
                on_interval()

        watched = checks_parents or on_interval is not None
        value = self.backend.wait_for_pending(
            self,
            timeout=timeout,
            interval=interval,
            on_interval=each_pass if watched else None,
            no_ack=no_ack,
            propagate=propagate,
            callback=callback,
            on_message=on_message,
        )
        return cast("T_co", value)

    def record(self) -> TaskRecord:
        """Return the whole snapshot in one read."""
        return self.backend.records.load(self.id)

    def ready(self) -> bool:
        """Tell whether the task is finished, well or badly."""
        return self.state in states.READY_STATES

    def successful(self) -> bool:
        """Tell whether the task returned a value."""
        return self.state == states.SUCCESS

    def failed(self) -> bool:
        """Tell whether the task raised; False for a revoked one."""
        return self.state == states.FAILURE

    @property
    def state(self) -> str:
        """Name of the state."""
        return str(self._meta()["status"])

    @property
    def result(self) -> Any:
        """The value, the exception, or the progress data."""
        return self._meta()["result"]

    status = state
    info = result

    @property
    def traceback(self) -> str | None:
        """Text of the remote traceback."""
        return self._field("traceback", str)

    @property
    def children(self) -> list[Any] | None:
        """Handles of the tasks that this task sent."""
        stored = self._meta().get("children")
        if stored is None:
            return None
        return [from_ref(ref_of(child), self.backend) for child in stored]

    @property
    def date_done(self) -> datetime | None:
        """When the task was finished."""
        when = self._meta().get("date_done")
        return datetime.fromisoformat(when) if isinstance(when, str) else when

    @property
    def name(self) -> str | None:
        """Name of the task, where it was stored."""
        return self._field("name", str)

    @property
    def args(self) -> list[Any] | None:
        """Positional arguments, where they were stored."""
        return self._field("args", list)

    @property
    def kwargs(self) -> dict[str, Any] | None:
        """Keyword arguments, where they were stored."""
        return self._field("kwargs", dict)

    @property
    def worker(self) -> str | None:
        """Who ran the task, where it was stored."""
        return self._field("worker", str)

    @property
    def retries(self) -> int | None:
        """Number of retries before this run, where it was stored."""
        return self._field("retries", int)

    @property
    def queue(self) -> str | None:
        """The queue the task came through, where it was stored."""
        return self._field("queue", str)

    def forget(self) -> None:
        """Remove the stored result, and those of the parents; a second call does no harm."""
        self._cache = None
        self.backend.forget(self.id)
        if self.parent is not None:
            self.parent.forget()

    def revoke(self, terminate: bool = False) -> None:  # noqa: ARG002 part of the known signature
        """Ask the workers to skip the task.

        Raises:
            Unsupported: not yet built; interrupting an app revokes what it has queued.
        """
        raise Unsupported("single tasks cannot be revoked yet; closing the app early revokes all")

    def as_tuple(self) -> tuple[Any, Any]:
        """Return the nested tuple that stands for this handle in stored data."""
        return self.ref().as_tuple()

    def ref(self) -> Ref:
        """Return the plain form of this handle."""
        return Ref(self.id, None if self.parent is None else self.parent.ref())

    def maybe_throw(
        self, propagate: bool = True, callback: Callable[[str, Any], object] | None = None
    ) -> Any:
        """Return the value that is known, or raise its error.

        Args:
            propagate: False returns the error instead of raising it.
            callback: called as `callback(task_id, value)` with what is returned.
        """
        meta = self._meta()
        value = meta["result"]
        if propagate and meta["status"] in states.PROPAGATE_STATES:
            raise error_of(value)
        if callback is not None:
            callback(self.id, value)
        return value

    def _maybe_set_cache(self, meta: Meta) -> Meta:
        if meta["status"] in states.READY_STATES:
            self._cache = meta
        return meta

    def _maybe_reraise_parent_error(self) -> None:
        for ancestor in reversed(self._ancestors()):
            # Failed members of a chord's header are the body's business, see `on_error`.
            if isinstance(ancestor, AsyncResult):
                ancestor.maybe_throw()

    def _ancestors(self) -> "list[AsyncResult[Any]]":
        found: list[AsyncResult[Any]] = []
        node = self.parent
        while node is not None:
            found.append(node)
            node = node.parent
        return found

    def _meta(self) -> Meta:
        if self._cache is not None:
            return self._cache
        return self._maybe_set_cache(self.backend.get_task_meta(self.id))

    def _field(self, name: str, kind: type[V]) -> V | None:
        value = self._meta().get(name)
        return value if isinstance(value, kind) else None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AsyncResult):
            return self.id == other.id
        return self.id == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.id}>"

    def __reduce__(self) -> Any:
        return _rebuilt, (type(self), self.id, self._backend, self.parent, self.ignored)


def _rebuilt(
    cls: "type[AsyncResult[Any]]",
    task_id: str,
    backend: Backend | None,
    parent: "AsyncResult[Any] | None",
    ignored: bool,
) -> "AsyncResult[Any]":
    return cls(task_id, backend, parent=parent, ignored=ignored)


def _from_ref(ref: Ref, backend: Backend) -> AsyncResult[Any]:
    parent = None if ref.parent is None else from_ref(ref.parent, backend)
    return AsyncResult(ref.id, backend, parent=parent)


register("task", _from_ref)
