"""Where output goes and how: plain text, styled text for a terminal, or one JSON document.

Plain means no escape codes and no boxes; it is the form of pipes, files, `NO_COLOR` and dumb
terminals, and costs no import of rich.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final

from upshot.cli.text import clean

if TYPE_CHECKING:
    from rich.console import Console

STYLES: Final = {
    "SUCCESS": "green",
    "FAILURE": "red",
    "LOST": "red",
    "REVOKED": "magenta",
    "RETRY": "yellow",
    "STARTED": "cyan",
    "unreadable": "red",
}

_CUT_WIDTH: Final = 6


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether *stream* is a terminal that understands escape codes."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:
        return False


def styled(stream: IO[str]) -> bool:
    """Tell whether output on *stream* may be coloured."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def console(stream: IO[str], *, soft_wrap: bool = True) -> "Console":
    """Return a rich console on *stream* that takes text literally."""
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=soft_wrap)


def say(text: str = "", *, style: str | None = None) -> None:
    """Print one or more lines on stdout."""
    if style and styled(sys.stdout):
        console(sys.stdout).print(clean(text), style=style)
    else:
        sys.stdout.write(f"{clean(text)}\n")


def complain(text: str) -> None:
    """Print one line on stderr, in the name of the program."""
    _let_out()
    line = f"upshot: {clean(text)}"
    if styled(sys.stderr):
        console(sys.stderr).print(line, style="red")
    else:
        sys.stderr.write(f"{line}\n")


def note(text: str) -> None:
    """Print one line beside the output, on stderr."""
    _let_out()
    sys.stderr.write(f"{clean(text)}\n")


def _let_out() -> None:
    # Where both streams go to one pipe, what was printed first has to be read first.
    with suppress(OSError):
        sys.stdout.flush()


def document(value: Any) -> None:
    """Print *value*, made of plain JSON types, as one JSON document."""
    sys.stdout.write(f"{json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)}\n")


def pairs(fields: Mapping[str, str]) -> None:
    """Print names and texts, one pair a line, the texts aligned."""
    width = max((len(name) for name in fields), default=0)
    for name, text in fields.items():
        body = clean(text).replace("\n", "\n" + " " * (width + 2))
        if styled(sys.stdout):
            from rich.text import Text

            line = Text.assemble((f"{name:<{width}}  ", "dim"), (body, STYLES.get(text, "")))
            console(sys.stdout).print(line)
        else:
            sys.stdout.write(f"{name:<{width}}  {body}\n".rstrip(" "))


def aligned(cells: Sequence[str], widths: Sequence[int], *, style: str | None = None) -> None:
    """Print one line of texts, each but the last filled up to its width."""
    filled = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)]
    line = "  ".join([*filled, *cells[len(widths) :]]).rstrip()
    say(line, style=style)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    cut: Sequence[str] = (),
    fold: Sequence[str] = (),
) -> None:
    """Print rows under headings.

    Args:
        columns: the headings.
        rows: a text for each heading; none holds a newline.
        right: headings of the columns that are aligned to the right.
        cut: headings of the columns that are cut where a terminal is too narrow.
        fold: headings of the columns that are wrapped there.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    if styled(sys.stdout):
        _styled_table(columns, cells, right, cut, fold)
        return
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    for row in [list(columns), *cells]:
        line = "  ".join(
            f"{text:>{width}}" if name in right else f"{text:<{width}}"
            for name, text, width in zip(columns, row, widths, strict=True)
        )
        sys.stdout.write(f"{line.rstrip()}\n")


def _styled_table(
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    right: Sequence[str],
    cut: Sequence[str],
    fold: Sequence[str],
) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        grid.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name not in fold,
            overflow="fold" if name in fold else "ellipsis",
            min_width=None
            if name in cut or name in fold
            else max(len(text) for text in (name, *(row[place] for row in cells))),
        )
    for row in cells:
        grid.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    out = console(sys.stdout, soft_wrap=False)
    # On a very narrow terminal lines wrap rather than lose what must stay whole.
    out.width = max(out.width, sum((column.min_width or _CUT_WIDTH) + 2 for column in grid.columns))
    out.print(grid)
