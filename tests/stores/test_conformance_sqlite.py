"""The SQLite store keeps the contract, across threads and processes."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from tests.scale import SCALE
from tests.testing.rows import MARKS
from upshot.settings import Settings
from upshot.stores.contract import Traits
from upshot.stores.sqlite import from_url
from upshot.stores.sqlite.records import MAX_VALUE
from upshot.testing import Opener, StoreConformance


@pytest.mark.usefixtures("scale")
@pytest.mark.timeout(SCALE.timeout)
@pytest.mark.covers("pain S0")
class TestSqlite(StoreConformance):
    capabilities = frozenset(
        {"Batches", "Remembers", "Keeps", "Swaps", "Lists", "Queries", "Purges"}
    )
    traits: ClassVar[Traits] = Traits(
        form="document",
        guard="atomic",
        expiry="stored",
        strong=True,
        max_value=MAX_VALUE,
        survives_restart=True,
    )
    effort = SCALE.effort
    marks = MARKS

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "results.db"

    @pytest.fixture
    def opener(self, path: Path) -> Opener:
        return partial(from_url, f"sqlite:///{path}", Settings.from_mapping({}))

    @pytest.fixture
    def damage(self, path: Path) -> Callable[[str], None]:
        def damage(task_id: str) -> None:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(
                    "UPDATE upshot_records SET document = 'text', state = x'00', ord = 'none',"
                    " attempt = 'many', labels = '{', updated = 'today' WHERE id = ?",
                    (task_id,),
                )

        return damage
