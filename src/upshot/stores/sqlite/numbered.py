"""Numbered parameters for the Pythons that complain of them.

Python 3.12.0 to 3.12.3 take `?1` for a named parameter and warn of every statement that has one.
"""

import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

COMPLAINS: Final = (3, 12) <= sys.version_info[:3] < (3, 12, 4)

_NUMBER: Final = re.compile(r"\?(\d+)")


def plain(statement: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Return *statement* and *values* for parameters that are not numbered."""
    text, order = _split(statement)
    return text, [values[at] for at in order] if order else values


@lru_cache(maxsize=256)
def _split(statement: str) -> tuple[str, tuple[int, ...]]:
    order = tuple(int(number) - 1 for number in _NUMBER.findall(statement))
    return _NUMBER.sub("?", statement), order
