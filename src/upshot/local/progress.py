"""Progress of running tasks, written at a bounded rate: the last value wins."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from upshot import states

RATE = 20
"""Most writes a second for one task."""

_log = logging.getLogger(__name__)
_TAKEN = states.READY_STATES | states.ABSENT_STATES | {states.PENDING, states.RETRY}


class Progress:
    """Coalesces the progress of one attempt.

    The first value is written at once, in the thread of the task. What follows within 1/20 s waits
    for its turn, and only the last of it is written.

    Args:
        write: stores a state and its data.
        later: calls `flush` of this object after so many seconds, in another thread.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        write: Callable[[str, Any], None],
        later: Callable[["Progress", float], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._later = later
        self._clock = clock
        self._lock = threading.Lock()
        self._next = float("-inf")
        self._latest: tuple[str, Any] | None = None
        self._scheduled = False
        self._closed = False

    def update(self, state: str, meta: Any) -> None:
        """Note *meta*; it is stored now, or soon unless something newer comes.

        Raises:
            ValueError: *state* belongs to the runtime.
            EncodeError: *meta* is to be stored now and cannot be encoded.
        """
        if not state or state in _TAKEN:
            raise ValueError(
                f"update_state cannot set {state!r}, which the runtime sets itself; "
                "use a name of your own, such as 'PROGRESS'"
            )
        with self._lock:
            if self._closed:
                return
            # Tasks like to go on filling the same dict.
            kept = meta.copy() if isinstance(meta, dict | list) else meta
            self._latest = (state, kept)
            if not self._waits():
                self._store()

    def flush(self) -> None:
        """Write what waits for its turn."""
        with self._lock:
            self._scheduled = False
            # A value that came before this late call may have been written just now.
            if self._closed or self._latest is None or self._waits():
                return
            try:
                self._store()
            except Exception as error:  # noqa: BLE001 progress is not worth a task
                _log.warning("progress was not stored: %s", error)

    def close(self) -> None:
        """Write nothing from now on; does not wait for a write on its way, the guard orders it."""
        self._closed = True

    def _waits(self) -> bool:
        """Tell whether the next write must wait, and see to it that it comes."""
        wait = self._next - self._clock()
        if wait > 0 and not self._scheduled:
            self._scheduled = True
            try:
                self._later(self, wait)
            except RuntimeError:  # no new thread while the interpreter ends
                self._scheduled = False
        return wait > 0

    def _store(self) -> None:
        latest, self._latest = self._latest, None
        if latest is not None:
            self._next = self._clock() + 1 / RATE
            self._write(*latest)
