"""Draws docs/img/demo.svg from a real run of `upshot demo` on a terminal.

Only names of this machine are replaced. The bar, which vanishes when the run ends, is shown as it
was on the way.
"""

import io
import re
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

import pexpect
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "img" / "demo.svg"
COLUMNS = 104
LIMIT_SECONDS = 600
# What the live bar writes before each of its frames, and before it vanishes.
ERASE = re.compile(r"\r(?:\x1b\[1A)?\x1b\[2K")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]")
# Without the web font that rich's own frame loads: a picture reads nothing from elsewhere.
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>upshot demo in a terminal</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def upshot() -> str:
    """Return the command that belongs to this Python."""
    program = shutil.which("upshot", path=str(Path(sys.executable).parent))
    if program is None:
        raise SystemExit("upshot is not installed beside this Python: `make demo` does that")
    return program


def recorded(program: str, home: str, arguments: list[str]) -> str:
    """Run `upshot demo` on a terminal and return everything it wrote there.

    Args:
        program: the command.
        home: an empty folder, for the results.
        arguments: what follows `demo`.
    """
    environ = {"HOME": home, "PATH": "/usr/bin:/bin", "TERM": "xterm-256color"}
    child = pexpect.spawn(
        program,
        ["demo", *arguments],
        dimensions=(50, COLUMNS),
        env={**environ, "LANG": "C.UTF-8"},
        encoding="utf-8",
        timeout=LIMIT_SECONDS,
    )
    child.expect(pexpect.EOF)
    written: str = child.before
    return written


def screen(written: str, replaced: dict[str, str]) -> str:
    """Return the lines to draw.

    Args:
        written: what the demo wrote on the terminal.
        replaced: names of this machine, and what to show in their place.
    """
    head, *frames = ERASE.split(written)
    *bars, summary = frames
    bar = bars[len(bars) * 2 // 3]
    text = ESCAPES.sub("", f"$ upshot demo\n{head}{bar}\n{summary}".replace("\r", ""))
    for name, shown in replaced.items():
        text = text.replace(name, shown)
    return text.rstrip()


def drawn(text: str) -> str:
    """Return the SVG of *text*, which may hold colours of the terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title="", theme=MONOKAI, code_format=FRAME, unique_id="demo")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


def main() -> None:
    """Run the demo with the arguments given and draw it."""
    with tempfile.TemporaryDirectory() as home:
        written = recorded(upshot(), home, sys.argv[1:])
        place = sysconfig.get_path("stdlib")
        replaced = {place: f"/usr/lib/{Path(place).name}", home: "/home/you"}
        svg = drawn(screen(written, replaced))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(svg, encoding="utf-8")
    print(f"wrote {PICTURE.name}, {len(svg) // 1024} KiB")


if __name__ == "__main__":
    main()
