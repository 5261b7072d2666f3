"""Checks what was built: one wheel and one sdist, with everything inside that users need."""

import sys
import tarfile
import zipfile
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "upshot"
DATA_SUFFIXES = frozenset({".sql", ".lua", ".typed"})


def wanted() -> set[str]:
    """Return the names of all files of the package, as they stand in the wheel."""
    return {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and (path.suffix == ".py" or path.suffix in DATA_SUFFIXES)
    }


def faults(wheel: Collection[str], sdist: Collection[str], files: Collection[str]) -> list[str]:
    """Return what the wheel and the sdist lack or hold in error.

    Args:
        wheel: names of the files in the wheel.
        sdist: names of the files in the sdist, below its own folder.
        files: names of the files of the package.
    """
    found = [f"the wheel lacks {name}" for name in sorted(set(files) - set(wheel))]
    found += [
        f"the wheel holds {name}, which is no part of the package"
        for name in sorted(wheel)
        if not name.startswith("upshot/") and ".dist-info/" not in name
    ]
    found += [
        f"the package has no {suffix} file at all"
        for suffix in sorted(
            suffix for suffix in DATA_SUFFIXES if not any(name.endswith(suffix) for name in files)
        )
    ]
    found += [f"the sdist lacks src/{name}" for name in sorted(files) if f"src/{name}" not in sdist]
    found += [
        f"the sdist lacks {name}"
        for name in ("README.md", "LICENSE", "CHANGELOG.md", "Makefile", "tests/conftest.py")
        if name not in sdist
    ]
    return found


def main() -> int:
    """Check the artefacts in the folder named by the first argument."""
    folder = Path(sys.argv[1])
    wheels, sdists = list(folder.glob("*.whl")), list(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        print(f"{folder} holds {len(wheels)} wheels and {len(sdists)} sdists, not one of each")
        return 1
    with zipfile.ZipFile(wheels[0]) as wheel, tarfile.open(sdists[0]) as sdist:
        inner = {name.partition("/")[2] for name in sdist.getnames()}
        found = faults(wheel.namelist(), inner, wanted())
    print("\n".join(found) or f"packages: {wheels[0].name} and {sdists[0].name} are whole")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
