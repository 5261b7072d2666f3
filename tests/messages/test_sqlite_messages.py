"""What is said about a SQLite file that cannot be used, whole, and that it is left as it was."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.stores.sqlite.helpers import filled, sql
from tests.support.children import as_nobody, error_of, public_directory
from upshot.errors import Damaged, Misconfigured, Refused, Unavailable, Unsupported, UpshotError
from upshot.stores.sqlite import SqliteStore
from upshot.testing.envelopes import assert_reads_as, make_envelope
from upshot.testing.processes import ForkedChild

pytestmark = [pytest.mark.store("sqlite"), pytest.mark.covers("ERR-01")]

RECOVER = "move it away and a new one is made, or recover it with `sqlite3 FILE .recover`"
RIGHTS = "this user needs to read and write the file and its directory"
TABLES = "the tables in {path} are not those of upshot"
VERSION = "{path} does not say which version its tables have: move it away and a new one is made"
FAILED = (
    "reading or writing {path} failed (disk I/O error): check the disk, its free space and the "
    "limit on file sizes; nothing was written"
)


def changed(*statements: str) -> Callable[[Path], None]:
    """Return what fills a file and runs *statements* on it."""

    def spoil(path: Path) -> None:
        with closing(SqliteStore(path)) as store:
            filled(store)
        for statement in statements:
            sql(path, statement)

    return spoil


def zeroed(path: Path) -> None:
    changed()(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))


def truncated(path: Path) -> None:
    changed()(path)
    path.write_bytes(path.read_bytes()[:6000])


@pytest.mark.parametrize(
    ("spoil", "kind", "message"),
    [
        (
            Path.mkdir,
            Misconfigured,
            "{path} is a directory: name a file in it, such as {path}/results.db",
        ),
        (
            lambda path: path.symlink_to("/dev/null"),
            Misconfigured,
            "/dev/null is no ordinary file: name another one",
        ),
        (
            lambda path: path.symlink_to(path),
            Misconfigured,
            (
                "results cannot be kept in {path} (Too many levels of symbolic links): name "
                "another file"
            ),
        ),
        (
            lambda path: path.write_bytes(b"my diary\n" * 1000),
            Damaged,
            "{path} is damaged or no SQLite file (file is not a database): " + RECOVER,
        ),
        (
            zeroed,
            Damaged,
            "{path} is damaged or no SQLite file (database disk image is malformed): " + RECOVER,
        ),
        (
            truncated,
            Damaged,
            "{path} is damaged or no SQLite file (database disk image is malformed): " + RECOVER,
        ),
        (
            changed("UPDATE upshot_meta SET value = 2"),
            Unsupported,
            (
                "{path} was made by a newer upshot (its tables have version 2, this release knows "
                "1): upgrade upshot, or name another file"
            ),
        ),
        (changed("UPDATE upshot_meta SET value = 'two'"), Damaged, VERSION),
        (changed("DELETE FROM upshot_meta"), Damaged, VERSION),
        (
            lambda path: sql(path, "CREATE TABLE upshot_records (a)"),
            Damaged,
            f"{TABLES} (table upshot_records already exists): {RECOVER}",
        ),
        (
            changed("DROP TABLE upshot_records"),
            Damaged,
            f"{TABLES} (no such table: upshot_records): {RECOVER}",
        ),
    ],
    ids=[
        "directory", "device", "circle", "diary", "zeroed", "truncated", "newer", "odd-version",
        "no-version", "foreign-table", "lost-table",
    ],
)  # fmt: skip
def test_what_is_no_store(
    tmp_path: Path, spoil: Callable[[Path], object], kind: type[UpshotError], message: str
) -> None:
    path = tmp_path / "results.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with closing(SqliteStore(path)) as store:
        for call in (lambda: store.save(make_envelope("late")), lambda: store.load(["id-0"])):
            error = error_of(call)
            assert (type(error), str(error)) == (kind, message.format(path=path))
    if before is not None and not path.is_symlink():
        assert path.read_bytes()[100:] == before[100:]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("file/results.db", "Not a directory"), ("x" * 300, "File name too long")],
)
def test_a_name_that_no_file_can_have(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    error = error_of(lambda: SqliteStore(tmp_path / name).load(["id"]))
    assert type(error) is Misconfigured
    assert (
        str(error) == f"results cannot be kept in {tmp_path / name} ({reason}): name another file"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def public() -> Iterator[Path]:
    with public_directory() as directory:
        yield directory


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        (None, "cannot be made or opened (Permission denied)"),
        (0o444, "cannot be used (attempt to write a readonly database)"),
        (0o000, "cannot be used (unable to open database file)"),
        (0o666, "cannot be used (attempt to write a readonly database)"),
    ],
    ids=["no-file", "read-only-file", "secret-file", "read-only-directory"],
)
def test_what_a_user_may_not_do(public: Path, mode: int | None, what: str) -> None:
    path = public / "results.db"
    if mode is not None:
        changed()(path)
        path.chmod(mode)

    def child() -> None:
        with closing(SqliteStore(path)) as store:
            for call in (lambda: store.save(make_envelope("late")), lambda: store.load(["id-0"])):
                error = error_of(call)
                assert type(error) is Refused
                assert str(error) == f"{path} {what}: {RIGHTS}"

    as_nobody(child)
    assert [file.name for file in public.iterdir()] == ([] if mode is None else ["results.db"])
    if mode is not None:
        assert sql(path, "SELECT count(*) FROM upshot_records") == [(3,)]


def full(path: Path, store: SqliteStore) -> None:
    store._connections.read(lambda c: c.execute("PRAGMA max_page_count = 20").fetchall())


def limited(path: Path, store: SqliteStore) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


def locked(path: Path, store: SqliteStore, *, held: list[sqlite3.Connection]) -> None:
    held.append(sqlite3.connect(path, isolation_level=None))
    held[0].execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize(
    ("provoke", "message"),
    [
        (
            full,
            (
                "there is no room to write to {path} (database or disk is full): free some space; "
                "nothing was written"
            ),
        ),
        (limited, FAILED),
        (
            partial(locked, held=[]),
            (
                "{path} has been locked by another process for 0.05 s: try again, or allow more "
                "with ?timeout=SECONDS"
            ),
        ),
    ],
    ids=["full", "limited", "locked"],
)
@pytest.mark.covers("STO-02")
def test_what_stands_survives_a_refused_write(
    tmp_path: Path, provoke: Callable[[Path, SqliteStore], None], message: str
) -> None:
    path = tmp_path / "results.db"

    def child() -> None:
        with closing(SqliteStore(path, timeout=0.05)) as store:
            sent = filled(store)
            provoke(path, store)
            error = error_of(lambda: store.save(make_envelope("large", result="x" * 400_000)))
            assert type(error) is Unavailable
            assert str(error) == message.format(path=path)
            answer = store.load(["large", *(envelope.id for envelope in sent)])
            assert set(answer) == {envelope.id for envelope in sent}
            for envelope in sent:
                assert_reads_as(answer[envelope.id], envelope)

    ForkedChild(child).wait()
    assert sql(path, "SELECT count(*) FROM upshot_records") == [(3,)]
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_new_file_that_finds_no_room(tmp_path: Path) -> None:
    path = tmp_path / "results.db"

    def child() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        error = error_of(lambda: SqliteStore(path).save(make_envelope("id")))
        assert type(error) is Unavailable
        assert str(error) == FAILED.format(path=path)

    ForkedChild(child).wait()
    with closing(SqliteStore(path)) as store:
        assert dict(store.load(["id"])) == {}
        assert store.save(make_envelope("id")).accepted
