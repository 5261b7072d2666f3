"""Hears SIGINT and SIGTERM in a thread, and interrupts the main thread.

Python runs handlers in the main thread only, and not while that is blocked: a signal that comes in
the instant in which it begins to wait is not noticed at all. So a thread reads the numbers of
signals from a pipe, into which they are written the moment they come (`signal.set_wakeup_fd`), and
the handler does nothing but raise.
"""

import asyncio
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_DEFAULTS: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
_END = b"\0"


class Interrupted(KeyboardInterrupt, SystemExit):
    """What SIGINT and SIGTERM raise in the main thread while an app works.

    `except KeyboardInterrupt` catches it; where nobody does, the program ends without a traceback
    and with the exit code 130 or 143.
    """


def exit_code(number: int) -> int:
    """Return the exit code of a program that signal *number* ended."""
    return 128 + number


def _is_asyncio(handler: object) -> bool:
    """Tell whether `asyncio.run` has *handler* turn Ctrl-C into a `KeyboardInterrupt`."""
    method = getattr(handler, "func", None)
    return isinstance(getattr(method, "__self__", None), asyncio.Runner)


class Signals:
    """The handlers of one process.

    Args:
        hear: called in a thread with the number of each signal; must not take long.
        act: called after `hear`, in another thread, so that the next signal is heard meanwhile.
    """

    def __init__(self, hear: Callable[[int], None], act: Callable[[], None]) -> None:
        self._hear = hear
        self._act = act
        self._ear: int | None = None
        self._mouth = -1
        self.raised = False

    def install(self) -> None:
        """Take over the signals that have Python's default handlers; only in the main thread."""
        # At a prompt Ctrl-C ends a command, not the session.
        if self._ear is not None or hasattr(sys, "ps1") or sys.flags.interactive:
            return
        free = [n for n, default in _DEFAULTS.items() if signal.getsignal(n) == default]
        if not free or threading.current_thread() is not threading.main_thread():
            return
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        # Both now: while the program ends, Python 3.12 starts no threads.
        heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        for name, target, arg in (
            ("upshot-signals", self._listen, (self._ear, heard)),
            ("upshot-interrupt", self._obey, (heard,)),
        ):
            threading.Thread(target=target, args=arg, name=name, daemon=True).start()
        self._wire(-1)
        for number in free:
            signal.signal(number, self._on_signal)

    def restore(self) -> None:
        """Put the default handlers back; only in the main thread."""
        if self._ear is None or threading.current_thread() is not threading.main_thread():
            return
        self._unwire()
        os.write(self._mouth, _END)
        os.close(self._mouth)
        self._ear = None
        self.raised = False

    def after_fork(self) -> None:
        """Let go of the parent's handlers and pipe in a forked child."""
        if self._ear is not None:
            self._unwire()
            os.close(self._ear)
            os.close(self._mouth)
        self._ear = None
        self.raised = False

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self._wire(self._mouth):
            os.write(self._mouth, bytes([number]))
        # After the last line of the program an exception would only be printed.
        if threading.main_thread().is_alive():
            self.raised = True
            interrupted = Interrupted()
            interrupted.code = exit_code(number)
            raise interrupted

    def _listen(self, ear: int, heard: "queue.SimpleQueue[int]") -> None:
        while numbers := os.read(ear, 64):
            for number in numbers:
                if not number:
                    os.close(ear)
                    heard.put(number)
                    return
                # The pipe tells of every signal; some have handlers of the program's own.
                handler = signal.getsignal(number)
                by_asyncio = _is_asyncio(handler)
                if by_asyncio or handler == self._on_signal:
                    self.raised = self.raised or by_asyncio
                    self._hear(number)
                    heard.put(number)

    def _obey(self, heard: "queue.SimpleQueue[int]") -> None:
        while heard.get():
            self._act()

    def _wire(self, expected: int) -> bool:
        """Let signals be written to our pipe if they went to *expected*; return whether they do."""
        before = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        if before == expected:
            return True
        signal.set_wakeup_fd(before)
        return False

    def _unwire(self) -> None:
        before = signal.set_wakeup_fd(-1)
        if before != self._mouth:
            signal.set_wakeup_fd(before)
        for number, default in _DEFAULTS.items():
            # Whoever installed a handler of their own meanwhile keeps it.
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, default)
