"""Apps over both stores that need no server."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from upshot.local import App


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store."""
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}"
    return f"sqlite:///{tmp_path / 'results.db'}"


@pytest.fixture
def app(url: str) -> Iterator[App]:
    """Give an app with four workers over an empty store."""
    with App("test", backend=url, workers=4) as app:
        yield app


@pytest.fixture
def memory() -> Iterator[App]:
    """Give an app with four workers over an empty memory store."""
    with App("test", backend=f"memory://{uuid.uuid4().hex}", workers=4) as app:
        yield app
