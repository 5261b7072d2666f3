"""A call of a task that has not been made yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from upshot.results import AsyncResult

if TYPE_CHECKING:
    from upshot.local.task import Task

R = TypeVar("R")


@final
@dataclass(frozen=True, slots=True)
class Signature(Generic[R]):
    """A task with some of its arguments, to be sent later, alone or in a group or chord.

    Attributes:
        task: what is called.
        args: its last positional arguments.
        kwargs: its keyword arguments.
        immutable: takes no further arguments, and none from a chord's header.
        task_id: the id to run under; None makes a new one each time.
    """

    task: "Task[..., R]"
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    immutable: bool = False
    task_id: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """Run the function here and now, plainly, as if there were no task."""
        full = self.merged(args, kwargs)
        return self.task(*full.args, **full.kwargs)

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult[R]:
        """Send the task; *args* come before the arguments it has, *kwargs* replace equal ones."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        task_id: str | None = None,
    ) -> AsyncResult[R]:
        """Send the task.

        Args:
            args: come before the arguments it has.
            kwargs: are added to, and replace, the keyword arguments it has.
            task_id: the id to run under, in place of its own.

        Raises:
            TypeError: the arguments do not fit the function.
            UpshotError: the app is closed, or the store cannot be written.
        """
        full = self.merged(tuple(args), kwargs)
        return self.task.apply_async(full.args, full.kwargs, task_id=task_id or self.task_id)

    def set(self, *, task_id: str | None) -> "Signature[R]":
        """Return a copy that runs under *task_id*."""
        return replace(self, task_id=task_id)

    def merged(
        self, args: Iterable[Any], kwargs: Mapping[str, Any] | None = None
    ) -> "Signature[R]":
        """Return a copy with *args* before its own and *kwargs* over its own.

        An immutable one returns itself.
        """
        if self.immutable:
            return self
        return replace(self, args=(*args, *self.args), kwargs={**self.kwargs, **(kwargs or {})})

    def __repr__(self) -> str:
        shown = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"{self.task.name}({', '.join(shown)})"
