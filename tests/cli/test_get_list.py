import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from upshot.backend import Backend
from upshot.cli import exits, main
from upshot.record import Ref, TaskRecord
from upshot.results import connect


class Cli:
    """Runs the command in this process against one store."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self.capsys = capsys
        self.out = ""
        self.err = ""

    def __call__(self, *argv: str) -> int:
        self.capsys.readouterr()
        code = main([*argv, "--backend", self.url])
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *argv: str) -> Any:
        self(*argv, "--json")
        return json.loads(self.out)


@pytest.fixture(params=["sqlite", "memory"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    url = (
        f"sqlite:///{tmp_path / 'r.db'}"
        if request.param == "sqlite"
        else f"memory://{tmp_path.name}"
    )
    with connect(url) as opened:
        yield opened


@pytest.fixture
def cli(backend: Backend, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(backend.as_uri(include_password=True), capsys)


def fail(backend: Backend, task_id: str, error: Exception) -> None:
    backend.mark_as_failure(
        task_id, error, "Traceback (most recent call last):\n  ...\nValueError: no\n"
    )


def test_get_shows_a_value(backend: Backend, cli: Cli) -> None:
    backend.mark_as_done("good", {"lines": 3, "name": "ä"})

    assert cli("get", "good") == exits.OK
    assert cli.out.splitlines()[:2] == ["id        good", "state     SUCCESS"]
    assert cli.out.endswith("\n\n{'lines': 3, 'name': 'ä'}\n")
    assert cli.err == ""


@pytest.mark.parametrize("value", [None, "", 0, [], "two\nlines", {"a": [1, None]}])
def test_get_json_gives_the_value_back(backend: Backend, cli: Cli, value: object) -> None:
    backend.mark_as_done("good", value)

    shown = cli.json("get", "good")

    assert (shown["state"], shown["result"], shown["error"]) == ("SUCCESS", value, None)


@pytest.mark.covers("pain X6")
def test_get_shows_an_error_with_note_and_cause(backend: Backend, cli: Cli) -> None:
    error = ValueError("no lines")
    error.add_note("while reading x")
    error.__cause__ = KeyError("lines")
    fail(backend, "bad", error)

    assert cli("get", "bad") == exits.FAILED
    assert "error      ValueError: no lines\n" in cli.out
    assert "note       while reading x\n" in cli.out
    assert "caused by  KeyError: 'lines'\n" in cli.out
    assert "traceback  3 lines; --traceback shows them\n" in cli.out
    assert cli("get", "bad", "--traceback") == exits.FAILED
    assert cli.out.endswith("\n\nTraceback (most recent call last):\n  ...\nValueError: no\n")
    shown = cli.json("get", "bad")
    assert shown["error"]["notes"] == ["while reading x"]
    assert shown["error"]["cause"]["type"] == "KeyError"
    assert shown["traceback"].startswith("Traceback")


@pytest.mark.covers("pain X3")
def test_get_shows_an_error_of_an_unknown_class(
    backend: Backend, cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, Any] = {"__name__": "shop.errors"}
    exec("class OutOfStock(Exception): pass", namespace)
    fail(backend, "bad", namespace["OutOfStock"]("no more", 3))

    assert cli("get", "bad") == exits.FAILED
    assert "error      shop.errors.OutOfStock: " in cli.out


def test_unfinished_task_is_not_ready(backend: Backend, cli: Cli) -> None:
    backend.store_result("going", {"done": 3}, "PROGRESS")

    assert cli("get", "going") == exits.NOT_READY
    assert "progress  {'done': 3}\n" in cli.out
    assert cli.json("get", "going")["state"] == "PROGRESS"


def test_waiting_ends_in_time(backend: Backend, cli: Cli) -> None:
    backend.mark_as_started("going", pid=1)

    assert cli("get", "going", "--timeout", "0.05") == exits.NOT_READY
    assert cli.out == ""
    assert "STARTED" in cli.err


def test_unknown_id(cli: Cli) -> None:
    assert cli("get", "nobody") == exits.UNKNOWN_ID
    assert cli("get", "nobody", "--timeout", "0.05") == exits.UNKNOWN_ID
    assert cli("get", "nobody", "--json") == exits.UNKNOWN_ID
    assert cli.out == ""


@pytest.mark.parametrize("task_id", ["", "x" * 156, "a\nb", "\x1b[31m"])
def test_bad_id_is_wrong_usage(cli: Cli, task_id: str) -> None:
    assert cli("get", task_id) == exits.USAGE
    assert "\x1b" not in cli.err
    assert cli.err.count("\n") == 1


def test_path_like_id_is_only_an_id(backend: Backend, cli: Cli) -> None:
    backend.mark_as_done("../../etc/passwd", 1)

    assert cli("get", "../../etc/passwd") == exits.OK


def test_group_is_counted(backend: Backend, cli: Cli) -> None:
    for number in range(25):
        backend.mark_as_done(f"m{number}", number)
    fail(backend, "m25", ValueError("no"))
    members = tuple(Ref(f"m{number}") for number in range(26))
    backend.records.put_group(Ref("g", members=members))

    assert cli("get", "g") == exits.FAILED
    lines = cli.out.splitlines()
    assert lines[:2] == ["group    g", "members  26 tasks: 25 SUCCESS, 1 FAILURE"]
    assert lines[4].split()[:2] == ["m25", "FAILURE"]
    assert lines[4].endswith("ValueError: no")
    assert len(lines) == 4 + 20
    assert cli.err == "6 more; `upshot list --group g --limit 26` lists all\n"
    shown = cli.json("get", "g")
    assert (shown["size"], shown["counts"]) == (26, {"SUCCESS": 25, "FAILURE": 1})
    assert [member["id"] for member in shown["members"]] == [f"m{n}" for n in range(26)]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ((), exits.OK),
        (("good",), exits.OK),
        (("good", "going"), exits.NOT_READY),
        (("good", "nobody"), exits.UNKNOWN_ID),
        (("nobody", "going"), exits.NOT_READY),
        (("going", "bad"), exits.FAILED),
    ],
)
def test_code_of_a_group(backend: Backend, cli: Cli, members: tuple[str, ...], code: int) -> None:
    backend.mark_as_done("good", 1)
    backend.mark_as_started("going", pid=1)
    fail(backend, "bad", ValueError("no"))
    backend.records.put_group(Ref("g", members=tuple(map(Ref, members))))

    assert cli("get", "g") == code
    assert cli("get", "g", "--timeout", "0.01", "--json") == code


@pytest.mark.covers("pain O1")
def test_list_shows_newest_first(backend: Backend, cli: Cli) -> None:
    for number in range(5):
        backend.mark_as_done(f"t{number}", number)

    rows = cli.json("list", "--limit", "3")

    assert [row["id"] for row in rows] == ["t4", "t3", "t2"]
    assert cli("list", "--limit", "3") == exits.OK
    assert cli.out.splitlines()[0].split() == ["ID", "STATE", "TASK", "AGE", "TOOK", "WORKER"]
    assert cli.out.splitlines()[1].split()[:2] == ["t4", "SUCCESS"]
    assert cli.err == "there are more than these 3; --limit shows more\n"


def test_a_limit_may_be_larger_than_any_store(backend: Backend, cli: Cli) -> None:
    backend.mark_as_done("a", 1)
    assert len(cli.json("list", "--limit", "9" * 30)) == 1


def test_list_narrows(backend: Backend, cli: Cli) -> None:
    save = backend.records.save
    save(TaskRecord(id="a", state="SUCCESS", name="shop.pay", group="g1", worker="w1"))
    save(TaskRecord(id="b", state="FAILURE", result=ValueError(), name="shop.pay", group="g2"))
    save(TaskRecord(id="c", state="SUCCESS", name="shop.ship", group="g1", worker="w2"))
    save(TaskRecord(id="d", state="my state", name="shop.ship"))

    def ids(*argv: str) -> set[str]:
        return {row["id"] for row in cli.json("list", *argv)}

    assert ids() == {"a", "b", "c", "d"}
    assert ids("--state", "success") == {"a", "c"}
    assert ids("--state", "FAILURE", "--state", "my state") == {"b", "d"}
    assert ids("--name", "shop.pay") == {"a", "b"}
    assert ids("--group", "g1", "--name", "shop.pay") == {"a"}
    assert ids("--worker", "w2") == {"c"}
    assert ids("--since", "1h") == {"a", "b", "c", "d"}
    assert ids("--since", "2999-01-01") == set()


def test_list_of_nothing_says_so(cli: Cli) -> None:
    assert cli("list") == exits.OK
    assert cli.out == "no results yet; `upshot demo` makes some\n"
    assert cli("list", "--state", "FAILURE") == exits.OK
    assert cli.out == "nothing matches\n"
    assert cli.json("list") == []


def test_stored_text_steers_no_terminal(backend: Backend, cli: Cli) -> None:
    evil = "x\x1b]0;owned\x07"
    backend.records.save(TaskRecord(id="a", state="SUCCESS", result=evil, name=evil, worker=evil))

    for argv in (("list",), ("get", "a")):
        assert cli(*argv) == exits.OK
        assert "\x1b" not in cli.out
        assert "\\x1b]0;owned\\x07" in cli.out


@pytest.mark.parametrize("since", ["yesterday", "", "5 mm"])
def test_list_refuses_a_wrong_time(cli: Cli, since: str) -> None:
    assert cli("list", "--since", since) == exits.USAGE
