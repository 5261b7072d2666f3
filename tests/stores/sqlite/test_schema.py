"""The tables: made once whoever comes first, recognised, and left alone when they are newer."""

import json
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.scale import SCALE
from tests.stores.sqlite.helpers import error_of, filled, sql
from upshot.errors import Damaged, Unsupported
from upshot.stores.contract import Store
from upshot.stores.sqlite import SqliteStore
from upshot.stores.sqlite import sql as sqlite_sql
from upshot.testing.envelopes import make_envelope
from upshot.testing.processes import run_processes
from upshot.testing.waiting import wait_until

pytestmark = pytest.mark.store("sqlite")

TABLES = ["upshot_kept", "upshot_meta", "upshot_records"]


def _tables(path: Path) -> list[str]:
    rows = sql(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows]


def _open_together(store: Store, number: int, go: str) -> bool:
    if number == 0:
        Path(go).touch()
    wait_until(Path(go).exists, "the last process")
    return store.save(make_envelope(f"id-{number}")).accepted


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain S3")
def test_many_processes_open_an_empty_file_at_once(path: Path) -> None:
    count = SCALE.openers
    arguments = [(n, str(path.parent / "go")) for n in reversed(range(count))]
    answers = run_processes(partial(SqliteStore, path, timeout=60.0), _open_together, arguments)
    assert answers == [True] * count
    assert _tables(path) == TABLES
    assert sql(path, "SELECT name, value FROM upshot_meta") == [("schema", 1)]
    assert sql(path, "SELECT count(*) FROM upshot_records") == [(count,)]
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_writer_in_the_way_of_the_first_opening_is_waited_for(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE others (id INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(time, "sleep", lambda _: other.execute("ROLLBACK"))
        assert dict(store.load(["id"])) == {}
        assert not other.in_transaction


@pytest.mark.covers("pain S4")
def test_tables_of_a_newer_release_are_refused_and_left_alone(
    store: SqliteStore, path: Path
) -> None:
    filled(store)
    store.close()
    sql(path, "UPDATE upshot_meta SET value = 7")
    newer = SqliteStore(path)
    error = error_of(lambda: newer.save(make_envelope("late")))
    assert isinstance(error, Unsupported)
    assert str(error) == (
        f"{path} was made by a newer upshot (its tables have version 7, this release knows 1):"
        " upgrade upshot, or name another file"
    )
    assert sql(path, "SELECT count(*) FROM upshot_records") == [(3,)]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM upshot_meta",
        "UPDATE upshot_meta SET value = 'one'",
        "DROP TABLE upshot_records",
    ],
)
def test_tables_that_are_not_whole_are_damaged(store: SqliteStore, path: Path, damage: str) -> None:
    filled(store)
    store.close()
    sql(path, damage)
    error = error_of(lambda: SqliteStore(path).load(["id-0"]))
    assert isinstance(error, Damaged)
    assert str(path) in str(error)
    assert "move it away" in str(error)


def test_tables_of_others_are_left_alone(store: SqliteStore, path: Path) -> None:
    sql(path, "CREATE TABLE celery_taskmeta (id INTEGER, task_id TEXT)")
    sql(path, "PRAGMA user_version = 42")
    filled(store)
    assert _tables(path) == ["celery_taskmeta", *TABLES]
    assert sql(path, "PRAGMA user_version") == [(42,)]


@pytest.mark.covers("pain S2")
@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("load", "sqlite_autoindex_upshot_records_1 (id=?)"),
        ("load_many", "sqlite_autoindex_upshot_records_1 (id=?)"),
        ("expired", "sqlite_autoindex_upshot_records_1 (id=?)"),
        ("delete", "sqlite_autoindex_upshot_records_1 (id=?)"),
        ("scan", "sqlite_autoindex_upshot_records_1 (id>?)"),
        ("query", "upshot_records_updated (updated>? AND updated<?)"),
        ("reduce", "upshot_records_due (due<?)"),
        ("purge", "upshot_records_due (due<?)"),
        ("purge_kept", "upshot_kept_expires (expires<?)"),
        ("names", "sqlite_autoindex_upshot_kept_1 (kind=? AND key>? AND key<?)"),
    ],
)
def test_every_look_up_goes_through_an_index(
    store: SqliteStore, path: Path, name: str, index: str
) -> None:
    filled(store)
    statement = sqlite_sql.sql(name)
    count = max(n for n in range(1, 20) if f"?{n}" in statement)
    values = [json.dumps(["a"])] * count
    plan = "; ".join(row[3] for row in sql(path, f"EXPLAIN QUERY PLAN {statement}", *values))
    assert f"INDEX {index}" in plan
    assert "SCAN upshot" not in plan
    assert "TEMP B-TREE" not in plan
