"""Runs the soak tier and appends what it came to, as one line, to docs/soak.md."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "soak.md"
REPORT = ROOT / ".pytest_cache" / "upshot-soak.json"
HEAD = """# Soak runs

Each line is one run of `make soak`, appended by it.

| When (UTC) | Commit | Minutes | Passed | Failed | Storages | Outcome |
|---|---|---|---|---|---|---|
"""


def line(report: Mapping[str, Any], *, when: datetime, minutes: float, commit: str) -> str:
    """Return the row for *report*.

    Args:
        report: what the test run wrote.
        when: the start of the run.
        minutes: how long it took.
        commit: what was tested.
    """
    counts = report["counts"]
    stores = ", ".join(
        f"{name} {store['how']} {store['detail']}"
        for name, store in sorted(report["stores"].items())
        if store["tests"]
    )
    outcome = "green" if report["exit"] == 0 else "red"
    return (
        f"| {when:%Y-%m-%d %H:%M} | {commit} | {minutes:.0f} | {counts.get('passed', 0)} "
        f"| {counts.get('failed', 0)} | {stores or 'none'} | {outcome} |\n"
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def main() -> int:
    """Run the soak tests with the arguments given, and note the outcome."""
    when = datetime.now(UTC)
    REPORT.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *sys.argv[1:]],
        cwd=ROOT,
        env=os.environ | {"UPSHOT_TIER": "soak", "UPSHOT_REPORT": str(REPORT)},
        check=False,
    )
    if not REPORT.exists():
        return done.returncode or 1
    minutes = (datetime.now(UTC) - when).total_seconds() / 60
    changed = "+" if _git("status", "--porcelain", "--untracked-files=no") else ""
    commit = (_git("rev-parse", "--short", "HEAD") or "unknown") + changed
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    if not PAGE.exists():
        PAGE.write_text(HEAD, encoding="utf-8")
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(line(report, when=when, minutes=minutes, commit=commit))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
