"""The app: tasks, the threads that run them, and the backend that keeps their results."""

import threading
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, Self, TypeVar, final, overload

from upshot.backend import Backend
from upshot.core import DEFAULT, Lifetime
from upshot.errors import DuplicateTask, Misconfigured, Unsupported
from upshot.local.eager import Eager
from upshot.local.engine import Engine
from upshot.local.lifetime import lifetime
from upshot.local.naming import task_name
from upshot.local.options import Backoff, TaskOptions, check_options, check_retried
from upshot.local.task import Task
from upshot.local.threaded import Threaded
from upshot.results import connect
from upshot.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class Decorator(Protocol):
    """What `App.task` with options returns."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...


class BoundDecorator(Protocol):
    """What `App.task` with `bind=True` returns."""

    @overload
    def __call__(
        self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /
    ) -> Task[P, R]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[Any, P], R], /) -> Task[P, R]: ...


@final
class App:
    """Runs functions in threads of this process and keeps what they return.

    The queue is in memory: what has not run when the process dies reads as LOST. Leaving the
    program, or the `with` block, waits for queued and running tasks; SIGINT and SIGTERM revoke the
    queued ones and give the running ones 5 s. Safe for threads; a forked child begins with an empty
    queue. Several apps with different backends live side by side.

    Args:
        name: shown in messages.
        backend: where results are kept, as a URL or as an open `Backend`, which stays open; None
            takes the setting `result_backend`, then `UPSHOT_BACKEND`, then a SQLite file in the
            user's state directory. Opened on first use.
        pool: what runs the tasks; "threads" is all there is yet.
        workers: most tasks at the same time; None takes the processors and four, at most 32.
        settings: names and values, strictly checked.

    Raises:
        Misconfigured: an argument or a setting is wrong.
        Unsupported: pool="processes".
    """

    def __init__(
        self,
        name: str = "upshot",
        *,
        backend: str | Backend | None = None,
        pool: Literal["threads", "processes"] = "threads",
        workers: int | None = None,
        settings: Settings | Mapping[str, Any] | None = None,
    ) -> None:
        _check(name, pool, workers)
        self.name = name
        self.pool = pool
        self.settings = _settings(settings, backend)
        self._url = backend if isinstance(backend, str) else None
        self._backend = backend if isinstance(backend, Backend) else None
        self._given = self._backend is not None
        self._lock = threading.RLock()
        self._tasks: dict[str, Task[..., Any]] = {}
        self._threaded = Threaded(name, self.settings, self._open, self, workers)
        self._eager = Eager(self.settings, self._open)

    @property
    def backend(self) -> Backend:
        """Where results are kept; opened now if it was not.

        Raises:
            UpshotError: the store cannot be opened.
        """
        return self._open()

    @property
    def tasks(self) -> Mapping[str, Task[..., Any]]:
        """The tasks by name."""
        return MappingProxyType(self._tasks)

    @property
    def engine(self) -> Engine:
        """What runs the tasks: the threads, or with `task_always_eager` the calling thread."""
        return self._eager if self.settings["task_always_eager"] else self._threaded

    @overload
    def task(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...
    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(
        self,
        function: None = None,
        /,
        *,
        bind: Literal[True],
        name: str | None = None,
        ignore_result: bool | None = None,
        autoretry_for: type[BaseException] | tuple[type[BaseException], ...] = (),
        max_retries: int = 3,
        backoff: Backoff = 1.0,
        time_limit: float | None = None,
        result_expires: Lifetime = DEFAULT,
    ) -> BoundDecorator: ...
    @overload
    def task(
        self,
        function: None = None,
        /,
        *,
        bind: Literal[False] = False,
        name: str | None = None,
        ignore_result: bool | None = None,
        autoretry_for: type[BaseException] | tuple[type[BaseException], ...] = (),
        max_retries: int = 3,
        backoff: Backoff = 1.0,
        time_limit: float | None = None,
        result_expires: Lifetime = DEFAULT,
    ) -> Decorator: ...
    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        bind: bool = False,
        ignore_result: bool | None = None,
        autoretry_for: type[BaseException] | tuple[type[BaseException], ...] = (),
        max_retries: int = 3,
        backoff: Backoff = 1.0,
        time_limit: float | None = None,
        result_expires: Lifetime = DEFAULT,
    ) -> Any:
        """Make a task of a function; a decorator, with or without options.

        Args:
            function: what it does; a coroutine function gets an event loop of its own.
            name: instead of the function's module and qualified name.
            bind: the function receives the `Task` as first argument.
            ignore_result: store nothing; None leaves it to the setting `task_ignore_result`.
            autoretry_for: exception classes after which it is tried again.
            max_retries: attempts after the first one.
            backoff: base in seconds of an exponential pause with full jitter, at most 600 s; or a
                function from the number of the retry, counted from 0, to the pause in seconds.
            time_limit: refused, because threads cannot be ended.
            result_expires: seconds to keep the records; None for ever.

        Raises:
            DuplicateTask: the app has a task of this name.
            Misconfigured: an option is wrong.
        """

        def declare(function: Callable[..., Any]) -> Task[..., Any]:
            if not callable(function):
                raise Misconfigured(
                    f"@{self.name}.task takes its options by name, and decorates a function, not "
                    f"{function!r}"
                )
            chosen = name or task_name(function)
            options = TaskOptions(
                bind=bind,
                ignore_result=ignore_result,
                autoretry_for=check_retried(chosen, autoretry_for),
                max_retries=max_retries,
                backoff=backoff,
                result_expires=result_expires,
            )
            check_options(chosen, options, time_limit=time_limit, pool=self.pool)
            return self._register(Task(self, function, chosen, options))

        return declare if function is None else declare(function)

    def interrupt(self) -> None:
        """Revoke what is queued; running tasks have 5 s left when the app is closed."""
        self._threaded.interrupt()

    def close(self) -> None:
        """Wait for queued and running tasks, then release everything; may be called twice.

        A `KeyboardInterrupt` ends the waiting: the app is interrupted and the error goes on.

        Raises:
            WouldBlock: called by a task of this app, which would wait for itself.
        """
        self._threaded.refuse_inside()
        try:
            self._threaded.drain()
        except KeyboardInterrupt:
            self.interrupt()
            self._threaded.drain()
            raise
        finally:
            self._release()

    def after_fork(self) -> None:
        """Begin with an empty queue in a forked child; called by the runtime."""
        self._lock = threading.RLock()
        self._threaded.after_fork()

    def _release(self) -> None:
        lifetime.leave(self)
        with self._lock:
            backend = self._backend
        if backend is not None and not self._given:
            backend.close()

    def _open(self) -> Backend:
        with self._lock:
            if self._backend is None:
                self._backend = connect(self._url, settings=self.settings)
            return self._backend

    def _register(self, task: Task[..., Any]) -> Task[..., Any]:
        with self._lock:
            if task.name in self._tasks:
                raise DuplicateTask(
                    f"app {self.name!r} already has a task {task.name!r}: give one of the two "
                    f"functions another name with @app.task(name=...)"
                )
            self._tasks[task.name] = task
        return task

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.interrupt()
        self.close()

    def __repr__(self) -> str:
        return f"<App {self.name}>"


def _check(name: str, pool: str, workers: int | None) -> None:
    if pool == "processes":
        raise Unsupported(f"app {name!r}: pool='processes' is not built yet; use pool='threads'")
    if pool != "threads":
        raise Misconfigured(f"app {name!r}: pool={pool!r} is neither 'threads' nor 'processes'")
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int)):
        raise Misconfigured(f"app {name!r}: workers={workers!r} is no whole number")
    if workers is not None and workers < 1:
        raise Misconfigured(f"app {name!r}: workers={workers} is less than 1")


def _settings(
    settings: Settings | Mapping[str, Any] | None, backend: str | Backend | None
) -> Settings:
    if isinstance(settings, Settings):
        return settings
    if settings is None and isinstance(backend, Backend):
        return backend.settings
    return Settings.from_mapping(settings)
