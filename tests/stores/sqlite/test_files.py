"""The file and its directory: who may read them, where they lie, and what is left alone."""

import os
from pathlib import Path

import pytest

from tests.stores.sqlite.helpers import filled, mode, open_files
from upshot.stores.sqlite import SqliteStore, from_url
from upshot.testing.envelopes import make_envelope

pytestmark = pytest.mark.store("sqlite")


@pytest.fixture(autouse=True)
def _careless_user() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_files_are_for_their_owner_only(store: SqliteStore, path: Path) -> None:
    filled(store)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["results.db", "results.db-shm", "results.db-wal"]
    assert [mode(file) for file in files] == [0o600] * 3


def test_missing_directories_are_made_for_their_owner_only(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a" / "b" / "results.db")
    filled(store)
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]
    store.close()


def test_what_exists_keeps_its_permissions(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    file = shared / "results.db"
    file.touch()
    file.chmod(0o664)
    store = SqliteStore(file)
    filled(store)
    assert (mode(shared), mode(file)) == (0o775, 0o664)
    store.close()


def test_a_link_leads_to_a_file_for_its_owner_only(tmp_path: Path) -> None:
    link, target = tmp_path / "link.db", tmp_path / "target.db"
    link.symlink_to(target)
    store = SqliteStore(link)
    filled(store)
    assert mode(target) == 0o600
    assert link.is_symlink()
    store.close()


def test_opening_makes_nothing_and_reading_comes_before_writing(path: Path) -> None:
    store = SqliteStore(path)
    assert not path.exists()
    assert dict(store.load(["id"])) == {}
    assert path.exists()
    store.close()


def test_an_empty_file_becomes_a_store(store: SqliteStore, path: Path) -> None:
    path.touch()
    filled(store)


def test_closing_leaves_one_file(store: SqliteStore, path: Path) -> None:
    filled(store)
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["results.db"]
    assert open_files(path) == 0


def test_a_relative_file_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = from_url("sqlite:///results.db", {})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    filled(store)
    assert (tmp_path / "results.db").exists()
    store.close()


def test_the_default_file_lies_in_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    store = from_url("sqlite://", {})
    filled(store)
    file = tmp_path / "state" / "upshot" / "results.db"
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700
    store.close()


def test_a_deleted_file_is_noticed_and_made_anew(store: SqliteStore, path: Path) -> None:
    filled(store)
    for file in path.parent.iterdir():
        file.unlink()
    store._connections._look_at = 0.0
    assert store.save(make_envelope("after")).accepted
    other = SqliteStore(path)
    assert set(other.load(["after", "id-0"])) == {"after"}
    other.close()


def test_a_replaced_file_is_noticed(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    filled(store)
    other = SqliteStore(tmp_path / "other.db")
    other.save(make_envelope("other"))
    other.close()
    for file in path.parent.glob("results.db*"):
        file.unlink()
    (tmp_path / "other.db").rename(path)
    store._connections._look_at = 0.0
    assert set(store.load(["other", "id-0"])) == {"other"}
    store.close()
    again = SqliteStore(path)
    assert set(again.load(["other"])) == {"other"}
    again.close()
