import ast
import builtins
import inspect
from importlib import import_module
from pathlib import Path
from typing import Protocol

import pytest

import upshot
from upshot import errors

PACKAGE = Path(upshot.__file__).parent
STORES = sorted((PACKAGE / "stores").rglob("*.py"))
# What a storage may know of the package: its own contract, and the ground it stands on.
BELOW_STORES = ("stores", "settings", "record", "states", "urls", "errors")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("upshot.")}


@pytest.mark.covers("ARC-02")
@pytest.mark.parametrize("path", STORES, ids=lambda path: path.name)
def test_a_storage_knows_nothing_of_retry_cache_waiting_or_results(path: Path) -> None:
    above = {name for name in imports(path) if name.split(".")[1] not in BELOW_STORES}
    assert not above


def _ours(kind: type) -> list[type]:
    return [
        base
        for base in kind.__mro__[1:]
        if base.__module__.startswith("upshot.") and not getattr(base, "_is_protocol", False)
    ]


@pytest.mark.covers("ARC-03")
def test_a_storage_inherits_from_nothing_of_ours() -> None:
    inherits = {}
    for path in STORES:
        relative = path.relative_to(PACKAGE.parent).with_suffix("")
        module = import_module(".".join(relative.parts).removesuffix(".__init__"))
        for name, kind in inspect.getmembers(module, inspect.isclass):
            bases = _ours(kind)
            if kind.__module__ == module.__name__ and Protocol not in kind.__bases__ and bases:
                inherits[name] = bases
    assert not inherits


def _all_errors() -> list[type[BaseException]]:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    return [kind for kind in kinds if issubclass(kind, BaseException)]


@pytest.mark.covers("ERR-01")
def test_every_error_is_in_one_flat_tree() -> None:
    ours = [kind for kind in _all_errors() if kind.__module__ == errors.__name__]
    assert len(ours) > 10
    for kind in ours:
        assert issubclass(kind, errors.UpshotError)
        assert kind is errors.UpshotError or len(_ours(kind)) <= 2, kind.__mro__


@pytest.mark.covers("ERR-01")
@pytest.mark.parametrize(
    ("kind", "caught_as"),
    [
        (errors.ResultTimeout, builtins.TimeoutError),
        (errors.WouldBlock, builtins.RuntimeError),
        (errors.Unsupported, builtins.NotImplementedError),
    ],
)
def test_an_error_is_caught_as_the_standard_one_it_resembles(
    kind: type[Exception], caught_as: type[Exception]
) -> None:
    assert issubclass(kind, caught_as)
