import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.check_wheel import wanted

ROOT = Path(__file__).resolve().parents[2]
# The demo has something to chew on besides its own sources: text, a fault, bytes.
FILES = {
    "good.py": b"def one():\n    return 1\n",
    "bad.py": b"def broken(:\n",
    "notes.txt": b"three\nshort\nlines\n",
    "blob.bin": bytes(range(256)),
}


def run(*command: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = run(*pip, "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("upshot-*.whl")
    return found


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    made = run(sys.executable, "-m", "venv", folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_the_wheel_holds_every_module_and_all_sql_and_lua(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wanted() <= names
    assert any(name.endswith(".sql") for name in names)
    assert any(name.endswith(".lua") for name in names)
    assert "upshot/py.typed" in names


@pytest.mark.heavy
@pytest.mark.store("sqlite")
@pytest.mark.timeout(600)
def test_the_wheel_alone_runs_the_demo_with_an_empty_home(
    wheel: Path, empty_environment: Path, tmp_path: Path
) -> None:
    home, source = tmp_path / "home", tmp_path / "source"
    home.mkdir()
    source.mkdir()
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    python = empty_environment / "bin" / "python"
    installed = run(python, "-m", "pip", "-q", "--disable-pip-version-check", "install", wheel)
    assert installed.returncode == 0, installed.stderr

    surroundings = {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"}
    upshot = empty_environment / "bin" / "upshot"
    shown = run(upshot, "demo", source, "--limit", "4", env=surroundings)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    listed = run(upshot, "list", "--json", env=surroundings)
    assert listed.returncode == 0, listed.stderr
    assert "SUCCESS" in listed.stdout
    assert "FAILURE" in listed.stdout
    databases = [path for path in home.rglob("*") if path.is_file()]
    assert databases
    assert all(path.stat().st_mode & 0o077 == 0 for path in databases)
