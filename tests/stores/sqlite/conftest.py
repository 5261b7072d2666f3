"""A SQLite store over a file of each test's own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from upshot.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path)) as store:
        yield store


@pytest.fixture
def public() -> Iterator[Path]:
    """Give a directory that other users can reach; those of `tmp_path` they cannot."""
    directory = Path(tempfile.mkdtemp(prefix="upshot-sqlite-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)
