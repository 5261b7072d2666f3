"""The one table of settings."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from upshot.settings.common import COMMON
from upshot.settings.model import Setting
from upshot.settings.own import OWN
from upshot.settings.planned import PLANNED
from upshot.settings.servers import SERVERS

SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {setting.name: setting for setting in (*COMMON, *OWN, *SERVERS, *PLANNED)}
)
"""Every setting by name, in the order in which pages list them."""


def table() -> tuple[Setting, ...]:
    """Return every setting as a row, for pages and listings."""
    return tuple(SETTINGS.values())
