import json
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell
from upshot.cli import exits, main
from upshot.ops.health import check
from upshot.results import connect
from upshot.settings import Settings
from upshot.stores.contract import Lists, Queries

STEPS = ["address", "driver", "connect", "write", "read back", "guard", "list", "push", "forget"]

# Stores that misbehave, as somebody's own `package.module:attribute`.
BROKEN = """
from upshot.errors import Misconfigured, Refused, Unavailable
from upshot.settings import Settings
from upshot.stores.contract import Saved
from upshot.stores.registry import open_store


class Broken:
    \"\"\"The memory store without its capabilities, and with one fault.\"\"\"

    fault = ""
    stores = []

    def __init__(self, url, settings):
        self.inner = open_store(f"memory://{self.fault}", settings)
        self.closed = 0
        self.stores.append(self)

    @property
    def traits(self):
        return self.inner.traits

    def save(self, envelope):
        return self.inner.save(envelope)

    def load(self, ids):
        return self.inner.load(ids)

    def delete(self, ids):
        self.inner.delete(ids)

    def close(self):
        self.closed += 1


class Forgets(Broken):
    fault = "forgets"

    def load(self, ids):
        return {}


class Unguarded(Broken):
    fault = "unguarded"

    def save(self, envelope):
        super().save(envelope)
        return Saved(True, envelope.order)


class ReadOnly(Broken):
    fault = "readonly"

    def save(self, envelope):
        raise Refused("the server at redis://:geheim@h/0 is read-only")


class Keeps(Broken):
    fault = "keeps"

    def delete(self, ids):
        pass


class Bug(Broken):
    fault = "bug"

    def save(self, envelope):
        raise KeyError("order")
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "broken_stores.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_stores", raising=False)
    return "broken_stores"


def outcome(url: str) -> tuple[list[tuple[str, str]], Any]:
    steps = list(check(url, Settings.from_mapping(None)))
    return [(step.name, step.status) for step in steps], steps[-1]


@pytest.mark.covers("pain O7")
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_good_store_passes_every_step_and_is_left_empty(kind: str, tmp_path: Path) -> None:
    url = "memory://check" if kind == "memory" else f"sqlite:///{tmp_path / 'r.db'}"

    steps, _ = outcome(url)

    assert [name for name, _ in steps] == STEPS
    assert {status for _, status in steps} <= {"ok", "skipped"}
    with connect(url) as backend:
        assert isinstance(backend.store, Lists | Queries)
        assert list(backend.store.scan(None, 10).items) == []  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("store", "step", "reason"),
    [
        ("Forgets", "read back", "wrong answer"),
        ("Unguarded", "guard", "wrong answer"),
        ("ReadOnly", "write", "refused"),
        ("Keeps", "forget", "wrong answer"),
        ("Bug", "write", "defect"),
    ],
)
def test_first_failing_step_is_the_last(broken: str, store: str, step: str, reason: str) -> None:
    steps, last = outcome(f"{broken}:{store}")

    assert steps == [
        *((name, "skipped" if name in ("list", "push") else "ok") for name, _ in steps[:-1]),
        (step, "failed"),
    ]
    assert last.reason == reason
    stores = sys.modules[broken].Broken.stores
    assert [made.closed for made in stores] == [1]
    assert stores[0].inner.load([stores[0].inner]) == {} or store == "Keeps"


def test_store_without_capabilities_passes(broken: str) -> None:
    steps, _ = outcome(f"{broken}:Broken")

    assert dict(steps) == {
        **dict.fromkeys(STEPS, "ok"),
        "list": "skipped",
        "push": "skipped",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "step", "reason", "code"),
    [
        ("reds://h/0", "address", "address", exits.USAGE),
        ("redis://h:port/0", "driver", "address", exits.USAGE),
        ("mongodb://u:geheim@h/db", "driver", "not supported", exits.USAGE),
        ("disabled", "driver", "not supported", exits.USAGE),
        ("sqlite:///:memory:", "driver", "address", exits.USAGE),
        ("redis://:geheim@127.0.0.1:{port}/0", "connect", "unreachable", exits.STORE),
        ("sqlite:////proc/upshot/r.db", "connect", "refused", exits.STORE),
    ],
)
def test_failures_are_told_apart(
    capsys: pytest.CaptureFixture[str], url: str, step: str, reason: str, code: int
) -> None:
    argv = ["check", "--backend", url.format(port=free_port())]

    assert main([*argv, "--json"]) == code

    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["steps"][-1]["name"], told["steps"][-1]["reason"]) == (step, reason)
    assert err.startswith(f"upshot: the step {step!r} failed ({reason}): ")
    assert err.count("\n") == 1
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split(maxsplit=2) == [step, "failed", reason]
    assert "geheim" not in out + err


def test_missing_package_is_named(shell: Shell) -> None:
    ended = shell.python(
        "import sys\nsys.modules['redis'] = None\nfrom upshot.cli import main\nsys.exit(main())",
        "check",
        "--backend",
        "redis://h/0",
    )

    assert ended.code == exits.USAGE
    assert ended.out.splitlines()[-1].split(maxsplit=2) == ["driver", "failed", "package missing"]
    assert "pip install 'upshot[redis]'" in ended.err


def test_file_that_is_no_database_is_damaged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "r.db").write_text("these are not the results you are looking for" * 100)

    assert main(["check", "--backend", f"sqlite:///{tmp_path / 'r.db'}"]) == exits.STORE

    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split(maxsplit=2)[1:] == ["failed", "damaged"]
    assert "r.db" in err


def test_check_leaves_records_of_others_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    with connect(url) as backend:
        backend.mark_as_done("mine", 1)

    assert main(["check", "--backend", url]) == exits.OK

    with closing(sqlite3.connect(tmp_path / "r.db")) as raw, raw:
        tables = [
            name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        dump = "\n".join(raw.iterdump())
    assert tables
    assert "upshot-check" not in dump
    assert "mine" in dump


def test_text_and_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--backend", "memory://say"]) == exits.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "checking memory://say"
    assert [line.split("  ")[0].strip() for line in lines[1:-1]] == STEPS
    assert lines[-1] == "this store works"

    assert main(["check", "--backend", "memory://say", "--json"]) == exits.OK
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert [step["name"] for step in told["steps"]] == STEPS
