"""A subclass of the suite receives exactly the tests that its declarations call for."""

from dataclasses import replace
from typing import Any

import pytest

from upshot.stores.contract import Traits
from upshot.testing import StoreConformance
from upshot.testing.declared import CAPABILITIES

_TRAITS = Traits(
    form="document",
    guard="atomic",
    expiry="stored",
    strong=True,
    max_value=None,
    survives_restart=True,
)


def _tests(**declared: Any) -> set[str]:
    """Names of the tests of a subclass with these declarations."""
    body = {"capabilities": frozenset(), "traits": _TRAITS} | declared
    made = type("Made", (StoreConformance,), body)
    return {name for name in dir(made) if name.startswith("test_")}


def test_every_capability_brings_tests_of_its_own() -> None:
    bare = _tests()
    assert "test_every_pair_of_moments" in bare
    for name in CAPABILITIES:
        needed = {name, "Keeps"} if name == "Swaps" else {name}
        assert _tests(capabilities=frozenset(needed)) > _tests(
            capabilities=frozenset(needed - {name})
        ), name


def test_every_promise_brings_tests_of_its_own() -> None:
    bare = _tests()
    assert _tests(traits=replace(_TRAITS, max_value=100)) > bare
    assert _tests(traits=replace(_TRAITS, max_id=100)) > bare
    for weaker in (
        {"expiry": "none"},
        {"guard": "weak"},
        {"strong": False},
        {"survives_restart": False},
    ):
        assert _tests(traits=replace(_TRAITS, **weaker)) < bare, weaker
    assert _tests(shares_processes=False) < bare


def test_hooks_bring_tests_of_their_own() -> None:
    bare = _tests()
    assert _tests(write_plain=None) > bare
    assert _tests(damage=None) > bare


def test_an_own_test_replaces_that_of_the_suite() -> None:
    class Made(StoreConformance):
        capabilities = frozenset()
        traits = _TRAITS

        def test_a_saved_record_reads_back(self) -> None:
            raise NotImplementedError

    with pytest.raises(NotImplementedError):
        Made().test_a_saved_record_reads_back()


def test_marks_stay_with_their_subclass() -> None:
    name = "test_a_saved_record_reads_back"
    marked = type(
        "Marked",
        (StoreConformance,),
        {"capabilities": frozenset(), "traits": _TRAITS, "marks": {name: [pytest.mark.heavy]}},
    )
    plain = type("Plain", (StoreConformance,), {"capabilities": frozenset(), "traits": _TRAITS})
    assert [mark.name for mark in getattr(marked, name).pytestmark] == ["heavy"]
    assert not getattr(getattr(plain, name), "pytestmark", [])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"traits": _TRAITS}, "has to declare `capabilities`"),
        ({"capabilities": frozenset()}, "has to declare `traits`"),
        ({"capabilities": {"Keep"}, "traits": _TRAITS}, "unknown Keep; known: Batches, "),
        (
            {"capabilities": frozenset(), "traits": _TRAITS, "marks": {"test_nothing": []}},
            "marks names no test: test_nothing",
        ),
    ],
)
def test_wrong_declarations_are_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        type("Made", (StoreConformance,), declared)
