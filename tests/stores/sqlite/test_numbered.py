"""Statements with numbered parameters, on the Pythons that complain of those."""

import sqlite3
import warnings
from contextlib import closing
from importlib.resources import files

import pytest

from upshot.stores.sqlite.numbered import plain

pytestmark = pytest.mark.store("sqlite")

STATEMENTS = sorted(
    item.name for item in files("upshot.stores.sqlite").joinpath("statements").iterdir()
)


@pytest.mark.parametrize(
    ("statement", "values", "answer"),
    [
        ("SELECT ?2, ?1, ?2, ?10", range(10), (1, 0, 1, 9)),
        ("SELECT ?1", ["?2"], ("?2",)),
        ("SELECT 5", (), (5,)),
    ],
)
def test_values_go_where_their_numbers_say(
    statement: str, values: list[object], answer: tuple[object, ...]
) -> None:
    with closing(sqlite3.connect(":memory:")) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        direct = connection.execute(statement, tuple(values)).fetchone()
        assert connection.execute(*plain(statement, values)).fetchone() == direct == answer


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_of_ours_quotes_a_number_sign(name: str) -> None:
    text = files("upshot.stores.sqlite").joinpath("statements", name).read_text()
    assert "'?" not in text
