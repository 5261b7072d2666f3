"""What the command does on odd terminals, closed pipes, full disks and for users without rights."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import Shell
from upshot.cli import exits
from upshot.results import connect

NOBODY = 65534
ESCAPE = "\x1b"


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'r.db'}"
    with connect(address) as backend:
        for number in range(300):
            backend.mark_as_done(f"task-{number}", "x" * 500)
        backend.mark_as_failure("broken", ValueError("no"))
    return address


def on_terminal(
    shell: Shell, *argv: str, columns: int = 100, env: Mapping[str, str] | None = None
) -> str:
    text, status = pexpect.run(
        " ".join([sys.executable, "-m", "upshot", *argv]),
        env={**shell.env(), "TERM": "xterm-256color", **(env or {})},
        cwd=str(shell.cwd),
        withexitstatus=True,
        encoding="utf-8",
        dimensions=(40, columns),
    )
    assert status in (exits.OK, exits.FAILED), text
    return str(text)


def test_terminal_gets_colour(shell: Shell, url: str) -> None:
    assert ESCAPE in on_terminal(shell, "list", "--backend", url)
    assert ESCAPE in on_terminal(shell, "get", "broken", "--backend", url)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_terminal_without_colour_gets_plain_text(
    shell: Shell, url: str, env: dict[str, str]
) -> None:
    for argv in (("list",), ("get", "broken"), ("settings",), ("check",)):
        assert ESCAPE not in on_terminal(shell, *argv, "--backend", url, env=env)


def test_json_is_json_on_a_terminal_too(shell: Shell, url: str) -> None:
    for argv in (("list",), ("get", "broken"), ("settings",), ("check",)):
        text = on_terminal(shell, *argv, "--json", "--backend", url)
        assert ESCAPE not in text
        assert text[0] in "[{"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_ids_and_states_are_whole_at_any_width(shell: Shell, tmp_path: Path, columns: int) -> None:
    address = f"sqlite:///{tmp_path / 'w.db'}"
    with connect(address) as backend:
        backend.mark_as_done("3a74a3d4-6f3c-4d0c-a1f5-0a0d4a3d4a3d", 1)

    text = on_terminal(shell, "list", "--backend", address, columns=columns)

    assert "3a74a3d4-6f3c-4d0c-a1f5-0a0d4a3d4a3d" in text.replace("\r\n", "")
    assert "SUCCESS" in text.replace("\r\n", "")


@pytest.mark.parametrize("argv", [("list", "--limit", "1000"), ("list", "--json"), ("settings",)])
def test_closed_pipe_is_quiet(shell: Shell, url: str, argv: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "upshot", *argv, "--backend", url],
        env=shell.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()

    assert (process.returncode, err) == (exits.BROKEN_PIPE, b"")


def test_output_that_is_no_unicode_is_survived(shell: Shell, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'u.db'}"
    with connect(address) as backend:
        backend.mark_as_done("umlaut", "ä☃")

    ended = shell("get", "umlaut", "--backend", address, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ended.code == exits.OK
    assert "\\xe4\\u2603" in ended.out


def test_debug_shows_the_chain_without_secrets(shell: Shell) -> None:
    for argv in (("get", "x"), ("check",)):
        ended = shell(*argv, "--debug", "--backend", "redis://:geheim@127.0.0.1:1/0")

        assert ended.code == exits.STORE
        assert "The above exception was the direct cause" in ended.err
        assert "geheim" not in ended.out + ended.err
        assert ended.err.splitlines()[-1].startswith("upshot: ")


AS_NOBODY = f"""
import io, os, sys
from contextlib import redirect_stderr, redirect_stdout
from upshot.cli import main
sys.argv[1:], project = sys.argv[2:], sys.argv[1]
with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
    # What is imported on first use may be out of reach for somebody without rights.
    main(["demo", project, "--backend", "sqlite:///" + project + "/warm.db"])
    for argv in (["check"], ["list"], ["get", "x"], ["demo", "/nowhere"]):
        main([*argv, "--backend", "sqlite:///" + project + "/warm.db"])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
sys.exit(main())
"""


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Path]:
    """A directory that everybody may enter, and nobody but the owner may write."""
    made = Path(tempfile.mkdtemp(prefix="upshot-public-"))
    made.chmod(0o755)
    (made / "good.py").write_text("x = 1\n")
    yield made
    shutil.rmtree(made)


def test_what_cannot_be_read_is_reported(shell: Shell, public: Path, tmp_path: Path) -> None:
    (public / "secret.py").write_text("x = 2\n")
    (public / "secret.py").chmod(0)
    (public / "locked").mkdir(mode=0)
    (tmp_path / "warm").mkdir()

    ended = shell.python(
        AS_NOBODY, str(tmp_path / "warm"), "demo", str(public), "--backend", "memory://"
    )

    assert ended.code == exits.OK, ended.err
    assert ": 1 measured, 1 failed\n" in ended.out
    assert "secret.py  PermissionError: Permission denied\n" in ended.out
    assert "locked       Permission denied\n" in ended.out


def test_directory_that_cannot_be_read_is_wrong_usage(
    shell: Shell, public: Path, tmp_path: Path
) -> None:
    (public / "locked").mkdir(mode=0)
    (tmp_path / "warm").mkdir()

    ended = shell.python(AS_NOBODY, str(tmp_path / "warm"), "demo", str(public / "locked"))

    assert ended.code == exits.USAGE
    assert ended.err == (
        f"upshot: {public / 'locked'} cannot be read (Permission denied)"
        " (see `upshot demo --help`)\n"
    )


@pytest.mark.parametrize("argv", [("list",), ("demo", "."), ("get", "x"), ("check",)])
def test_home_that_cannot_be_written_is_said(
    shell: Shell, public: Path, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    (tmp_path / "warm").mkdir()

    argv = tuple(word.replace(".", str(public)) for word in argv)
    ended = shell.python(AS_NOBODY, str(tmp_path / "warm"), *argv, HOME=str(public))

    assert ended.code == exits.USAGE, ended.err
    assert len(ended.err.splitlines()) == 1
    assert "UPSHOT_BACKEND" in ended.err
    assert [path.name for path in public.iterdir()] == ["good.py"]


FULL = """
import resource, sys
from upshot.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("limit", [60_000, 250_000])
def test_full_disk_ends_the_demo_in_words(shell: Shell, tmp_path: Path, limit: int) -> None:
    root = tmp_path / "many"
    root.mkdir()
    for number in range(150):
        (root / f"{number}.py").write_text("x = 1\n" * 100)
    url = f"sqlite:///{tmp_path / 'full.db'}"

    ended = shell.python(FULL, str(limit), "demo", str(root), "--backend", url)

    assert ended.code in (exits.OK, exits.STORE), ended.err
    assert "Traceback" not in ended.err
    if ended.code == exits.STORE:
        assert ended.err.splitlines()[-1].startswith("upshot: ")
    assert shell("check", "--backend", url).code == exits.OK
