"""What the program of a page calls where the page shows output, a file or a terminal.

It runs in the process of that program, see `program`.
"""

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.docs.pages import Block

_LIMIT: Final = 90.0
_MARK: Final = "\x01"
# What differs from run to run on a terminal, and is shown on pages as it was once.
_CHANGING: Final = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b"), "<duration>"),
    (re.compile(r"\b[\w.-]+:\d+$", re.MULTILINE), "<worker>"),
    (re.compile(r" {2,}"), "  "),
)


class Shell:
    """Compares what a page says is printed with what is.

    Args:
        blocks: all blocks of the page.
    """

    def __init__(self, blocks: list[Block]) -> None:
        self._blocks = {block.line: block for block in blocks}
        self._printed = io.StringIO()
        sys.stdout = self._printed

    def text(self, line: int) -> None:
        """Compare a `text` block with what was printed since the last one."""
        same(self._blocks[line].text, self._printed.getvalue(), f"line {line}")
        self._printed.seek(0)
        self._printed.truncate()

    def file(self, line: int) -> None:
        """Write a block that is a file."""
        block = self._blocks[line]
        Path(block.file or "").write_text(block.text, "utf-8")

    def console(self, line: int) -> None:
        """Run the commands of a `console` block in one shell, and compare what each says."""
        commands = _commands(self._blocks[line].text)
        # The exit code of a command is put back for `echo $?`, and tells of failures shown nowhere.
        script = "".join(
            f"{command}\ncode=$?; printf '{_MARK}%s{_MARK}' $code; (exit $code)\n"
            for command, _ in commands
        )
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            ["sh", "-c", script],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        said = done.stdout.split(_MARK)
        for number, (command, expected) in enumerate(commands):
            output, code = said[2 * number], said[2 * number + 1]
            same(_settled(expected), _settled(output), f"line {line}: $ {command}")
            follows = commands[number + 1][0] if number + 1 < len(commands) else ""
            if code != "0" and follows != "echo $?":
                raise AssertionError(f"line {line}: $ {command}\nends with {code}, unmentioned")


def same(expected: str, said: str, where: str) -> None:
    """Raise unless *said* is what is *expected*.

    There `...` stands for any text of a line, and alone on a line for any number of lines.
    """
    wanted, got = _trimmed(expected), _trimmed(said)
    pattern = "".join(_pattern(line) for line in wanted.splitlines())
    if not re.fullmatch(pattern, f"{got}\n" if got else ""):
        raise AssertionError(f"{where}\n--- the page says\n{wanted}\n--- it was\n{got}\n---")


def _pattern(line: str) -> str:
    if line == "...":
        return "(?:.*\n)*?"
    return ".*?".join(re.escape(part) for part in line.split("...")) + "\n"


def _settled(text: str) -> str:
    """Return what a terminal shows without ids, times, workers and the widths of columns."""
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with what is printed."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif not found:
            raise ValueError(f"a console block begins with a command, not with {line!r}")
        else:
            command, printed = found[-1]
            found[-1] = (command, f"{printed}{line}\n")
    return found
