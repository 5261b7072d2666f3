"""How the runtime behaves when the program ends, is interrupted, or forks.

One `Lifetime` serves all apps of the process. Leaving the program waits for their work, as
`concurrent.futures` does; SIGINT and SIGTERM end it early. Signal handlers do next to nothing:
they leave a note for a thread, because the interrupted main thread may hold any lock.
"""

import atexit
import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import time
import weakref
from types import FrameType
from typing import Any, Protocol

GRACE = 5.0
"""Seconds that running tasks are given after SIGINT or SIGTERM."""

_log = logging.getLogger(__name__)
_DEFAULTS: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interrupted(KeyboardInterrupt, SystemExit):
    """What SIGINT and SIGTERM raise in the main thread while an app works.

    `except KeyboardInterrupt` catches it; where nobody does, the program ends without a traceback
    and with the exit code 130 or 143.
    """


class Resident(Protocol):
    """What has work that outlives the main thread."""

    def interrupt(self) -> None:
        """Give up what has not begun."""

    def close(self) -> None:
        """Wait for what is left, as long as `Lifetime.deadline` allows, and release everything."""

    def after_fork(self) -> None:
        """Begin empty in a forked child."""


class Lifetime:
    """Ends the work of all residents in time."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._residents: weakref.WeakSet[Resident] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closer: threading.Thread | None = None
        self._notes: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._installed = False
        self._received = 0
        self._since = 0.0
        self._exit_code: int | None = None

    def join(self, resident: Resident) -> None:
        """Watch over *resident* until `leave`; called when it first has something to do."""
        with self._lock:
            self._residents.add(resident)
            if self._closer is None:
                # Not a daemon: the interpreter waits for it, and it waits for the residents.
                self._closer = threading.Thread(target=self._close_all, name="upshot-exit")
                self._closer.start()
        self._install()

    def leave(self, resident: Resident) -> None:
        """Forget *resident*; the last one to leave puts the signal handlers back."""
        with self._lock:
            self._residents.discard(resident)
            empty = not self._residents
        if empty:
            self._restore()

    def deadline(self) -> float | None:
        """Return until when residents may wait for running work.

        Returns:
            A time of `time.monotonic`; None without limit, which is so while nobody interrupts.
        """
        if self._received == 0:
            return None
        return self._since + GRACE if self._received == 1 else 0.0

    def after_fork(self) -> None:
        """Begin anew in a forked child, which inherits neither threads nor work."""
        residents = list(self._residents)
        installed = self._installed
        self._begin()
        if installed:
            self._put_back()
        for resident in residents:
            resident.after_fork()

    def _close_all(self) -> None:
        threading.main_thread().join()
        for resident in list(self._residents):
            try:
                resident.close()
            except Exception:  # noqa: BLE001 the next app must be closed all the same
                _log.exception("closing %r failed", resident)

    def _install(self) -> None:
        # At a prompt Ctrl-C ends a command, not the session.
        if self._installed or hasattr(sys, "ps1") or sys.flags.interactive:
            return
        if threading.current_thread() is not threading.main_thread():
            return
        free = [n for n, default in _DEFAULTS.items() if signal.getsignal(n) == default]
        if not free:
            return
        threading.Thread(
            target=self._watch, args=(self._notes,), name="upshot-signals", daemon=True
        ).start()
        self._installed = True
        for number in free:
            signal.signal(number, self._on_signal)

    def _restore(self) -> None:
        if not self._installed or threading.current_thread() is not threading.main_thread():
            return
        self._put_back()
        self._notes.put(None)
        self._notes = queue.SimpleQueue()
        self._installed = False
        self._received = 0

    def _put_back(self) -> None:
        for number, default in _DEFAULTS.items():
            # Whoever installed a handler of their own meanwhile keeps it.
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, default)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        code = 128 + number
        self._received += 1
        if self._received == 1:
            self._since = time.monotonic()
        self._notes.put(number)
        if threading.main_thread().is_alive():
            interrupted = Interrupted()
            interrupted.code = code
            raise interrupted
        # The program has left its last line: an exception would only be printed by the
        # interpreter, which waits for the closer now.
        self._exit_code = code
        if self._received > 1:
            self.leave_program()

    def leave_program(self) -> None:
        """End the process at once if a signal came when nothing else could set its exit code."""
        if self._exit_code is None:
            return
        for flush in (sys.stdout.flush, sys.stderr.flush, logging.shutdown):
            with contextlib.suppress(Exception):
                flush()
        os._exit(self._exit_code)

    def _watch(self, notes: "queue.SimpleQueue[int | None]") -> None:
        while notes.get() is not None:
            for resident in list(self._residents):
                resident.interrupt()


lifetime = Lifetime()
# Registered as early as may be, because the last to be registered is called first.
atexit.register(lifetime.leave_program)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lifetime.after_fork)
