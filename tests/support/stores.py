"""Aids round a real store: counting its calls, and failing some of them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from upshot.stores.memory import MemoryStore

METHODS = ("save", "load", "delete", "save_many", "expired", "put", "get", "drop", "query", "scan")


def counted(store: MemoryStore) -> Counter[str]:
    """Count the calls of *store* from now on, by name of the method."""
    counts: Counter[str] = Counter()

    def wrap(name: str) -> Callable[..., Any]:
        method = getattr(store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return method(*args, **kwargs)

        return call

    for name in METHODS:
        setattr(store, name, wrap(name))
    return counts


def failing(store: MemoryStore, name: str, errors: list[Exception]) -> list[Exception]:
    """Let method *name* raise each of *errors* in turn before it works; returns those left."""
    method = getattr(store, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        if errors:
            raise errors.pop(0)
        return method(*args, **kwargs)

    setattr(store, name, call)
    return errors
