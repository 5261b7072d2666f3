"""Files that cannot be used: what is said, and that nothing is half-written."""

import resource
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.stores.sqlite.helpers import as_nobody, error_of, filled, sql
from upshot.errors import Damaged, Misconfigured, Refused, StoreClosed, TooLarge, Unavailable
from upshot.stores.contract import Envelope, Filter
from upshot.stores.sqlite import SqliteStore
from upshot.stores.sqlite.records import MAX_VALUE
from upshot.testing.envelopes import make_envelope
from upshot.testing.processes import ForkedChild

pytestmark = pytest.mark.store("sqlite")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    error = error_of(lambda: SqliteStore(tmp_path).load(["id"]))
    assert isinstance(error, Misconfigured)
    assert (
        str(error) == f"{tmp_path} is a directory: name a file in it, such as {tmp_path}/results.db"
    )


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "results.db"
    error = error_of(lambda: SqliteStore(path).load(["id"]))
    assert isinstance(error, Misconfigured)
    assert str(error) == f"results cannot be kept in {path} (Not a directory): name another file"


def test_a_device_is_no_file() -> None:
    error = error_of(lambda: SqliteStore("/dev/null").load(["id"]))
    assert isinstance(error, Misconfigured)
    assert str(error) == "/dev/null is no ordinary file: name another one"


def test_a_name_may_be_too_long(tmp_path: Path) -> None:
    error = error_of(lambda: SqliteStore(tmp_path / ("x" * 300)).load(["id"]))
    assert isinstance(error, Misconfigured)
    assert "File name too long" in str(error)


def test_a_file_that_is_not_sqlite_is_left_alone(path: Path) -> None:
    path.write_bytes(b"my diary\n" * 1000)
    error = error_of(lambda: SqliteStore(path).save(make_envelope("id")))
    assert isinstance(error, Damaged)
    assert isinstance(error.__cause__, sqlite3.DatabaseError)
    assert str(error) == (
        f"{path} is damaged or no SQLite file (file is not a database): move it away and a new one"
        " is made, or recover it with `sqlite3 FILE .recover`"
    )
    assert path.read_bytes() == b"my diary\n" * 1000


def test_a_corrupt_file_is_named(store: SqliteStore, path: Path) -> None:
    store.save_many([make_envelope(f"id-{n}", result="x" * 500) for n in range(200)])
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))
    with closing(SqliteStore(path)) as again:
        error = error_of(lambda: again.load([f"id-{n}" for n in range(200)]))
    assert isinstance(error, Damaged)
    assert f"{path} is damaged or no SQLite file" in str(error)


def test_a_read_only_directory_is_refused(public: Path) -> None:
    def child() -> None:
        error = error_of(lambda: SqliteStore(public / "results.db").save(make_envelope("id")))
        assert isinstance(error, Refused)
        assert isinstance(error, PermissionError)
        assert str(error) == (
            f"{public}/results.db cannot be made or opened (Permission denied): this user needs to"
            " read and write the file and its directory"
        )

    as_nobody(child)
    assert list(public.iterdir()) == []


@pytest.mark.parametrize("mode", [0o400, 0o444, 0o000])
def test_a_read_only_file_is_refused_and_left_alone(public: Path, mode: int) -> None:
    path = public / "results.db"
    with closing(SqliteStore(path)) as store:
        filled(store)
    path.chmod(mode)

    def child() -> None:
        error = error_of(lambda: SqliteStore(path).save(make_envelope("late")))
        assert isinstance(error, Refused)
        assert f"{path} cannot be used" in str(error)

    as_nobody(child)
    assert sql(path, "SELECT count(*) FROM upshot_records") == [(3,)]


def test_a_lock_of_another_process_ends_the_wait(store: SqliteStore, path: Path) -> None:
    filled(store)
    with (
        closing(SqliteStore(path, timeout=0.05)) as hasty,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        error = error_of(lambda: hasty.save(make_envelope("late")))
        assert isinstance(error, Unavailable)
        assert str(error) == (
            f"{path} has been locked by another process for 0.05 s: try again, or allow more with"
            " ?timeout=SECONDS"
        )
        assert len(hasty.load(["id-0", "id-1"])) == 2
        other.execute("ROLLBACK")
        assert hasty.save(make_envelope("late")).accepted


def test_a_full_disk_writes_nothing(store: SqliteStore) -> None:
    sent = filled(store)
    store._connections.read(lambda c: c.execute("PRAGMA max_page_count = 20").fetchall())
    error = error_of(lambda: store.save(make_envelope("large", result="x" * 200_000)))
    assert isinstance(error, Unavailable)
    assert "there is no room to write" in str(error)
    assert set(store.load(["large", *(e.id for e in sent)])) == {e.id for e in sent}
    assert store.save(make_envelope("small")).accepted


def test_a_full_disk_leaves_no_part_of_a_batch(store: SqliteStore) -> None:
    filled(store)
    store._connections.read(lambda c: c.execute("PRAGMA max_page_count = 20").fetchall())
    batch = [make_envelope("first"), make_envelope("large", result="x" * 200_000)]
    assert isinstance(error_of(lambda: store.save_many(batch)), Unavailable)
    assert not store.load(["first", "large"])


def test_a_limit_on_file_sizes_writes_nothing(path: Path) -> None:
    def child() -> None:
        store = SqliteStore(path)
        filled(store)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        error = error_of(lambda: store.save(make_envelope("large", result="x" * 400_000)))
        assert isinstance(error, Unavailable)
        assert f"reading or writing {path} failed" in str(error)
        assert set(store.load(["large", "id-0"])) == {"id-0"}
        assert store.save(make_envelope("small")).accepted
        store.close()

    ForkedChild(child).wait()
    assert sql(path, "SELECT id FROM upshot_records ORDER BY id") == [
        ("id-0",),
        ("id-1",),
        ("id-2",),
        ("small",),
    ]


def test_a_document_beyond_sqlite_is_too_large(store: SqliteStore) -> None:
    error = error_of(lambda: store.save(make_envelope("id", document=bytes(MAX_VALUE + 1))))
    assert isinstance(error, TooLarge)
    assert str(error) == (
        "the record of 'id' has 999,000,001 bytes, SQLite takes 999,000,000: store less, or a"
        " reference to it"
    )


def test_a_closed_store_says_so(store: SqliteStore, path: Path) -> None:
    store.close()
    error = error_of(lambda: store.load(["id"]))
    assert isinstance(error, StoreClosed)
    assert str(error) == f"the store of {path} is closed; open another"


@pytest.mark.parametrize("cursor", ["", "x", "id-1", ":id", "1.5:id", "\u00b2:id"])
def test_a_foreign_cursor_is_refused(store: SqliteStore, cursor: str) -> None:
    error = error_of(lambda: store.query(Filter(), cursor, 10))
    assert isinstance(error, Misconfigured)
    assert "is no cursor of this store" in str(error)


def test_a_page_of_any_size_may_be_asked_for(store: SqliteStore) -> None:
    filled(store)
    store.put("group", "g", b"x", None)
    for limit in (-1, 0, 1 << 70):
        assert len(store.scan(None, limit).items) in {1, 3}
        assert len(store.query(Filter(), None, limit).items) in {1, 3}
        assert store.names("group", "", None, limit).items == ["g"]
        assert store.purge(datetime.now(UTC), limit) == 0


def test_columns_are_not_documents(store: SqliteStore) -> None:
    with pytest.raises(NotImplementedError, match="keeps encoded documents"):
        store.save(Envelope(id="id", document={"state": "SUCCESS"}))
