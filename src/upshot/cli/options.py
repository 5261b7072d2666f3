"""The options that every command shares, accepted before and after the command's name."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Shared:
    """What the shared options said.

    Attributes:
        backend: the address given with --backend, or None for the default rule.
        debug: whether errors show the chain of their causes.
    """

    backend: str | None = None
    debug: bool = False


def at_least(low: int, kind: type[int | float] = int) -> Callable[[Any], int | float]:
    """Return what turns the text of an option into a number, or refuses it in words.

    Args:
        low: the smallest number allowed.
        kind: int or float.
    """
    what = "a whole number" if kind is int else "a number"

    def convert(value: Any) -> int | float:
        with suppress(ValueError):
            number = kind(value)
            if low <= number < float("inf"):
                return number
        raise click.BadParameter(f"{value!r} is not {what} of at least {low}")

    return convert


pass_shared = click.make_pass_decorator(Shared, ensure=True)


def shared_options(function: F) -> F:
    """Add --backend and --debug; where one is given twice, the later one counts."""
    function = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_keep_debug,
        help="Show the whole chain of causes when something fails.",
    )(function)
    return click.option(
        "--backend",
        metavar="URL",
        expose_value=False,
        callback=_keep_backend,
        help="The store, such as redis://host/0 or sqlite:///file.db.  [env: UPSHOT_BACKEND]",
    )(function)


def json_option(function: F) -> F:
    """Add --json."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
    )(function)


def _keep_backend(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.ensure_object(Shared).backend = value


def _keep_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 click's own signature
    if value:
        ctx.ensure_object(Shared).debug = True
