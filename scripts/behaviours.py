"""The table of behaviours and the tests that say they cover its rows.

Rows come from tests/behaviours/rows.toml, tests from the markers in the source tree, read without
importing it, so that the page made of both depends on nothing but the files.
"""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "tests" / "behaviours" / "rows.toml"
# The published conformance suite carries markers too; its subclasses in tests/ run it.
TREES = (ROOT / "tests", ROOT / "src" / "upshot" / "testing")


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
        for number in range(1, last + 1)
    )
    return Table(rows, data["steps"], contract)


def _named(expressions: Iterable[ast.expr], where: str) -> Iterator[str]:
    for expression in expressions:
        for node in ast.walk(expression):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else None
            name = function.id if isinstance(function, ast.Name) else name
            if name != "covers":
                continue
            for argument in node.args:
                value = argument.value if isinstance(argument, ast.Constant) else None
                if not isinstance(value, str):
                    raise TypeError(f"{where}: covers() takes ids written out as strings")
                yield value


def _module_marks(tree: ast.Module, where: str) -> list[str]:
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
    ]
    return list(_named(values, where))


def _walk(
    body: Iterable[ast.stmt], prefix: str, inherited: list[str]
) -> Iterator[tuple[str, list[str]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            name = f"{prefix}::{node.name}"
            yield from _walk(node.body, name, [*inherited, *_named(node.decorator_list, name)])
            # A hypothesis state machine is run through its attribute TestCase.
            if not any(isinstance(n, ast.FunctionDef) for n in node.body):
                yield name, [*inherited, *_named(node.decorator_list, name)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test"
        ):
            name = f"{prefix}::{node.name}"
            yield name, [*inherited, *_named(node.decorator_list, name)]


def collect(trees: Iterable[Path] = TREES, root: Path = ROOT) -> dict[str, list[str]]:
    """Return, for each id that is named, the tests that name it, sorted.

    Raises:
        TypeError: a marker holds something else than string literals.
    """
    found: dict[str, set[str]] = {}
    for tree in trees:
        for path in sorted(tree.rglob("*.py")):
            where = path.relative_to(root).as_posix()
            module = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
            for test, ids in _walk(module.body, where, _module_marks(module, where)):
                for identifier in ids:
                    found.setdefault(identifier, set()).add(test)
    return {identifier: sorted(tests) for identifier, tests in sorted(found.items())}
