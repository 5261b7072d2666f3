"""One attempt of one task: call the function, and say what it came to."""

import asyncio
import contextvars
import inspect
import threading
import traceback
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any

from upshot import states
from upshot.local.job import Ending
from upshot.local.running import Running, running
from upshot.results import inside_task

_LEADING = (__file__, str(Path(asyncio.__file__).parent))
_TRACE: Any = vars(BaseException)["__traceback__"]
_RELATIVES: Any = (vars(BaseException)["__cause__"], vars(BaseException)["__context__"])
"""Read from here, because a foreign exception may do anything when it is asked."""


def attempt(run: Running) -> Ending:
    """Run one attempt in a context of its own.

    Whatever the task raises becomes part of the ending, `SystemExit` and the like included: a
    task cannot end the worker.
    """
    try:
        value = contextvars.copy_context().run(_call, run)
    except BaseException as error:  # noqa: BLE001 the caller stores whatever it was
        return _failed(run, error)
    return Ending(state=states.SUCCESS, result=value)


def traceback_text(error: BaseException) -> str:
    """Return the traceback of *error* and of every link of its chain, as Python prints it."""
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 attributes of a foreign exception may do anything
        frames = "".join(traceback.format_tb(_TRACE.__get__(error)))
        name = type(error).__qualname__
        return f"Traceback (most recent call last):\n{frames}{name}: <it cannot be printed>\n"


def _call(run: Running) -> Any:
    running.set(run)
    inside_task.set(True)
    value = run.job.task.run(*run.job.args, **run.job.kwargs)
    return _finish(value) if inspect.iscoroutine(value) else value


def _finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run *coroutine* in a loop of its own; an eager call from a loop gets a thread for it."""
    if not _in_loop():
        return asyncio.run(coroutine)
    ended: list[Any] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            ended.append((context.run(asyncio.run, coroutine), None))
        except BaseException as error:  # noqa: BLE001 raised again in the thread that waits
            ended.append((None, error))

    thread = threading.Thread(target=run, name="upshot-eager")
    thread.start()
    thread.join()
    value, error = ended[0]
    if error is not None:
        raise error
    return value


def _in_loop() -> bool:
    # In a function of its own: an error raised while this one is handled would bear it as context.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _failed(run: Running, error: BaseException) -> Ending:
    _TRACE.__set__(error, _own_part(_TRACE.__get__(error)))
    text = traceback_text(error)
    # The frames of the task would live as long as the exception, with everything in them.
    _let_go(error)
    job = run.job
    options = job.task.options
    if not options.retries_after(error, job.attempt):
        return Ending(state=states.FAILURE, result=error, traceback=text)
    try:
        pause = options.pause(job.attempt)
    except Exception as wrong:  # noqa: BLE001 the backoff function belongs to the user
        wrong.add_note(f"raised by the backoff function of task {job.task.name}")
        wrong.__cause__ = error
        return Ending(state=states.FAILURE, result=wrong, traceback=traceback_text(wrong))
    return Ending(state=states.RETRY, result=error, traceback=text, pause=pause)


def _own_part(trace: TracebackType | None) -> TracebackType | None:
    """Return *trace* without the frames at its top that only lead to the task."""
    part = trace
    while part is not None and part.tb_frame.f_code.co_filename.startswith(_LEADING):
        part = part.tb_next
    return part or trace


def _let_go(error: BaseException) -> None:
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        link = rest.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        _TRACE.__set__(link, None)
        rest += (slot.__get__(link) for slot in _RELATIVES)
