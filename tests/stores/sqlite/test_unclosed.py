"""Stores that nobody closes: the default one cannot be, and programs forget."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.store("sqlite")

_PROGRAM = """
import os, sys
from upshot.results import AsyncResult, connect, default_backend

def drop():
    connect(sys.argv[1]).store_result("a", 1, "SUCCESS")

drop()
kept = connect(sys.argv[1])
kept.store_result("b", 2, "SUCCESS")
default_backend().store_result("c", 3, "SUCCESS")
print(AsyncResult("c").get())
"""


def test_what_is_not_closed_is_closed_without_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "results.db"
    # Python 3.13 warns of connections that nobody closed.
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", _PROGRAM, f"sqlite:///{file}"],
        env={**os.environ, "UPSHOT_BACKEND": f"sqlite:///{tmp_path / 'default.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("3\n", "", 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["default.db", "results.db"]
