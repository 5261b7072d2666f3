"""Worker threads with a queue and a heap of due times.

`concurrent.futures` has no due times, and no way to give back what has not begun.
"""

import contextlib
import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

J = TypeVar("J")
_log = logging.getLogger(__name__)
_LONGEST = 3600.0
"""Seconds of one sleep of a worker: a lock cannot wait for centuries, which a job may be put off by."""


class Pool(Generic[J]):
    """Runs jobs in daemon threads, which start when needed and end when long idle.

    Nothing here keeps the program alive: whoever owns the pool calls `drain` before the end.

    Args:
        run: called with each job, in a worker thread.
        workers: most threads.
        name: of the threads, which are called `name-1`, `name-2`, …
        idle: seconds without work after which a thread ends.
    """

    def __init__(
        self, run: Callable[[J], None], workers: int, *, name: str, idle: float = 10.0
    ) -> None:
        self._run = run
        self._workers = workers
        self._name = name
        self._idle = idle
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._rest = threading.Condition(self._lock)
        self._queue: deque[J] = deque()
        self._later: list[tuple[float, int, J]] = []
        self._count = itertools.count(1)
        self._threads: set[int] = set()
        self._waiting = 0
        self._running = 0
        self._stopped = False

    def put(self, jobs: Iterable[J]) -> bool:
        """Queue *jobs* in order; False if the pool was stopped, and then none is queued."""
        with self._lock:
            if self._stopped:
                return False
            self._queue.extend(jobs)
            missing = self._wake()
        self._start(missing)
        return True

    def put_later(self, job: J, delay: float) -> bool:
        """Queue *job* after *delay* seconds; False if the pool was stopped."""
        with self._lock:
            if self._stopped:
                return False
            heapq.heappush(self._later, (time.monotonic() + delay, next(self._count), job))
            missing = self._wake()
        self._start(missing)
        return True

    def stop(self) -> list[J]:
        """Take no more jobs and give back those that have not begun, first due first."""
        with self._lock:
            self._stopped = True
            jobs = [*self._queue, *(job for _, _, job in sorted(self._later, key=lambda x: x[:2]))]
            self._queue.clear()
            self._later.clear()
            self._work.notify_all()
            self._rest.notify_all()
        return jobs

    def drain(self) -> bool:
        """Wait until nothing is queued, due later or running.

        Returns:
            False if the pool was stopped meanwhile, and something still runs.
        """
        with self._lock:
            self._rest.wait_for(lambda: self._stopped or not self._busy())
            return not self._busy()

    def settle(self, timeout: float) -> bool:
        """Wait at most *timeout* seconds; return whether the pool is at rest."""
        with self._lock:
            return self._rest.wait_for(lambda: not self._busy(), timeout)

    @property
    def running(self) -> int:
        """How many jobs run now."""
        return self._running

    def _busy(self) -> bool:
        return bool(self._queue or self._later or self._running)

    def _wake(self) -> list[int]:
        """Wake as many idle workers as have something to do; return the numbers of new ones."""
        pending = len(self._queue) + bool(self._later)
        self._work.notify(pending)
        free = (n for n in range(1, self._workers + 1) if n not in self._threads)
        missing = list(itertools.islice(free, max(0, pending - self._waiting)))
        self._threads.update(missing)
        return missing

    def _start(self, numbers: list[int]) -> None:
        for number in numbers:
            thread = threading.Thread(
                target=self._live, args=(number,), name=f"{self._name}-{number}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                with self._lock:
                    self._threads.discard(number)
                    alone = not self._threads
                if alone:
                    raise
                # So it is while Python 3.12 shuts down.
                _log.debug("could not start thread %s, going on with fewer", thread.name)

    def _live(self, number: int) -> None:
        while job := self._take(number):
            self._start(job[1])
            # Whatever a job raises must not end the worker, even if it cannot be logged.
            with contextlib.suppress(BaseException):
                try:
                    self._run(job[0])
                except BaseException:  # noqa: BLE001 see above
                    _log.exception("a job ended with an error that nobody handled")
            del job
            with self._lock:
                self._running -= 1
                if not self._busy():
                    self._rest.notify_all()

    def _take(self, number: int) -> tuple[J, list[int]] | None:
        """Return the next job and the threads to start for others, or None to end this one."""
        with self._lock:
            idle_since = time.monotonic()
            while True:
                now = time.monotonic()
                ripe = 0
                while self._later and self._later[0][0] <= now:
                    self._queue.append(heapq.heappop(self._later)[2])
                    ripe += 1
                if self._queue:
                    self._running += 1
                    job = self._queue.popleft()
                    return job, self._wake() if ripe else []
                left = idle_since + self._idle - now
                if self._stopped or (left <= 0 and not self._later):
                    self._threads.discard(number)
                    return None
                self._waiting += 1
                self._work.wait(min(self._later[0][0] - now if self._later else left, _LONGEST))
                self._waiting -= 1
