import pytest

from scripts import behaviours
from scripts.collected import collect


@pytest.fixture(scope="module")
def named() -> dict[str, list[str]]:
    return collect()


def test_every_id_that_a_test_names_is_a_row(named: dict[str, list[str]]) -> None:
    table = behaviours.load()
    assert {name: tests for name, tests in named.items() if not table.known(name)} == {}


def test_every_row_said_to_be_built_has_a_test(named: dict[str, list[str]]) -> None:
    rows = behaviours.load().rows.values()
    assert [row.id for row in rows if row.step is None and row.id not in named] == []
