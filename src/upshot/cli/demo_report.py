"""How the demo's report reads, and which commands show more of it."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from upshot.cli.demo_files import Found
from upshot.cli.demo_tasks import Report
from upshot.cli.screen import pairs, say, table
from upshot.cli.text import count, duration, grouped, size
from upshot.urls import mask

TOP: Final = 5
"""Slowest and largest files that are shown; the stored report has more."""
FAILURES_SHOWN: Final = 10

_RELATIVE_FILE: Final = re.compile(r"((?:db\+)?sqlite:///)([^/?][^?]*)(.*)")


def show_report(report: Report, found: Found, seconds: float) -> None:
    """Print what the run came to."""
    failed = len(report["failures"])
    say()
    say(
        f"{count(report['files'], 'file')} of {report['root']} in {duration(seconds)}:"
        f" {grouped(report['files'] - failed)} measured, {grouped(failed)} failed",
        style="bold",
    )
    say()
    _totals(report)
    for title, key in (("SLOWEST", "seconds"), ("LARGEST", "bytes")):
        files = report["slowest" if key == "seconds" else "largest"][:TOP]
        if files:
            say()
            table(
                (title, "CPU TIME", "SIZE"),
                [(f["file"], duration(f["seconds"]), size(f["bytes"])) for f in files],
                right=("CPU TIME", "SIZE"),
                cut=(title,),
            )
    _failures(report)
    _left_out(found)


def show_where(group_id: str, report_id: str | None, url: str, given: str | None) -> None:
    """Print where the results lie, and the commands that show them.

    Args:
        group_id: id of the group of all files.
        report_id: id of the task that made the report; None when it never ran.
        url: address of the store.
        given: what --backend said; None when the commands need no such option.
    """
    say()
    facts = {"group": group_id, "report": report_id or "", "results": mask(url)}
    pairs({name: text for name, text in facts.items() if text})
    say()
    if url.startswith("memory:"):
        say("These results lived in the memory of this process and are gone now;")
        say("leave --backend out to keep them in a file, or name a server.")
        return
    say("To see more, from any terminal and directory:")
    for line, meaning in commands(group_id, report_id, given):
        say(f"  {line}  # {meaning}")


def commands(group_id: str, report_id: str | None, given: str | None) -> list[tuple[str, str]]:
    """Return the command lines that show what the demo has left, and what each shows."""
    option = "" if given is None else f" --backend {shlex.quote(mask(_absolute(given)))}"
    lines = [
        (f"upshot get{option} {group_id}", "the files, those that failed first"),
        (f"upshot list{option} --group {group_id} --state FAILURE", "only those that failed"),
    ]
    if report_id:
        lines.append((f"upshot get{option} {report_id}", "the whole report"))
    return lines


def _totals(report: Report) -> None:
    python, other = report["python"], report["other"]
    numbers = ("lines", "words", "functions", "longest_line")
    rows: list[Sequence[str]] = []
    if python["files"]:
        named = [grouped(python[key]) for key in numbers]
        rows.append(("Python", grouped(python["files"]), size(python["bytes"]), *named))
    if other["files"]:
        rows.append(("other", grouped(other["files"]), size(other["bytes"]), "", "", "", ""))
    if rows:
        columns = ("KIND", "FILES", "SIZE", "LINES", "WORDS", "FUNCTIONS", "LONGEST LINE")
        table(columns, rows, right=columns[1:])


def _failures(report: Report) -> None:
    failures = report["failures"]
    if not failures:
        return
    say()
    table(
        ("FAILED", "WHY"),
        [(f["file"], f"{f['error']}: {f['message']}") for f in failures[:FAILURES_SHOWN]],
        cut=("WHY",),
    )
    if len(failures) > FAILURES_SHOWN:
        say(f"and {grouped(len(failures) - FAILURES_SHOWN)} more")


def _left_out(found: Found) -> None:
    if found.unreadable:
        say()
        table(
            ("NOT ENTERED", "WHY"),
            list(found.unreadable.items())[:FAILURES_SHOWN],
            cut=("WHY",),
        )
    if found.more:
        say()
        say("There are more files; --limit left them out.")


def _absolute(url: str) -> str:
    """Return *url* so that it means the same file from any directory."""
    relative = _RELATIVE_FILE.fullmatch(url)
    if relative is None or relative[2].startswith(":memory:"):
        return url
    return f"{relative[1]}{Path(relative[2]).absolute().as_posix()}{relative[3]}"
