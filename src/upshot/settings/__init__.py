"""Every setting: its name, kind, default, unit and meaning, and the values in force.

Names are Celery's where Celery has one; ours begin with `upshot_`. From a mapping every name must
be right; from a module or object only known names are read.
"""

from upshot.settings.location import default_backend_url, default_sqlite_path
from upshot.settings.model import UNSET, Setting
from upshot.settings.table import SETTINGS, table
from upshot.settings.values import Settings, shown_value

__all__ = [
    "SETTINGS",
    "UNSET",
    "Setting",
    "Settings",
    "default_backend_url",
    "default_sqlite_path",
    "shown_value",
    "table",
]
