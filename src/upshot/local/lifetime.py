"""How the runtime behaves when the program ends, is interrupted, or forks.

One `Lifetime` serves all apps of the process. Leaving the program waits for their work, as
`concurrent.futures` does; SIGINT and SIGTERM end it early.
"""

import atexit
import contextlib
import logging
import os
import sys
import threading
import time
import weakref
from typing import Protocol

from upshot.local.signals import Signals, exit_code

GRACE = 5.0
"""Seconds that running tasks are given after SIGINT or SIGTERM."""

_log = logging.getLogger(__name__)


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
        self._signals = Signals(self._hear, self._interrupt_all)
        self._begin()

    def _begin(self) -> None:
        self._residents: weakref.WeakSet[Resident] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closer: threading.Thread | None = None
        self._calm()

    def _calm(self) -> None:
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
        self._signals.install()

    def leave(self, resident: Resident) -> None:
        """Forget *resident*; the last one to leave puts the signal handlers back."""
        with self._lock:
            self._residents.discard(resident)
            empty = not self._residents
        if empty and threading.current_thread() is threading.main_thread():
            self._signals.restore()
            self._calm()

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
        self._signals.after_fork()
        self._begin()
        for resident in residents:
            resident.after_fork()

    def leave_program(self) -> None:
        """End the process at once, if a signal asked for it, with the exit code of that signal."""
        if self._exit_code is None:
            return
        for flush in (sys.stdout.flush, sys.stderr.flush, logging.shutdown):
            with contextlib.suppress(Exception):
                flush()
        os._exit(self._exit_code)

    def at_exit(self) -> None:
        """Set the exit code that the main thread could not set any more."""
        if not self._signals.raised:
            self.leave_program()

    def _hear(self, number: int) -> None:
        self._received += 1
        if self._received == 1:
            self._since = time.monotonic()
        self._exit_code = exit_code(number)
        if self._received > 1 and not threading.main_thread().is_alive():
            self.leave_program()

    def _interrupt_all(self) -> None:
        for resident in list(self._residents):
            resident.interrupt()

    def _close_all(self) -> None:
        threading.main_thread().join()
        for resident in list(self._residents):
            try:
                resident.close()
            except Exception:  # noqa: BLE001 the next app must be closed all the same
                _log.exception("closing %r failed", resident)


lifetime = Lifetime()
# Registered as early as may be, because the last to be registered is called first.
atexit.register(lifetime.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lifetime.after_fork)
