"""URLs of SQLite stores."""

from pathlib import Path

import pytest

from tests.stores.sqlite.helpers import error_of
from upshot.errors import Misconfigured
from upshot.settings import Settings
from upshot.stores.registry import open_store
from upshot.stores.sqlite import SqliteStore, from_url
from upshot.stores.sqlite import url as sqlite_url

pytestmark = pytest.mark.store("sqlite")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/lib/my app/results.db", "/var/lib/my app/results.db"),
        ("sqlite:////var/a%20b%3F%25.db", "/var/a b?%.db"),
        ("sqlite:////var/caf\u00e9#1.db", "/var/caf\u00e9#1.db"),
    ],
)
def test_absolute_files(url: str, path: str) -> None:
    assert str(sqlite_url.parse(url, "NORMAL").path) == path


def test_relative_files_and_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert sqlite_url.parse("sqlite:///a/b.db", "NORMAL").path == tmp_path / "a" / "b.db"
    assert str(sqlite_url.parse("sqlite:///~/b.db", "NORMAL").path) == "/home/somebody/b.db"


def test_parameters() -> None:
    place = sqlite_url.parse("sqlite:////r.db?timeout=2.5&synchronous=full", "NORMAL")
    assert (place.timeout, place.synchronous) == (2.5, "FULL")
    assert sqlite_url.parse("sqlite:////r.db", "FULL").synchronous == "FULL"


@pytest.mark.covers("SEL-04")
@pytest.mark.parametrize("prefix", ["", "db+", "upshot+db+"])
def test_every_way_to_name_it(prefix: str, path: Path) -> None:
    store = open_store(f"{prefix}sqlite:///{path}", Settings.from_mapping({}))
    assert isinstance(store, SqliteStore)
    assert repr(store) == f"SqliteStore({str(path)!r})"
    store.close()


@pytest.mark.parametrize(("level", "number"), [("NORMAL", 1), ("FULL", 2)])
def test_the_setting_decides_how_safely_it_writes(level: str, number: int, path: Path) -> None:
    store = from_url(f"sqlite:///{path}", {"upshot_sqlite_synchronous": level})
    rows = store._connections.read(lambda c: c.execute("PRAGMA synchronous").fetchall())
    assert rows == [(number,)]
    assert store._connections.read(lambda c: c.execute("PRAGMA journal_mode").fetchall()) == [
        ("wal",)
    ]
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///:memory:", "use memory:// for results in memory"),
        ("sqlite:///file::memory:?cache=shared", "knows timeout, synchronous"),
        ("sqlite:///file::memory:", "use memory:// for results in memory"),
        ("sqlite:///", "names no file"),
        ("sqlite:////var/lib/", "names no file"),
        ("sqlite://results.db", "sqlite:///results.db"),
        ("sqlite:results.db", "sqlite:///results.db"),
        ("sqlite:////a%00b", "NUL"),
        ("sqlite:////r.db?timeuot=3", "did you mean 'timeout'?"),
        ("sqlite:////r.db?mode=ro", "it knows timeout, synchronous"),
        ("sqlite:////r.db?timeout=soon", "seconds from 0 to 86400, not 'soon'"),
        ("sqlite:////r.db?timeout=-1", "not '-1'"),
        ("sqlite:////r.db?timeout=nan", "not 'nan'"),
        ("sqlite:////r.db?synchronous=OFF", "NORMAL or FULL, not 'OFF'"),
    ],
)
def test_what_cannot_be_meant_is_refused(url: str, words: str) -> None:
    error = error_of(lambda: from_url(url, {}))
    assert isinstance(error, Misconfigured)
    assert words in str(error)
