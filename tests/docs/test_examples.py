"""The examples run as they are, and leave what they say they leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

SAYS = {
    "first_results.py": ["7 SUCCESS", "read again by its id: 7", "division by zero"],
    "progress.py": ["COUNTING", "done: 50"],
    "chord_report.py": ["2 read", "1 failed", "no such article: plum"],
}


def test_every_example_is_known() -> None:
    assert sorted(SAYS) == sorted(path.name for path in (ROOT / "examples").glob("*.py"))


@pytest.mark.store("sqlite")
@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name)],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for words in SAYS[name]:
        assert words in done.stdout
