"""Bad input through the command line: an exit code, and one whole line on stderr, no secret in it."""

import pickle
import resource
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.redis_server import RedisServer, free_port
from tests.stores.sqlite.helpers import filled, sql
from tests.support.children import as_nobody, public_directory
from upshot.cli import exits, main
from upshot.results import connect
from upshot.stores.sqlite import SqliteStore
from upshot.testing.envelopes import make_document, make_envelope
from upshot.testing.processes import ForkedChild

pytestmark = pytest.mark.covers("SEC-04", "pain P4", "ERR-01", "STO-02")

SECRET = "Zq7xK"
RECOVER = "move it away and a new one is made, or recover it with `sqlite3 FILE .recover`"
CURE = "; write it again or forget it"
BOMB = b"upshot/1 %d SUCCESS 0 application/json utf-8 application/x-gzip\n" % (2 << 40)


def said(capsys: pytest.CaptureFixture[str], code: int, *argv: str) -> str:
    """Run the command, check its code and that it says one line only, and return that line."""
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert SECRET not in err
    assert err.startswith("upshot: ")
    assert err.count("\n") == 1
    return err.removeprefix("upshot: ").removesuffix("\n")


@pytest.mark.parametrize("argv", [("list",), ("get", "x")])
@pytest.mark.parametrize(
    ("url", "line"),
    [
        (
            "reds://:Zq7xK@h",
            "there is no result backend called 'reds'; did you mean redis?",
        ),
        (
            "redis://u:Zq7xK@h:70000",
            "'redis://u:**@h:70000' has a port above 65535",
        ),
        (
            "mongodb://u:Zq7xK@h",
            (
                "keeping results in MongoDB is not built yet; it will need `pip install "
                "'upshot[mongodb]'`. Built are memory://, sqlite://, redis://"
            ),
        ),
        (
            "sqlite:///:memory:",
            (
                "SQLite cannot keep results in ':memory:', which every connection would have for "
                "itself: use memory:// for results in memory, or name a file"
            ),
        ),
        (
            "redis://u:Zq7xK@h?socket_timeuot=1",
            (
                "redis://u:**@h?socket_timeuot=1: there is no option 'socket_timeuot'; did you "
                "mean socket_timeout?"
            ),
        ),
    ],
)
def test_addresses(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], url: str, line: str
) -> None:
    assert said(capsys, exits.USAGE, *argv, "--backend", url) == line


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    for argv in (("list",), ("get", "x")):
        url = f"redis://:{SECRET}@127.0.0.1:{port}/0"
        assert said(capsys, exits.STORE, *argv, "--backend", url) == (
            f"Redis at redis://:**@127.0.0.1:{port}/0 cannot be reached: check that it runs and "
            f"that the address is right (Error 111 connecting to 127.0.0.1:{port}. Connection "
            "refused.)"
        )


def test_wrong_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    with RedisServer({"requirepass": "right"}) as server:
        url = server.url(login=f"bob:{SECRET}")
        assert said(capsys, exits.STORE, "list", "--backend", url) == (
            f"Redis at redis://bob:**@127.0.0.1:{server.port}/0: user name or password are wrong: "
            "correct them in the URL, or in redis_username and redis_password (the server said: "
            "invalid username-password pair or user is disabled.)"
        )


