"""Holds the promise that files are small: none above 400 lines, the median at most 150."""

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tests")
LARGEST = 400
MEDIAN = 150


def faults(lines: Mapping[str, int]) -> list[str]:
    """Return what is wrong with files of so many *lines*; empty files do not count."""
    sizes = {name: number for name, number in lines.items() if number}
    found = [
        f"{name} has {number} lines, {number - LARGEST} too many: split it by idea"
        for name, number in sorted(sizes.items())
        if number > LARGEST
    ]
    if sizes and median(sizes.values()) > MEDIAN:
        found.append(f"the median is {median(sizes.values()):g} lines, above {MEDIAN}")
    return found


def main() -> int:
    """Check the Python files of the package and of its tests, each folder by itself."""
    found = []
    for folder in FOLDERS:
        lines = {
            path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
            for path in (ROOT / folder).rglob("*.py")
        }
        found += faults(lines)
    print("\n".join(found) or "sizes: every file is small")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
