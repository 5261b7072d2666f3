from scripts import behaviours


def test_every_id_that_a_test_names_is_a_row() -> None:
    table = behaviours.load()
    unknown = {name: tests for name, tests in behaviours.collect().items() if not table.known(name)}
    assert not unknown


def test_every_row_said_to_be_built_has_a_test() -> None:
    named = behaviours.collect()
    rows = behaviours.load().rows.values()
    missing = [row.id for row in rows if row.step is None and row.id not in named]
    assert not missing
