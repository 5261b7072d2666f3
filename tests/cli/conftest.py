"""Running the command as people do: a process of its own, an empty home, any directory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ended:
    """What a command line came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs `upshot` with a home of its own."""

    home: Path
    cwd: Path

    def env(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        # Warnings of ours are errors here too; the environment's startup has none.
        return {**kept, "HOME": str(self.home), "PYTHONWARNINGS": "error", **more}

    def __call__(self, *argv: str, cwd: Path | None = None, **env: str) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "upshot", *argv],
            cwd=cwd or self.cwd,
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def python(self, code: str, *argv: str, **env: str) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-c", code, *argv],
            cwd=self.cwd,
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    cwd = tmp_path / "elsewhere"
    home.mkdir()
    cwd.mkdir()
    return Shell(home, cwd)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small directory with two good Python files, a broken one, and one of another kind."""
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "good.py").write_text("import os\n\ndef f(x):\n    return os.sep * x\n")
    (root / "pkg" / "also.py").write_text("y = [lambda: 1]\n")
    (root / "bad.py").write_text("def broken(:\n")
    (root / "data.bin").write_bytes(bytes(range(256)) * 8)
    return root


Run = Callable[..., Ended]
