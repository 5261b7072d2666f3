"""What the command line says when something is wrong, word for word."""

import socket
from pathlib import Path

import pytest

from upshot.cli import exits, main
from upshot.results import connect


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ("--frob", "no such option --frob (see `upshot --help`)"),
        (
            "list --jsom",
            "no such option --jsom; did you mean --json? (see `upshot list --help`)",
        ),
        ("lst", "no such command 'lst'; did you mean 'list'? (see `upshot --help`)"),
        (
            "frobnicate",
            (
                "no such command 'frobnicate'; there are demo, get, list, check, settings"
                " (see `upshot --help`)"
            ),
        ),
        ("get", "missing argument 'ID' (see `upshot get --help`)"),
        (
            f"get {'x' * 156}",
            (
                "invalid value for ID: a task id has at most 155 characters, this one has 156"
                " (see `upshot get --help`)"
            ),
        ),
        (
            "get x --timeout soon",
            (
                "invalid value for '--timeout': 'soon' is not a number of at least 0"
                " (see `upshot get --help`)"
            ),
        ),
        (
            "list --limit 0",
            (
                "invalid value for '-n' / '--limit': '0' is not a whole number of at least 1"
                " (see `upshot list --help`)"
            ),
        ),
        (
            "list --since yesterday",
            (
                "invalid value for --since: 'yesterday' is neither a span such as 30s, 10m, 2h or 7d"
                " nor a time such as 2026-11-20T18:30 (see `upshot list --help`)"
            ),
        ),
        ("demo nowhere", "there is no directory nowhere (see `upshot demo --help`)"),
        ("demo file.txt", "file.txt is not a directory (see `upshot demo --help`)"),
        (
            "settings resul_expires",
            "'resul_expires' is not a setting; did you mean result_expires?",
        ),
        (
            "settings frobnicate",
            "'frobnicate' is not a setting; `upshot settings` lists all of them",
        ),
        (
            "list --backend reds://:geheim@h/0",
            "there is no result backend called 'reds'; did you mean redis?",
        ),
    ],
)
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: str, line: str
) -> None:
    (tmp_path / "file.txt").write_text("")

    assert main(argv.split()) == exits.USAGE

    assert capsys.readouterr() == ("", f"upshot: {line}\n")


@pytest.mark.parametrize(
    ("argv", "code", "line"),
    [
        (
            "get nobody",
            exits.UNKNOWN_ID,
            (
                "no record of nobody: it was never submitted to this store, was forgotten, or expired"
                " long ago; `upshot list` shows what is there"
            ),
        ),
        (
            "get going --timeout 0.01",
            exits.NOT_READY,
            (
                "task going is not finished after 0.01 s, its state is STARTED; it goes on, ask again"
                " later"
            ),
        ),
        ("get expired", exits.UNKNOWN_ID, "the result of expired has expired and is gone"),
    ],
)
def test_what_cannot_be_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: str, code: int, line: str
) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    with connect(url) as backend:
        backend.mark_as_started("going", pid=1)
        backend.store_result("expired", 1, "SUCCESS", ttl=0.001)

    assert main([*argv.split(), "--backend", url]) == code

    assert capsys.readouterr() == ("", f"upshot: {line}\n")


def test_unknown_id_that_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["get", "nobody", "--timeout", "0.01", "--backend", "memory://messages"]

    assert main(argv) == exits.UNKNOWN_ID

    assert capsys.readouterr().err == (
        "no record of nobody yet; waiting for one, Ctrl-C ends\n"
        "upshot: no record of nobody: it was never submitted to this store, was forgotten, or"
        " expired long ago; `upshot list` shows what is there\n"
    )


def test_failing_step_of_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    argv = ["check", "--backend", f"redis://:geheim@127.0.0.1:{port}/0"]
    assert main(argv) == exits.STORE

    out, err = capsys.readouterr()
    assert out == (
        f"checking redis://:**@127.0.0.1:{port}/0\n"
        "address     ok        Redis\n"
        "driver      ok        loaded (guard atomic, expiry native)\n"
        "connect     failed    unreachable\n"
    )
    assert err.startswith(
        "upshot: the step 'connect' failed (unreachable): Redis at"
        f" redis://:**@127.0.0.1:{port}/0 cannot be reached: "
    )


def test_unexpected_error_is_called_a_defect(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "faulty_store.py").write_text(
        "def from_url(url, settings):\n    raise ZeroDivisionError('by zero')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert main(["list", "--backend", "faulty_store:from_url"]) == exits.BUG

    assert capsys.readouterr() == (
        "",
        (
            "upshot: unexpected ZeroDivisionError: by zero; this is a defect of upshot, run the"
            " command again with --debug and report what it prints\n"
        ),
    )
