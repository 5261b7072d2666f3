"""The result of a task that ran at once, in memory."""

from typing import Any, TypeVar

from upshot import states
from upshot.meta import meta_of
from upshot.record import TaskRecord
from upshot.results.single import AsyncResult

T_co = TypeVar("T_co", covariant=True)


class EagerResult(AsyncResult[T_co]):
    """The result of a task that ran in this process at once; it reads no store.

    Args:
        id: the task id.
        value: what the task returned, or raised.
        state: the state it ended in.
        traceback: text of the traceback, if it raised.
        name: name of the task.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 see AsyncResult
        value: Any,
        state: str = states.SUCCESS,
        *,
        traceback: str | None = None,
        name: str | None = None,
        parent: AsyncResult[Any] | None = None,
    ) -> None:
        super().__init__(id, parent=parent)
        self._cache = meta_of(
            TaskRecord(id=self.id, state=state, result=value, traceback=traceback, name=name)
        )

    def record(self) -> TaskRecord:
        """Return the snapshot, from memory."""
        meta = self._meta()
        return TaskRecord(
            id=self.id,
            state=meta["status"],
            result=meta["result"],
            traceback=meta.get("traceback"),
            name=meta.get("name"),
        )

    def forget(self) -> None:
        """Do nothing: nothing was stored."""

    def __reduce__(self) -> Any:
        record = self.record()
        return EagerResult, (self.id, record.result, record.state)
