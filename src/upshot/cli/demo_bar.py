"""How far the demo is: a live bar on a terminal, a few plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

from upshot.cli.screen import is_terminal, note
from upshot.cli.text import duration, grouped

LINES = 10
"""Plain lines for a whole run."""


class Meter(Protocol):
    """Shows progress."""

    def ended(self, *, well: bool) -> None:
        """Count one file."""


@contextmanager
def meter(total: int, begun: float) -> Iterator[Meter]:
    """Show progress on stderr while the block runs; the terminal is left as it was.

    Args:
        total: number of files.
        begun: when the work began, as `time.monotonic` tells it.
    """
    if is_terminal(sys.stderr):
        with _bar(total, begun) as bar:
            yield bar
    else:
        yield PlainMeter(total, begun)


class PlainMeter:
    """Tells of every tenth of the way in a line."""

    def __init__(self, total: int, begun: float) -> None:
        self._total = total
        self._done = 0
        self._failed = 0
        self._begun = begun

    def ended(self, *, well: bool) -> None:
        """Count one file, and say so when it completes a tenth."""
        before = self._done * LINES // self._total
        self._done += 1
        self._failed += not well
        if self._done * LINES // self._total == before:
            return
        spent = monotonic() - self._begun
        line = _counted(self._done, self._total, self._failed)
        if spent > 0:
            left = spent / self._done * (self._total - self._done)
            line += f", {self._done / spent:.0f}/s, {duration(left)} left"
        note(line)


@contextmanager
def _bar(total: int, begun: float) -> Iterator[Meter]:
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from upshot.cli.screen import console

    class _Bar:
        def __init__(self, progress: Progress, task: TaskID) -> None:
            self._progress = progress
            self._task = task
            self._failed = 0
            self._done = 0
            self._begun = begun

        def ended(self, *, well: bool) -> None:
            self._done += 1
            self._failed += not well
            spent = monotonic() - self._begun
            self._progress.update(
                self._task,
                advance=1,
                counted=_counted(self._done, total, self._failed),
                rate=f"{self._done / spent:.0f}/s" if spent > 0 else "",
            )

    shown = console(sys.stderr, soft_wrap=False)
    with Progress(
        TextColumn("measuring"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[counted]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=shown,
        transient=True,
    ) as progress:
        yield _Bar(
            progress, progress.add_task("", total=total, counted=_counted(0, total, 0), rate="")
        )


def _counted(done: int, total: int, failed: int) -> str:
    return f"{grouped(done)} of {grouped(total)} files, {grouped(failed)} failed"
