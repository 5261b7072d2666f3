"""The page of storages, from what the drivers declare and how the tests reach them."""

import dataclasses
from pathlib import Path
from typing import Any

from scripts.pages import NOTICE, table
from tests.servers.provision import DECLARED

CAPABILITIES = (
    "Batches",
    "Remembers",
    "Keeps",
    "Swaps",
    "Lists",
    "Queries",
    "Purges",
    "Listens",
    "Joins",
)
MEANINGS = {
    "Batches": "many writes in one trip",
    "Remembers": "expired ids are told from unknown ones",
    "Keeps": "small documents beside the records",
    "Swaps": "compare-and-swap on them",
    "Lists": "everything can be enumerated",
    "Queries": "filters run in the storage",
    "Purges": "expired records are deleted by a clean-up",
    "Listens": "news is pushed",
    "Joins": "fan-in is atomic in the storage",
}


def example_url(name: str, scratch: Path) -> str:
    """Return a URL that opens the store *name* without a server, to ask what it declares."""
    return {
        "memory": "memory://upshot-documentation",
        "sqlite": f"sqlite:///{scratch}/documentation.db",
        "redis": "redis://localhost:6379/0",
    }[name]


def _declared(driver: Any, scratch: Path) -> tuple[dict[str, object], frozenset[str]]:
    from upshot.settings import Settings
    from upshot.stores import contract
    from upshot.stores.registry import open_store

    store = open_store(example_url(driver.name, scratch), Settings.from_mapping(None))
    try:
        has = frozenset(name for name in CAPABILITIES if isinstance(store, getattr(contract, name)))
        return dataclasses.asdict(store.traits), has
    finally:
        store.close()


def render(scratch: Path) -> str:
    """Return the page.

    Args:
        scratch: an empty folder for embedded stores.
    """
    from upshot.stores.registry import DRIVERS

    built = [driver for driver in DRIVERS if driver.module is not None]
    waiting = [driver for driver in DRIVERS if driver.module is None]
    known = {driver.name: _declared(driver, scratch) for driver in built}
    parts = [
        NOTICE,
        "# Storages\n\nWhat each storage is called, what it promises, and how that was tested.\n\n",
        table(
            ("Storage", "URL", "Extra", "Tested on"),
            [
                (
                    driver.title,
                    f"`{driver.default_url}`",
                    f"`upshot[{driver.extra}]`" if driver.extra else "none",
                    DECLARED.get(driver.name, "nothing yet"),
                )
                for driver in built
            ],
        ),
        "\n## What they promise\n\n",
        table(
            ("", *(driver.title for driver in built)),
            [
                (label, *(known[driver.name][0][label] for driver in built))
                for label in next(iter(known.values()))[0]
            ],
        ),
        "\n## What they can do\n\n",
        table(
            ("", *(driver.title for driver in built)),
            [
                (
                    f"{name}: {MEANINGS[name]}",
                    *("yes" if name in known[driver.name][1] else "-" for driver in built),
                )
                for name in CAPABILITIES
            ],
        ),
        "\n## Known, not built yet\n\nSelecting one of these says so.\n\n",
        table(
            ("Storage", "Names", "Extra it will need"),
            [
                (
                    driver.title,
                    ", ".join(f"`{name}`" for name in (driver.name, *driver.aliases)),
                    f"`upshot[{driver.extra}]`" if driver.extra else "none",
                )
                for driver in waiting
            ],
        ),
    ]
    return "".join(parts)
