"""Other processes over the same data: several at once, one step by step, and a forked child."""

import multiprocessing
import os
import pickle
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from upshot.testing.declared import Opener

LIMIT = 300.0
"""Seconds after which a process counts as stuck."""


def run_processes(
    opener: Opener, work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
) -> list[Any]:
    """Run *work* in one process for each of *arguments*, all at the same time.

    Args:
        opener: opens the store of each process.
        work: a function of a module, called with the store and its arguments.
        arguments: one tuple a process.

    Returns:
        What each returned, in the order of *arguments*.

    Raises:
        AssertionError: a process failed (with its traceback) or did not end in time.
    """
    others = [OtherProcess(opener) for _ in arguments]
    try:
        for other, given in zip(others, arguments, strict=True):
            other.ask(work, given)
        return [other.answer() for other in others]
    finally:
        for other in others:
            other.close()


class OtherProcess:
    """A fresh process with a store object of its own; a context manager.

    Args:
        opener: opens the store there.
    """

    def __init__(self, opener: Opener) -> None:
        context = _context()
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(opener, theirs), name="upshot-testing-other", daemon=True
        )
        self._process.start()
        theirs.close()
        self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the store there and return its answer.

        Raises:
            AssertionError: it failed there; the message holds the traceback.
        """
        self.ask(_call, (method, args, kwargs))
        return self.answer()

    def ask(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Begin `work(store, *arguments)` there."""
        self._pipe.send((work, arguments))

    def answer(self) -> Any:
        """Wait for what was asked and return it."""
        assert self._pipe.poll(LIMIT), f"no answer of a process within {LIMIT:g} s"
        good, value = self._pipe.recv()
        assert good, f"in another process:\n{value}"
        return value

    def close(self) -> None:
        """End the process."""
        if self._process.is_alive():
            try:
                self._pipe.send(None)
            except OSError:
                self._process.kill()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()
        self._process.close()


class ForkedChild:
    """A forked child that runs *work* with everything it inherited.

    Args:
        work: what the child does; a failure is written to the pipe.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._read, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            _run_forked(work, write)
        os.close(write)

    def wait(self, limit: float = LIMIT) -> None:
        """Wait for the child's end.

        Raises:
            AssertionError: it failed or did not end in time.
        """
        deadline = time.monotonic() + limit
        while (done := os.waitpid(self.pid, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        if done[0] == 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        with os.fdopen(self._read, "rb") as pipe:
            report = pipe.read().decode()
        assert done[0], f"the forked child still ran after {limit:g} s"
        assert not report, f"in the forked child:\n{report}"
        assert os.waitstatus_to_exitcode(done[1]) == 0


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["upshot.testing"])
    return context


def _serve(opener: Opener, pipe: Connection) -> None:
    store = opener()
    pipe.send((True, None))
    while (asked := pipe.recv()) is not None:
        work, arguments = asked
        try:
            answer = pickle.dumps((True, work(store, *arguments)))
        except BaseException:  # noqa: BLE001 reported to the process that asked
            answer = pickle.dumps((False, traceback.format_exc()))
        pipe.send_bytes(answer)
    store.close()


def _call(store: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return getattr(store, method)(*args, **kwargs)


def _run_forked(work: Callable[[], None], write: int) -> None:
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 reported through the pipe
        os.write(write, traceback.format_exc().encode()[:60_000])
    finally:
        os._exit(code)
