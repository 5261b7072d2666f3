"""What holds for every test: its tier, its surroundings, and that none is skipped in silence."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.provision import search_path

pytest_plugins = ["tests.behaviours.report"]

TIERS = ("quick", "heavy", "soak")
# Set for people, not for tests: a test that wants one of them sets it itself.
FOREIGN = (
    "UPSHOT_BACKEND",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_PASSWORD",
    "DB_HOST",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "NO_COLOR",
    "FORCE_COLOR",
    "CELERY_RESULT_BACKEND",
)


def tier() -> str:
    """Return the tier of this run, from UPSHOT_TIER."""
    chosen = os.environ.get("UPSHOT_TIER", "quick")
    if chosen not in TIERS:
        raise pytest.UsageError(f"UPSHOT_TIER is {chosen!r}; it may be {', '.join(TIERS)}")
    return chosen


def belongs(item: pytest.Item, chosen: str) -> bool:
    """Tell whether *item* runs in the tier *chosen*; tests with `scale` run in all of them."""
    if "scale" in getattr(item, "fixturenames", ()):
        return True
    own = next((name for name in ("soak", "heavy") if item.get_closest_marker(name)), "quick")
    return own == chosen


def pytest_configure(config: pytest.Config) -> None:
    del config
    tier()
    home = Path(tempfile.gettempdir()) / f"upshot-tests-{os.geteuid()}" / "home"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = str(home)
    os.environ["PATH"] = search_path()
    for name in (*FOREIGN, "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        os.environ.pop(name, None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = tier()
    kept = [item for item in items if belongs(item, chosen)]
    dropped = [item for item in items if not belongs(item, chosen)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what they hold may hold a time, which parallel runs refuse."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def scale() -> Callable[[int, int, int], int]:
    """Give a test its size by tier: `scale(300, 2_000, 100_000)`; such a test runs in every tier."""

    def choose(quick: int, heavy: int, soak: int) -> int:
        return {"quick": quick, "heavy": heavy, "soak": soak}[tier()]

    return choose
