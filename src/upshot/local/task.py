"""A function that can be sent to the workers of an app."""

import functools
import inspect
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, final

from upshot.local.job import Job
from upshot.local.options import TaskOptions
from upshot.local.running import Running, running_in
from upshot.local.signature import Signature
from upshot.record import Ref, check_id
from upshot.results import AsyncResult

if TYPE_CHECKING:
    from upshot.local.app import App

P = ParamSpec("P")
R = TypeVar("R")


@final
class Task(Generic[P, R]):
    """A function under a name, made by `App.task`.

    Calling it runs the function plainly. `delay` and `apply_async` send it to the workers of its
    app. Safe for threads.

    Args:
        app: whose workers run it.
        function: what it does; a coroutine function runs in the worker's thread, in an event loop
            of its own.
        name: its unique name within the app.
        options: how it is run and kept.
    """

    __name__: str

    def __init__(
        self, app: "App", function: Callable[..., Any], name: str, options: TaskOptions
    ) -> None:
        functools.update_wrapper(self, function)
        self.app = app
        self.name = name
        self.options = options
        self.run: Callable[..., Any] = (
            functools.partial(function, self) if options.bind else function
        )
        self._accepts = _signature_of(self.run)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function here and now, plainly; a coroutine function returns its coroutine."""
        result: R = self.run(*args, **kwargs)
        return result

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send the task with these arguments and return the handle of its result.

        Raises:
            TypeError: the arguments do not fit the function.
            UpshotError: the app is closed, or the store cannot be written.
        """
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        task_id: str | None = None,
    ) -> AsyncResult[R]:
        """Send the task and return the handle of its result.

        Args:
            args: positional arguments; they are passed on as they are, not copied.
            kwargs: keyword arguments.
            task_id: 1 to 155 printable characters, or a UUID; None makes a new id. An id that has
                finished before keeps its result, unless `upshot_rerun` is "forget".

        Raises:
            TypeError: the arguments do not fit the function.
            ValueError: the id cannot be used.
            UpshotError: the app is closed, or the store cannot be written.
        """
        engine = self.app.engine
        job = self.job(Signature(self, tuple(args), kwargs or {}, task_id=task_id))
        if task_id is not None:
            engine.make_room(job.id)
        engine.send([job])
        here = running_in(self.app)
        if here is not None:
            here.sent(Ref(job.id))
        return engine.result(job)

    def s(self, *args: Any, **kwargs: Any) -> Signature[R]:
        """Return a signature: the task with some arguments, to be sent later."""
        return Signature(self, args, kwargs)

    def si(self, *args: Any, **kwargs: Any) -> Signature[R]:
        """Return an immutable signature, which takes no further arguments."""
        return Signature(self, args, kwargs, immutable=True)

    def update_state(self, state: str = "PROGRESS", meta: Any = None) -> None:
        """Tell how far the running attempt has come.

        At most 20 values a second are stored, the last one wins. Where this task does not run,
        because its function was called plainly, nothing happens.

        Args:
            state: a name of your own; those of the runtime are refused.
            meta: what readers find as `result.info`.

        Raises:
            ValueError: *state* is a name that the runtime sets itself.
            EncodeError: *meta* cannot be encoded.
            UpshotError: the store cannot be written.
        """
        here = self.request
        if here is not None:
            here.report(state, meta)

    @property
    def request(self) -> Running | None:
        """The running attempt of this task, or None where it does not run."""
        here = running_in(self.app)
        return here if here is not None and here.job.task is self else None

    @property
    def stored(self) -> bool:
        """Whether the results of this task are kept."""
        ignored = self.options.ignore_result
        return not (self.app.settings["task_ignore_result"] if ignored is None else ignored)

    def job(
        self,
        call: Signature[Any],
        *,
        group: str | None = None,
        parent: str | None = None,
        on_end: Callable[[Any], None] | None = None,
    ) -> Job:
        """Return *call* as a job, its arguments and id checked.

        Args:
            call: a signature of this task with all its arguments.
            group: id of the group it belongs to.
            parent: id of what it follows; None takes the running task.
            on_end: called with its final record.
        """
        try:
            if self._accepts is not None:
                self._accepts.bind(*call.args, **call.kwargs)
        except TypeError as error:
            raise TypeError(f"task {self.name}{self._accepts}: {error}") from None
        here = running_in(self.app)
        return Job(
            task=self,
            id=str(uuid.uuid4()) if call.task_id is None else check_id(call.task_id),
            args=call.args,
            kwargs=call.kwargs,
            stored=self.stored,
            group=group,
            parent=here.id if parent is None and here is not None else parent,
            on_end=on_end,
        )

    def __reduce__(self) -> str:
        # By name, as functions are: the process that reads it has the task of its own app.
        return str(getattr(self, "__qualname__", self.name))

    def __repr__(self) -> str:
        return f"<Task {self.name} of {self.app!r}>"


def _signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions do not tell
        return None