def test_a_missing_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "redis"]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("upshot.stores.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    assert said(capsys, exits.USAGE, "list", "--backend", f"redis://:{SECRET}@h") == (
        "keeping results in Redis needs the package redis, which is not installed: pip install "
        "'upshot[redis]'"
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.db"


def newer(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        filled(store)
    sql(path, "UPDATE upshot_meta SET value = 2")


@pytest.mark.parametrize(
    ("spoil", "code", "line"),
    [
        (
            Path.mkdir,
            exits.USAGE,
            "{path} is a directory: name a file in it, such as {path}/results.db",
        ),
        (
            lambda path: path.write_bytes(b"my diary\n" * 1000),
            exits.STORE,
            "{path} is damaged or no SQLite file (file is not a database): " + RECOVER,
        ),
        (
            newer,
            exits.USAGE,
            (
                "{path} was made by a newer upshot (its tables have version 2, this release knows "
                "1): upgrade upshot, or name another file"
            ),
        ),
    ],
    ids=["directory", "diary", "newer"],
)
def test_files(
    capsys: pytest.CaptureFixture[str],
    path: Path,
    spoil: Callable[[Path], object],
    code: int,
    line: str,
) -> None:
    spoil(path)
    for argv in (("list",), ("get", "x")):
        assert said(capsys, code, *argv, "--backend", f"sqlite:///{path}") == line.format(path=path)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (b"\x00\x01", f"nothing tells how the record was encoded: b'\\x00\\x01'{CURE}"),
        (
            pickle.dumps({"status": "SUCCESS", "result": SECRET}),
            (
                "the record is stored as 'pickle', which is not accepted here and was not decoded; "
                "accepted are application/json. Add it to result_accept_content if you trust "
                "everybody who can write to the store"
            ),
        ),
        (
            make_document(
                "bad",
                "FAILURE",
                result={
                    "exc_type": "system",
                    "exc_module": "os",
                    "exc_message": ["redis://:Zq7xK@h"],
                },
            ),
            (
                "a stored exception names os.system, which is no exception class; nothing was "
                "called (its payload: ['redis://:**@h']). Find out who wrote it, then forget the "
                "record"
            ),
        ),
        (
            BOMB + zlib.compress(bytes(65 << 20)),
            (
                "the record decompresses to more than 67108864 bytes and was not read; raise "
                "upshot_max_decompressed if it is yours"
            ),
        ),
    ],
    ids=["garbage", "pickle", "attack", "bomb"],
)
@pytest.mark.covers("SEC-02")
def test_records(
    capsys: pytest.CaptureFixture[str], path: Path, document: bytes, line: str
) -> None:
    url, state = f"sqlite:///{path}", "FAILURE" if b"exc_type" in document else "SUCCESS"
    with connect(url) as backend:
        backend.mark_as_done("good", 1)
        backend.store.save(make_envelope("bad", state, document=document))
    assert said(capsys, exits.STORE, "get", "bad", "--backend", url) == f"task bad: {line}"
    assert main(["get", "good", "--backend", url]) == exits.OK
    assert main(["list", "--backend", url]) == exits.OK
    assert "good" in capsys.readouterr().out


@pytest.mark.parametrize("task_id", ["../../etc/passwd", "/etc/passwd", "..", "*", "x" * 155])
def test_ids(capsys: pytest.CaptureFixture[str], path: Path, task_id: str) -> None:
    assert said(capsys, exits.UNKNOWN_ID, "get", task_id, "--backend", f"sqlite:///{path}") == (
        f"no record of {task_id}: it was never submitted to this store, was forgotten, or expired "
        "long ago; `upshot list` shows what is there"
    )
    assert [file.name for file in path.parent.iterdir()] == ["r.db"]


def test_a_locked_file(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        filled(store)
    url = f"sqlite:///{path}?timeout=0.05"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert main(["check", "--backend", url]) == exits.STORE
        assert capsys.readouterr().err == (
            f"upshot: the step 'write' failed (unreachable): {path} has been locked by another "
            "process for 0.05 s: try again, or allow more with ?timeout=SECONDS\n"
        )
    assert main(["check", "--backend", url]) == exits.OK


@pytest.fixture
def public() -> Iterator[Path]:
    with public_directory() as directory:
        yield directory


def test_a_directory_that_takes_no_files(capfd: pytest.CaptureFixture[str], public: Path) -> None:
    # What is imported on first use may be out of reach for somebody without rights.
    assert main(["list", "--backend", f"sqlite:///{public}/warm.db"]) == exits.OK
    (public / "warm.db").unlink()
    capfd.readouterr()

    def child() -> None:
        assert main(["list", "--backend", f"sqlite:///{public}/r.db"]) == exits.STORE
        sys.stderr.flush()

    as_nobody(child)
    assert capfd.readouterr() == (
        "",
        (
            f"upshot: {public}/r.db cannot be made or opened (Permission denied): this user needs "
            "to read and write the file and its directory\n"
        ),
    )
    assert list(public.iterdir()) == []


def test_a_disk_that_is_full(capfd: pytest.CaptureFixture[str], path: Path) -> None:
    def child() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        assert main(["list", "--backend", f"sqlite:///{path}"]) == exits.STORE
        sys.stderr.flush()

    ForkedChild(child).wait()
    assert capfd.readouterr() == (
        "",
        (
            f"upshot: reading or writing {path} failed (disk I/O error): check the disk, its free "
            "space and the limit on file sizes; nothing was written\n"
        ),
    )
    assert main(["check", "--backend", f"sqlite:///{path}"]) == exits.OK
