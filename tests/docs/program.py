"""A page as one program: its blocks run from top to bottom in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT, Block, blocks

LIMIT: Final = 110.0
RUN: Final = frozenset({"python", "text", "console"})
SHELL: Final = "_page"
NAME: Final = "example"
"""What the program of every page is called, and so the tasks that are defined on it."""
_BEGIN: Final = (
    f"from pathlib import Path; from tests.docs import pages, shell; "
    f"{SHELL} = shell.Shell(pages.blocks(Path({{page!r}}).read_text('utf-8')))"
)


def program(text: str, page: str) -> str:
    """Return the program of a page; its lines have the numbers that they have on the page.

    Args:
        text: the page.
        page: the file in which the program finds the page again.
    """
    lines = [""] * (len(text.splitlines()) + 1)
    lines[0] = _BEGIN.format(page=page)
    for block in blocks(text):
        call = _call(block)
        if call is not None:
            lines[block.line - 1] = f"{SHELL}.{call}({block.line})"
        elif block.info == "python":
            for offset, line in enumerate(block.text.splitlines()):
                lines[block.line + offset] = line
    return "\n".join(lines)


def _call(block: Block) -> str | None:
    if block.file is not None:
        return "file"
    return block.info if block.info in {"text", "console"} else None


def run(text: str, folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a page with an empty home and in an empty folder.

    Args:
        text: the page.
        folder: an empty folder.
        environ: variables that the page reads.

    Returns:
        The exit code, and what was complained.
    """
    (home := folder / "home").mkdir()
    (work := folder / "work").mkdir()
    page = folder / "page.md"
    page.write_text(text, "utf-8")
    script = work / f"{NAME}.py"
    script.write_text(program(text, str(page)), "utf-8")
    programs = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=work,
        env={
            "HOME": str(home),
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            # As on a terminal, what is printed and what is complained come in their order.
            "PYTHONUNBUFFERED": "1",
            "LANG": "C.UTF-8",
            **environ,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
