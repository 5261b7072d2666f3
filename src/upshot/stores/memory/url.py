"""The URL of a memory store: its name and its limit."""

from difflib import get_close_matches
from urllib.parse import parse_qsl, unquote

from upshot.errors import Misconfigured
from upshot.urls import mask

_PARAMETERS = ("limit",)


def parse(url: str) -> tuple[str, int | None]:
    """Return the name and the limit that *url* asks for.

    Args:
        url: `memory://`, `memory://NAME` or either with `?limit=NUMBER`.

    Raises:
        Misconfigured: the limit is no positive number, or another parameter is given.
    """
    rest = url.partition("://")[2]
    name, _, query = rest.partition("?")
    limit = None
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in _PARAMETERS:
            near = get_close_matches(key, _PARAMETERS)
            hint = f"; did you mean {near[0]!r}?" if near else "; it only knows 'limit'"
            raise Misconfigured(f"memory:// has no parameter {key!r}{hint}")
        if not value.isdecimal() or int(value) < 1:
            raise Misconfigured(
                f"limit of memory:// must be a number of records above 0, not {mask(value)!r}"
            )
        limit = int(value)
    return unquote(name.strip("/")), limit
