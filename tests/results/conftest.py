"""A backend over an empty memory store."""

from collections.abc import Iterator

import pytest

from upshot.backend import Backend
from upshot.results import from_ref
from upshot.stores.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def backend(store: MemoryStore) -> Iterator[Backend]:
    with Backend(store=store, make_result=from_ref) as made:
        yield made
