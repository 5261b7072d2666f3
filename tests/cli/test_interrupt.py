"""Ending the demo early, seen through a terminal of its own."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.cli.conftest import Shell
from upshot.cli import exits

LIMIT = 60
"""Seconds until a hanging program fails the test."""

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
GROUP = re.compile(r"upshot get (\S+)  # the files")


@contextmanager
def terminal(shell: Shell, *argv: str) -> Iterator[Any]:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "upshot", *argv],
        cwd=str(shell.cwd),
        env={**shell.env(), "TERM": "xterm-256color"},
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=LIMIT,
    )
    try:
        yield child
    finally:
        child.close(force=True)


def end(child: Any) -> str:
    child.expect(pexpect.EOF)
    child.close()
    text: str = child.before
    return text


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A directory that keeps the demo busy for a while."""
    root = tmp_path / "many"
    root.mkdir()
    source = "".join(
        f"def f{n}(x):\n    return [x + {n} for _ in range({n})]\n" for n in range(300)
    )
    for number in range(400):
        (root / f"{number:04}.py").write_text(source)
    return root


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, exits.INTERRUPTED), (signal.SIGTERM, exits.TERMINATED)],
    ids=["ctrl-c", "sigterm"],
)
def test_interrupted_demo_leaves_readable_results(
    shell: Shell, many: Path, number: signal.Signals, code: int
) -> None:
    with terminal(shell, "demo", str(many)) as child:
        child.expect(r"[1-9]\d* of 400 files")
        before = child.before + child.after
        if number == signal.SIGINT:
            child.sendintr()
        else:
            child.kill(number)
        text = before + end(child)

    assert child.exitstatus == code, text
    assert child.signalstatus is None
    assert "Traceback" not in text
    assert text.rindex(SHOW) > text.rindex(HIDE)
    told = re.search(
        r"upshot: interrupted: (\d+) of 400 files were measured \((\d+) failed\), (\d+) tasks"
        r" were revoked; what is finished is kept",
        text,
    )
    assert told is not None, text
    group = GROUP.search(text)
    assert group is not None, text

    shown = shell("get", "--json", group[1])
    assert shown.code == exits.FAILED
    counts = shown.json()["counts"]
    assert set(counts) <= {"SUCCESS", "REVOKED"}
    assert (counts["SUCCESS"], counts["REVOKED"]) == (int(told[1]), int(told[3]))
    assert sum(counts.values()) == 400
    revoked = shell("list", "--json", "--state", "REVOKED", "--limit", "1").json()
    one = shell("get", revoked[0]["id"])
    assert one.code == exits.FAILED
    assert "TaskRevoked: interrupted" in one.out


def test_second_ctrl_c_ends_at_once(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "endless").mkdir()
    with (tmp_path / "endless" / "huge.bin").open("wb") as file:
        # A hole that takes minutes to hash and no space to keep.
        file.truncate(1 << 39)
    with terminal(shell, "demo", str(tmp_path / "endless")) as child:
        child.expect("0 of 1 files")
        child.sendintr()
        child.expect("stopping; what runs has 5 s left, Ctrl-C again ends at once")
        child.sendintr()
        text = end(child)

    assert child.exitstatus == exits.INTERRUPTED, text
    assert "Traceback" not in text
    assert SHOW in child.before or HIDE not in text


def test_terminal_shows_a_bar_and_a_report(shell: Shell, project: Path) -> None:
    with terminal(shell, "demo", str(project)) as child:
        text = end(child)

    assert child.exitstatus == exits.OK
    assert "━" in text
    assert "4 of 4 files" in text
    assert "1 failed" in text
    assert text.rindex(SHOW) > text.rindex(HIDE)
    assert "To see more, from any terminal and directory:" in text


def test_waiting_get_can_be_ended(shell: Shell) -> None:
    with terminal(shell, "get", "nobody", "--wait") as child:
        child.expect("waiting")
        child.sendintr()
        text = end(child)

    assert child.exitstatus == exits.INTERRUPTED
    assert "Traceback" not in text
    assert "upshot: interrupted" in text
