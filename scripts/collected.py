"""Which tests name which promises: asked of pytest itself, since markers may be put on late.

Loaded as a plugin (`-p scripts.collected`) it writes what it sees, before tiers are chosen, to the
file that UPSHOT_COLLECTED names.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TARGET = "UPSHOT_COLLECTED"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note the markers of all tests, each test once whatever its parameters."""
    found: dict[str, set[str]] = {}
    for item in items:
        for mark in item.iter_markers("covers"):
            for identifier in mark.args:
                found.setdefault(identifier, set()).add(item.nodeid.partition("[")[0])
    content = {identifier: sorted(tests) for identifier, tests in sorted(found.items())}
    Path(os.environ[TARGET]).write_text(json.dumps(content), encoding="utf-8")


def collect(arguments: Sequence[str] = (), root: Path = ROOT) -> dict[str, list[str]]:
    """Return, for each id that is named, the tests that name it, sorted.

    Args:
        arguments: further arguments for pytest.
        root: where it runs.

    Raises:
        RuntimeError: the tests cannot be collected; the message says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "collected.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", __name__]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *arguments],
            cwd=root,
            env=os.environ | {TARGET: str(target), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the tests cannot be collected:\n{done.stdout[-3000:]}")
        content: dict[str, list[str]] = json.loads(target.read_text(encoding="utf-8"))
        return content
