import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts import behaviours
from tests.behaviours.report import Run, faults, table_of_stores

ROOT = Path(__file__).resolve().parents[2]
TABLE = behaviours.Table(
    {
        "A-1": behaviours.Row("A-1", "One", "It works.", None),
        "A-2": behaviours.Row("A-2", "One", "It will.", "later"),
    },
    {"later": "with more"},
    frozenset(),
)
ALL_STORES = {name: Counter(passed=1) for name in ("memory", "sqlite", "redis")}


def test_a_skip_fails_any_run() -> None:
    run = Run(full=False, skipped=[("t::x", "no server")])
    assert faults(run, TABLE, tier="quick", ci=False) == ["skipped: t::x (no server)"]


def test_a_built_row_whose_tests_did_not_pass_fails_a_full_run() -> None:
    run = Run(full=True, covers={"A-1": {"t::x": "xfailed"}, "A-2": {"t::y": "failed"}})
    (fault,) = faults(run, TABLE, tier="quick", ci=False)
    assert fault.startswith("A-1 ")
    run.covers["A-1"]["t::z"] = "passed"
    assert faults(run, TABLE, tier="quick", ci=False) == []


def test_ci_may_not_miss_a_store() -> None:
    run = Run(full=True, stores=ALL_STORES | {"redis": Counter(failed=3)})
    (fault,) = faults(run, TABLE, tier="quick", ci=True)
    assert "redis" in fault
    assert faults(run, TABLE, tier="quick", ci=False) == []
    run.stores["redis"]["passed"] += 1
    assert faults(run, TABLE, tier="quick", ci=True) == []


def test_the_table_says_how_each_store_was_had_and_what_ran() -> None:
    lines = table_of_stores(Run(full=True, stores={"memory": Counter(passed=7, failed=1)}))
    memory = next(line for line in lines if line.startswith("memory"))
    assert "real" in memory
    assert "1 failed, 7 passed" in memory
    assert any(line.startswith("sqlite") and "not run" in line for line in lines)


INNER = """
import pytest

@pytest.mark.covers("SEL-15")
@pytest.mark.store("memory")
def test_good(): ...

@pytest.mark.heavy
def test_heavy(): ...

def test_sized(scale):
    assert scale(1, 2, 3) == {size}

{more}
"""


def run_pytest(folder: Path, text: str, *arguments: str, tier: str = "quick") -> tuple[int, str]:
    # Under the folder of the tests, so that their conftest.py holds for it as well.
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_inner.py").write_text(text)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            "-c",
            str(ROOT / "pyproject.toml"),
            "-o",
            f"pythonpath={ROOT}",
            *arguments,
            str(folder),
        ],
        env=os.environ | {"UPSHOT_TIER": tier, "UPSHOT_REPORT": str(folder / "report.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_skipped_test_turns_the_run_red(tmp_path: Path, workers: tuple[str, ...]) -> None:
    text = INNER.format(size=1, more="def test_skip():\n    pytest.skip('no such server')")
    code, said = run_pytest(tmp_path, text, *workers)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "no such server" in said.partition("not acceptable")[2]
    report = (tmp_path / "report.json").read_text()
    assert "test_good" in report.partition("SEL-15")[2]


@pytest.mark.parametrize(("tier", "size"), [("quick", 1), ("heavy", 2), ("soak", 3)])
def test_a_tier_runs_its_own_tests_and_those_that_scale(
    tmp_path: Path, tier: str, size: int
) -> None:
    code, said = run_pytest(tmp_path, INNER.format(size=size, more=""), "-v", tier=tier)
    assert code == 0, said
    ran = {name for name in ("test_good", "test_heavy", "test_sized") if f"::{name} PASSED" in said}
    assert ran == {"test_sized", *{"quick": ["test_good"], "heavy": ["test_heavy"]}.get(tier, [])}
