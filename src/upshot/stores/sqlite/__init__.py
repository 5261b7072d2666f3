"""Results in one SQLite file, through the standard library."""

from upshot.stores.sqlite.store import SqliteStore, from_url

__all__ = ["SqliteStore", "from_url"]
