"""The demo's wiring: files become tasks, a group and a chord; a person watches and reads on."""

import warnings
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any, cast

import click

from upshot import states
from upshot.cli import demo_tasks, exits
from upshot.cli.demo_bar import meter
from upshot.cli.demo_files import Found, find, standard_library
from upshot.cli.demo_report import show_report, show_where
from upshot.cli.options import Shared
from upshot.cli.screen import complain, note, say
from upshot.cli.store import address
from upshot.cli.text import count
from upshot.errors import UpshotError
from upshot.local import App, chord, group
from upshot.record import Success
from upshot.results import AsyncResult, GroupResult, connect
from upshot.urls import mask


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
    with warnings.catch_warnings(), connect(url) as backend:
        # What the compiler thinks of foreign source is no news to whoever watches the demo.
        warnings.simplefilter("ignore")
        begun = monotonic()
        with App("upshot.demo", backend=backend) as app:
            result = _submit(app, found)
            header = cast("GroupResult", result.parent)
            try:
                _watch(header)
                report = result.get()
            except KeyboardInterrupt as signal:
                interrupted: KeyboardInterrupt | None = signal
            else:
                interrupted = None
        if interrupted is not None:
            return _tell_interrupted(interrupted, header, url, shared.backend)
        seconds = monotonic() - begun
    show_report(report, found, seconds)
    show_where(header.id, result.id, url, shared.backend)
    return exits.OK


def _found(directory: Path, limit: int | None) -> Found:
    try:
        return find(directory, limit)
    except OSError as error:
        raise click.BadParameter(
            f"cannot read {directory}: {error.strerror or error}", param_hint="DIRECTORY"
        ) from error


def _submit(app: App, found: Found) -> AsyncResult[Any]:
    measure = app.task(name="upshot.demo.measure")(demo_tasks.measure)
    report = app.task(name="upshot.demo.report")(demo_tasks.summarise)
    root = str(found.root)
    names = [demo_tasks.shown(name) for name in found.files]
    return chord(
        group(measure.s(root, name) for name in found.files),
        report.s(root, names),
        on_error="collect",
    ).apply_async()


def _watch(header: GroupResult) -> None:
    with meter(len(header)) as shown:
        for _, outcome in header.iterate():
            shown.ended(well=isinstance(outcome, Success))


def _tell_interrupted(
    signal: KeyboardInterrupt, header: GroupResult, url: str, given: str | None
) -> int:
    counts = Counter(
        "unreadable" if isinstance(record, UpshotError) else record.state
        for record in header.records().values()
    )
    ended = counts[states.SUCCESS] + counts[states.FAILURE]
    complain(
        f"interrupted: {ended} of {len(header)} files were measured ({counts[states.FAILURE]}"
        f" failed), {counts[states.REVOKED]} tasks were revoked; what is finished is kept"
    )
    show_where(header.id, None, url, given)
    code = getattr(signal, "code", None)
    return code if isinstance(code, int) else exits.INTERRUPTED
