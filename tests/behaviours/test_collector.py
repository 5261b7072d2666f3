from pathlib import Path

import pytest

from scripts import behaviours, collected, pages

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """
import pytest
pytestmark = pytest.mark.covers("MOD-1")

@pytest.mark.covers("FUN-1", "FUN-2")
def test_plain(): ...

@pytest.mark.covers("CLS-1")
class TestMany:
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.covers("PAR-1"))])
    def test_inner(self, x): ...

class TestLess(TestMany):
    test_inner = None

    @pytest.mark.heavy
    @pytest.mark.covers("TIER-1")
    def test_heavy(self): ...

    @pytest.mark.covers("NOT-1")
    def helper(self): ...
"""
ROWS = """
[steps]
later = "with more"
note = "a note"
[contract]
W = 2
"12." = 4
[[section]]
title = "One"
[section.rows]
A-1 = "It works."
A-2 = "It works too."
A-3 = { step = "later", text = "It will | work." }
A-4 = { step = "note", text = "Nothing." }
"""


def collect(folder: Path, source: str) -> dict[str, list[str]]:
    (folder / "test_it.py").write_text(source)
    return collected.collect(
        ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "."], folder
    )


def table(folder: Path, text: str = ROWS) -> behaviours.Table:
    path = folder / "rows.toml"
    path.write_text(text)
    return behaviours.load(path)


def test_markers_count_wherever_they_stand_and_in_every_tier(tmp_path: Path) -> None:
    inner, plain = "test_it.py::TestMany::test_inner", "test_it.py::test_plain"
    heavy = "test_it.py::TestLess::test_heavy"
    assert collect(tmp_path, SOURCE) == {
        "CLS-1": [heavy, inner],
        "FUN-1": [plain],
        "FUN-2": [plain],
        "MOD-1": [heavy, inner, plain],
        "PAR-1": [inner],
        "TIER-1": [heavy],
    }


def test_known_ids_are_rows_and_contract_items(tmp_path: Path) -> None:
    rows = table(tmp_path)
    assert all(rows.known(name) for name in ("A-1", "contract W2", "contract §6", "contract 12.4"))
    assert not any(rows.known(name) for name in ("A-5", "contract W3", "W1", "a-1"))


def test_a_row_that_waits_for_an_unknown_step_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="never"):
        table(tmp_path, ROWS.replace('step = "later"', 'step = "never"'))


def test_the_page_tells_covered_from_planned_and_escapes_cells(tmp_path: Path) -> None:
    page = pages.behaviours_page(
        table(tmp_path),
        {"A-1": ["tests/x/test_y.py::test_z"], "contract W1": ["tests/test_c.py::t"]},
    )
    assert "| A-1 | It works. | covered | `x/test_y.py::test_z` |" in page
    assert "| A-2 | It works too. | not covered |  |" in page
    assert "| A-3 | It will \\| work. | planned with more |  |" in page
    assert "| A-4 | Nothing. | note |  |" in page
    assert "| contract W1 | `test_c.py::t` |" in page
    assert "Built so far: 2 of 4 rows, 1 of them covered." in page


def test_a_planned_row_with_tests_is_covered_in_part(tmp_path: Path) -> None:
    row = table(tmp_path).rows["A-3"]
    assert pages.state(row, ["tests/a.py::t"], {"later": "with more"}) == "in part; whole with more"
