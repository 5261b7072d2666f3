"""The table of behaviours, from tests/behaviours/rows.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "tests" / "behaviours" / "rows.toml"


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One promised behaviour.

    Attributes:
        id: what tests name.
        section: the heading it stands under.
        text: what it promises.
        step: the step of the work it waits for; None when built.
    """

    id: str
    section: str
    text: str
    step: str | None


@final
@dataclass(frozen=True, slots=True)
class Table:
    """All rows, the words for the steps, and the ids of the contract with Celery."""

    rows: Mapping[str, Row]
    steps: Mapping[str, str]
    contract: frozenset[str]

    def known(self, identifier: str) -> bool:
        """Tell whether a test may name *identifier*; a contract's section may be named too."""
        return (
            identifier in self.rows
            or identifier in self.contract
            or identifier.startswith("contract §")
        )


def load(path: Path = ROWS) -> Table:
    """Read the table from *path*.

    Raises:
        ValueError: a row stands twice or waits for a step that has no words.
    """
    with path.open("rb") as file:
        data = tomllib.load(file)
    rows: dict[str, Row] = {}
    for section in data["section"]:
        for identifier, value in section["rows"].items():
            text, step = (value, None) if isinstance(value, str) else (value["text"], value["step"])
            if identifier in rows:
                raise ValueError(f"{path.name}: the row {identifier} stands there twice")
            if step is not None and step not in data["steps"]:
                raise ValueError(f"{path.name}: {identifier} waits for the unknown step {step!r}")
            rows[identifier] = Row(identifier, section["title"], text, step)
    contract = frozenset(
        f"contract {letter}{number}"
        for letter, last in data["contract"].items()
        for number in range(last + 1)
    )
    return Table(rows, data["steps"], contract)
