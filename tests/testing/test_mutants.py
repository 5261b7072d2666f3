"""Deliberately broken stores are caught: by the suite, by the model, and by every order."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.testing.mutants import (
    MUTANTS,
    Save,
    attempts_forgotten,
    equal_finals_replaced,
    last_write_wins,
    opener_of,
    sound,
)
from upshot.testing import FAILED, RECOVERED, check_every_order, guarded_write_machine

_ROOT = Path(__file__).parents[2]

_SUITE = """
import pytest
from uuid import uuid4
from tests.testing import mutants
from upshot.stores.contract import Traits
from upshot.testing import Effort, StoreConformance


class TestMutant(StoreConformance):
    capabilities = frozenset()
    traits = Traits(
        form="document", guard="atomic", expiry="stored", strong=True, max_value=None,
        survives_restart=False,
    )
    shares_processes = False
    effort = Effort(limit=3.0)

    @pytest.fixture
    def opener(self):
        return mutants.opener_of(mutants.{name}, str(uuid4()))
"""


def _run(tmp_path: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    module = tmp_path / "test_mutant.py"
    module.write_text(_SUITE.replace("{name}", name))
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no"),
            *("-c", "/dev/null", "--rootdir", str(tmp_path), *options, str(module)),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.covers("pain S0")
def test_the_suite_passes_a_sound_store(tmp_path: Path) -> None:
    done = _run(tmp_path, "sound")
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.covers("pain S0")
@pytest.mark.parametrize("name", MUTANTS)
def test_the_suite_catches_a_broken_store(tmp_path: Path, name: str) -> None:
    witness = MUTANTS[name][1]
    done = _run(tmp_path, name, "-k", witness)
    assert done.returncode == 1, done.stdout
    assert f"::TestMutant::{witness}" in done.stdout


def _run_machine(save: Save) -> None:
    run_state_machine_as_test(
        guarded_write_machine(opener_of(save, str(uuid4()))),
        settings=settings(
            max_examples=100,
            stateful_step_count=20,
            deadline=None,
            database=None,
            phases=[Phase.generate],
        ),
    )


def test_the_model_agrees_with_a_sound_store() -> None:
    _run_machine(sound)


@pytest.mark.parametrize("save", [last_write_wins, equal_finals_replaced, attempts_forgotten])
def test_the_model_catches_a_broken_store(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssertionError):
        _run_machine(save)


@pytest.mark.parametrize(
    ("save", "history"),
    [(last_write_wins, RECOVERED[:4]), (attempts_forgotten, FAILED[:3])],
)
def test_some_order_catches_a_broken_store(save: Save, history: Any) -> None:
    with pytest.raises(AssertionError, match="ended in"):
        check_every_order(opener_of(save, str(uuid4()))(), history)
