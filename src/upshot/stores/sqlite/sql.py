"""The SQL of the SQLite store, each statement from a file of its own."""

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """Return the statement in `sql/sqlite/NAME.sql`."""
    return files("upshot.stores.sqlite").joinpath("statements", f"{name}.sql").read_text("utf-8")


@cache
def schema() -> tuple[str, ...]:
    """Return the statements that make the tables, in order."""
    return tuple(part for piece in sql("schema").split(";\n") if (part := piece.strip()))
