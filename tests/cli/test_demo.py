import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from upshot.cli import exits

GROUP = re.compile(r"^group +(\S+)$", re.MULTILINE)
REPORT = re.compile(r"^report +(\S+)$", re.MULTILINE)


def found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    assert match is not None, text
    return match[1]


def test_demo_is_seen_from_another_process_and_directory(
    shell: Shell, project: Path, tmp_path: Path
) -> None:
    ended = shell("demo", str(project), cwd=tmp_path)

    assert ended.code == exits.OK, ended.err
    assert f"4 files of {project} in " in ended.out
    assert ": 3 measured, 1 failed\n" in ended.out
    assert re.search(r"^bad\.py +SyntaxError: .*, line 1$", ended.out, re.MULTILINE)
    assert "\x1b" not in ended.out + ended.err
    assert "4 of 4 files, 1 failed, " in ended.err
    group, report = found(GROUP, ended.out), found(REPORT, ended.out)

    rows = shell("list", "--json", "--group", group).json()
    assert len(rows) == 4
    assert {row["name"] for row in rows} == {"upshot.demo.measure"}
    assert sorted(row["state"] for row in rows) == ["FAILURE", "SUCCESS", "SUCCESS", "SUCCESS"]
    failed = shell("list", "--json", "--group", group, "--state", "FAILURE").json()
    assert len(failed) == 1
    one = shell("get", "--json", failed[0]["id"])
    assert one.code == exits.FAILED
    assert one.json()["error"]["type"] == "SyntaxError"
    assert one.json()["error"]["notes"] == [f"while measuring {project / 'bad.py'}"]
    assert shell("get", group).code == exits.FAILED
    whole = shell("get", "--json", report)
    assert whole.code == exits.OK
    assert whole.json()["result"]["python"]["functions"] == 2
    assert whole.json()["result"]["failures"][0]["file"] == "bad.py"


def test_every_command_it_names_works(shell: Shell, project: Path, tmp_path: Path) -> None:
    ended = shell("demo", str(project), "--backend", "sqlite:///mine.db", cwd=tmp_path)

    assert ended.code == exits.OK, ended.err
    named = re.findall(r"^  upshot (.*)  # ", ended.out, re.MULTILINE)
    assert len(named) == 3
    for line in named:
        assert f"--backend sqlite:///{tmp_path}/mine.db" in line
        shown = shell(*line.split(), "--json")
        assert shown.code in (exits.OK, exits.FAILED), shown.err
        assert shown.json()
    assert (tmp_path / "mine.db").is_file()
    assert not list(shell.home.rglob("*.db"))


def test_environment_names_the_store(shell: Shell, project: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'env.db'}"

    ended = shell("demo", str(project), UPSHOT_BACKEND=url)

    assert ended.code == exits.OK, ended.err
    assert f"results  {url}" in ended.out
    assert "--backend" not in ended.out
    group = found(GROUP, ended.out)
    assert shell("get", group, UPSHOT_BACKEND=url).code == exits.FAILED
    assert shell("get", group).code == exits.UNKNOWN_ID


def test_memory_says_that_nothing_remains(shell: Shell, project: Path) -> None:
    ended = shell("demo", str(project), "--backend", "memory://")

    assert ended.code == exits.OK, ended.err
    assert "gone now" in ended.out
    assert "upshot get" not in ended.out


def test_limit_is_said(shell: Shell, project: Path) -> None:
    ended = shell("demo", str(project), "--limit", "2", "--backend", "memory://")

    assert ended.code == exits.OK, ended.err
    assert "2 files of" in ended.out
    assert "There are more files; --limit left them out." in ended.out


def test_standard_library_is_the_default(shell: Shell) -> None:
    ended = shell("demo", "--limit", "30")

    assert ended.code == exits.OK, ended.err
    assert f"30 files of {os.path.dirname(os.path.realpath(os.__file__))} in " in ended.out  # noqa: PTH120


def test_empty_directory_is_no_error(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)

    ended = shell("demo", str(tmp_path / "empty"))

    assert (ended.code, ended.err) == (exits.OK, "")
    assert ended.out == f"{tmp_path / 'empty'} holds no files, so there is nothing to measure\n"


@pytest.mark.parametrize("name", ["gone", "file.txt", "loop"])
def test_what_is_no_directory_is_wrong_usage(shell: Shell, tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    ended = shell("demo", str(tmp_path / name))

    assert (ended.code, ended.out) == (exits.USAGE, "")
    assert ended.err.startswith("upshot: ")
    assert ended.err.count("\n") == 1
    assert not list(shell.home.rglob("*"))


def test_hard_files_harm_only_themselves(shell: Shell, tmp_path: Path) -> None:
    root = tmp_path / "hard"
    root.mkdir()
    (root / "good.py").write_text("x = 1\n")
    (root / "binary.py").write_bytes(bytes(range(256)))
    (root / "deep.py").write_text("x = " + "[" * 5000 + "]" * 5000)
    (root / "operators.py").write_text("x = " + "-" * 20_000 + "1")
    (root / "empty.py").write_text("")
    (root / "warns.py").write_text("x = '\\d'\nassert (1, 2)\n1 is 1\n")
    (root / "name\nwith line \x1b[31m.txt").write_text("x")
    (Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.py"))).write_text("def (")
    os.mkfifo(root / "pipe.py")
    (root / "loop").symlink_to(root)

    ended = shell("demo", str(root))

    assert ended.code == exits.OK, ended.err
    assert ": 4 measured, 4 failed\n" in ended.out
    assert "\x1b" not in ended.out + ended.err
    assert "Warning" not in ended.err
    failed = shell("list", "--state", "FAILURE", "--json").json()
    assert len(failed) == 4
    for row in failed:
        assert shell("get", row["id"]).code == exits.FAILED


def test_store_that_cannot_be_reached_ends_it(shell: Shell, project: Path) -> None:
    ended = shell("demo", str(project), "--backend", "redis://:geheim@127.0.0.1:1/0")

    assert ended.code == exits.STORE
    assert "geheim" not in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert ended.err.splitlines()[-1].startswith("upshot: ")


def test_report_on_standard_output_progress_beside_it(shell: Shell, project: Path) -> None:
    ended = shell("demo", str(project), "--backend", "memory://")

    assert "measuring 4 files of" in ended.err
    assert "measuring" not in ended.out
    json.dumps(ended.out)
