import json
import re
from importlib.metadata import version

import pytest

from tests.cli.conftest import Shell
from upshot.cli import exits, main
from upshot.cli.app import COMMANDS

HEAVY = ("kombu", "redis", "sqlalchemy", "pydantic", "celery")

LOADED = """
import json, sys
from upshot.cli import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "loaded": sorted(sys.modules)}), file=sys.stderr)
"""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == exits.OK
    assert capsys.readouterr().out == f"upshot {version('upshot')}\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_and_exit_code(
    capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    assert main([flag]) == exits.OK
    out = capsys.readouterr().out
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", out, re.MULTILINE)
    for code, meaning in exits.TABLE:
        assert re.search(rf"^  {code} +{re.escape(meaning)}", out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([name, "--help"]) == exits.OK
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: upshot {name} ")
    assert "--help" in out


def test_without_a_command_there_is_help_and_the_code_of_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == exits.USAGE
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [("--help",), ("--version",), ("list",), ("settings",), ("get", "--help")]
)
def test_light_commands_load_no_driver_and_no_kombu(shell: Shell, argv: tuple[str, ...]) -> None:
    ended = shell.python(LOADED, *argv)

    told = json.loads(ended.err.splitlines()[-1])
    assert told["code"] == exits.OK
    assert not [name for name in told["loaded"] if name.partition(".")[0] in HEAVY]
    assert "rich" not in told["loaded"]


def test_list_of_finished_results_in_sqlite_loads_no_kombu(shell: Shell) -> None:
    fill = (
        "import upshot.results as r\n"
        "with r.connect() as b:\n"
        "    b.mark_as_done('one', {'n': 1})\n"
        "    b.mark_as_failure('two', ValueError('no'))\n"
    )
    assert shell.python(fill).code == 0

    ended = shell.python(LOADED, "list", "--json")

    assert {row["id"] for row in ended.json()} == {"one", "two"}
    told = json.loads(ended.err.splitlines()[-1])
    assert not [name for name in told["loaded"] if name.partition(".")[0] in HEAVY]


def test_main_needs_no_click_until_it_runs(shell: Shell) -> None:
    ended = shell.python(
        "import sys, upshot.cli, upshot.__main__\nprint('click' in sys.modules, 'rich' in sys.modules)"
    )

    assert ended.out == "False False\n"


def test_python_m_upshot_is_the_command(shell: Shell) -> None:
    ended = shell("--version")

    assert (ended.code, ended.out, ended.err) == (0, f"upshot {version('upshot')}\n", "")


def test_shared_options_stand_before_and_after_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for argv in (
        ["--backend", "memory://before", "check", "--json"],
        ["check", "--json", "--backend", "memory://before"],
        ["--backend", "nonsense://", "check", "--json", "--backend", "memory://before"],
    ):
        assert main(argv) == exits.OK
        assert json.loads(capsys.readouterr().out)["backend"] == "memory://before"
