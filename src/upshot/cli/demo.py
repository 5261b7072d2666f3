"""The demo's wiring: files become tasks, a group and a chord; a person watches and reads on."""

import threading
import uuid
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final, cast

import click

from upshot import states
from upshot.backend import Backend
from upshot.cli import demo_tasks, exits
from upshot.cli.demo_bar import meter
from upshot.cli.demo_files import Found, find, standard_library
from upshot.cli.demo_report import show_report, show_where
from upshot.cli.demo_tasks import Report
from upshot.cli.options import Shared
from upshot.cli.screen import complain, note, say
from upshot.cli.store import address
from upshot.cli.text import count, grouped
from upshot.errors import BackendStoreError, ResultTimeout, UpshotError
from upshot.local import App, chord, group
from upshot.local.lifetime import GRACE
from upshot.record import Outcome, Success
from upshot.results import AsyncResult, GroupResult, ResultSet, connect
from upshot.urls import mask

PATIENCE: Final = 2.0
"""Seconds after which results that do not come although all tasks have ended are given up."""


def run(shared: Shared, directory: Path | None, limit: int | None) -> int:
    """Measure a directory and return the exit code.

    Args:
        shared: names the store.
        directory: what to measure; None for Python's standard library.
        limit: most files; None for all.
    """
    found = _found(directory or standard_library(), limit)
    if not found.files:
        say(f"{found.root} holds no files, so there is nothing to measure")
        return exits.OK
    url = address(shared)
    note(f"measuring {count(len(found.files), 'file')} of {found.root}, one task a file")
    note(f"results go to {mask(url)}")
    job = _Job(found)
    begun = monotonic()
    with warnings.catch_warnings(), connect(url) as backend:
        # What the compiler thinks of foreign source is no news to whoever watches the demo.
        warnings.simplefilter("ignore")
        try:
            report = job.run(backend)
        except KeyboardInterrupt as signal:
            return _tell_interrupted(signal, job.header, url, shared.backend)
    show_report(report, found, monotonic() - begun)
    show_where(job.header.id, job.report_id, url, shared.backend)
    return exits.OK


class _Job:
    """The tasks for the files that were found; what was sent is known even if it is cut short."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self.header = GroupResult(str(uuid.uuid4()))
        self.report_id = str(uuid.uuid4())
        self._begun = monotonic()
        self._all_ran = threading.Event()
        self._stalled = 0

    def run(self, backend: Backend) -> Report:
        with App("upshot.demo", backend=backend) as app:
            try:
                result = self._sent(app)
                self._watch([*self.header.results, result])
                return result.get()
            except UpshotError:
                # Without a store to write to, what is queued is not worth running.
                app.interrupt()
                raise
            except KeyboardInterrupt:
                note(f"stopping; what runs has {GRACE:.0f} s left, Ctrl-C again ends at once")
                raise

    def _sent(self, app: App) -> AsyncResult[Report]:
        measure = app.task(name="upshot.demo.measure")(demo_tasks.measure)
        report = app.task(name="upshot.demo.report")(self._summarise)
        root = str(self._found.root)
        names = [demo_tasks.shown(name) for name in self._found.files]
        result = chord(
            group(measure.s(root, name) for name in self._found.files),
            report.s(root, names).set(task_id=self.report_id),
            on_error="collect",
        ).apply_async(group_id=self.header.id)
        self.header = cast("GroupResult", result.parent)
        return result

    def _summarise(self, parts: list[Outcome], root: str, names: list[str]) -> Report:
        try:
            return demo_tasks.summarise(parts, root, names)
        finally:
            self._all_ran.set()

    def _watch(self, results: list[AsyncResult[Any]]) -> None:
        missing = {result.id: result for result in results}
        with meter(len(self.header), self._begun) as shown:
            while missing:
                self._refuse_to_hang(len(missing))
                with suppress(ResultTimeout):
                    for task_id, outcome in ResultSet(missing.values()).iterate(PATIENCE):
                        del missing[task_id]
                        if task_id != self.report_id:
                            shown.ended(well=isinstance(outcome, Success))

    def _refuse_to_hang(self, missing: int) -> None:
        if self._stalled and missing == self._stalled:
            raise BackendStoreError(
                f"{count(missing, 'result')} could not be stored although the tasks have ended;"
                f" `upshot get {self.header.id}` shows those that are there, and --debug says what"
                " went wrong",
                task_id=self.report_id,
                state=states.SUCCESS,
            )
        self._stalled = missing if self._all_ran.is_set() else 0


def _found(directory: Path, limit: int | None) -> Found:
    try:
        return find(directory, limit)
    except FileNotFoundError:
        problem = f"there is no directory {directory}"
    except NotADirectoryError:
        problem = f"{directory} is not a directory"
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before 3.13
        problem = f"{directory} cannot be read ({getattr(error, 'strerror', None) or error})"
    raise click.UsageError(problem, click.get_current_context(silent=True))


def _tell_interrupted(
    signal: KeyboardInterrupt, header: GroupResult, url: str, given: str | None
) -> int:
    counts = Counter(
        "unreadable" if isinstance(record, UpshotError) else record.state
        for record in header.records().values()
    )
    ended = counts[states.SUCCESS] + counts[states.FAILURE]
    complain(
        f"interrupted: {grouped(ended)} of {grouped(len(header))} files were measured"
        f" ({grouped(counts[states.FAILURE])} failed), {grouped(counts[states.REVOKED])} tasks"
        " were revoked; what is finished is kept"
    )
    show_where(header.id, None, url, given)
    code = getattr(signal, "code", None)
    return code if isinstance(code, int) else exits.INTERRUPTED
