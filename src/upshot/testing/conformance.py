"""The conformance suite: subclass it once for each store.

    class TestMemory(StoreConformance):
        capabilities = frozenset({"Batches", "Keeps"})
        traits = Traits(form="document", guard="atomic", ...)
        shares_processes = False

        @pytest.fixture
        def opener(self) -> Opener:
            return partial(from_url, f"memory://{uuid4()}", Settings())

The subclass receives exactly the tests that its declarations call for, so that nothing is skipped;
two more tests hold the declarations against the store itself.
"""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any, ClassVar, Final, cast

import pytest

from upshot.stores.contract import Store, Traits
from upshot.testing.declared import CAPABILITIES, Declared, Effort, Opener
from upshot.testing.selection import suites_for

_HOOKS: Final = frozenset({"write_plain", "damage"})


class StoreConformance:
    """Proves that a store keeps the contract.

    A subclass overrides the fixture `opener`: called without arguments it opens a new store
    object, each time over the same data, which is empty when a test begins. It has to be picklable
    (a `functools.partial` of a function of a module) where `shares_processes` is true, since other
    processes call it too.

    It may also define these fixtures:

    * `write_plain`: a callable of an id and a document that writes it as somebody without the
      guard would, where that can happen; adds the tests of such writers.
    * `damage`: a callable of an id that makes its stored record unreadable; adds the tests of
      unreadable records.
    * `restart`: a callable that restarts the server, or does nothing for embedded stores.
    * `store`: the store under test, where it needs more than `opener()`.

    A test that is defined in the subclass replaces the suite's test of that name.

    Attributes:
        capabilities: names of the protocols of `upshot.stores.contract` that it implements.
        traits: what its `traits` have to be.
        shares_processes: whether other processes see the same data.
        effort: how hard to try.
        marks: pytest marks for single tests, by the name of the test.
    """

    capabilities: ClassVar[frozenset[str]]
    traits: ClassVar[Traits]
    shares_processes: ClassVar[bool] = True
    effort: ClassVar[Effort] = Effort()
    marks: ClassVar[Mapping[str, Sequence[pytest.MarkDecorator]]] = {}

    def __init_subclass__(cls) -> None:
        """Copy the tests that the declarations of the subclass call for.

        Raises:
            TypeError: a declaration is missing or names something unknown.
        """
        super().__init_subclass__()
        declared = _declared(cls)
        hooks = frozenset(_HOOKS & vars(cls).keys())
        for suite in suites_for(declared, hooks):
            for name, test in vars(suite).items():
                if name.startswith("test_") and name not in vars(cls):
                    setattr(cls, name, _copied(test, cls))
        unknown = sorted(set(cls.marks) - set(dir(cls)))
        if unknown:
            raise TypeError(f"{cls.__name__}.marks names no test: {', '.join(unknown)}")

    @pytest.fixture
    def declared(self) -> Declared:
        """What the subclass declares."""
        return _declared(type(self))

    @pytest.fixture
    def opener(self) -> Opener:
        """Open a store object over the data of this test; the subclass has to override it."""
        raise NotImplementedError(f"{type(self).__name__} has to define the fixture `opener`")

    @pytest.fixture
    def store(self, opener: Opener) -> Iterator[Store]:
        """Give the store under test, and close it."""
        with closing(opener()) as store:
            yield store

    @pytest.fixture
    def another(self, opener: Opener) -> Iterator[Opener]:
        """Give a function that opens further store objects; they are closed after the test."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(opener()))

    @pytest.fixture
    def restart(self) -> Callable[[], None]:
        """Give a function that does nothing, as there is no server to restart."""
        return lambda: None

    def test_the_declared_capabilities_are_those_of_the_store(self, store: Store) -> None:
        found = {name for name, protocol in CAPABILITIES.items() if isinstance(store, protocol)}
        assert found == self.capabilities
        assert isinstance(store, Store)

    def test_the_declared_traits_are_those_of_the_store(self, store: Store) -> None:
        assert store.traits == self.traits


def _declared(cls: type[StoreConformance]) -> Declared:
    for name in ("capabilities", "traits"):
        if not hasattr(cls, name):
            raise TypeError(f"{cls.__name__} has to declare `{name}`; see StoreConformance")
    unknown = sorted(cls.capabilities - CAPABILITIES.keys())
    if unknown:
        known = ", ".join(CAPABILITIES)
        raise TypeError(f"{cls.__name__} declares unknown {', '.join(unknown)}; known: {known}")
    return Declared(
        capabilities=frozenset(cls.capabilities),
        traits=cls.traits,
        shares_processes=cls.shares_processes,
        effort=cls.effort,
    )


def _copied(test: Any, cls: type[StoreConformance]) -> Any:
    function = cast("types.FunctionType", test)
    copy = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = dict(function.__annotations__)
    copy.__doc__ = function.__doc__
    copy.__qualname__ = f"{cls.__qualname__}.{function.__name__}"
    copy.__dict__ |= {key: list(value) for key, value in vars(function).items()}
    for mark in cls.marks.get(function.__name__, ()):
        mark(copy)
    return copy
