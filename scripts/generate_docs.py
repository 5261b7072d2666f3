"""Writes the generated pages of docs/, or with --check tells which of them are stale."""

import sys
import tempfile
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from scripts import behaviours, collected, pages, store_page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SHOWN = 20


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each generated page with what it should hold."""
    from upshot.cli import exits
    from upshot.cli.app import cli
    from upshot.settings import SETTINGS
    from upshot.settings.model import UNSET

    settings = list(SETTINGS.values())
    yield DOCS / "reference" / "settings.md", pages.settings_page(settings, UNSET)
    yield DOCS / "reference" / "cli.md", pages.cli_page(cli, exits.TABLE)
    with tempfile.TemporaryDirectory() as scratch:
        yield DOCS / "stores" / "index.md", store_page.render(Path(scratch))
    table = behaviours.load()
    yield DOCS / "behaviours.md", pages.behaviours_page(table, collected.collect())


def main() -> int:
    """Write the pages that differ, or only name them and their first differences."""
    check = "--check" in sys.argv[1:]
    stale = []
    for path, text in generated():
        name = path.relative_to(ROOT).as_posix()
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text:
            continue
        stale.append(name)
        if check:
            difference = unified_diff(old.splitlines(), text.splitlines(), name, "now", lineterm="")
            print("\n".join(list(difference)[:SHOWN]))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if check and stale:
        print(f"stale: {', '.join(stale)}; `make docs` writes them anew")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
