"""Where results go when nobody says so."""

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

from upshot.errors import Misconfigured
from upshot.settings.values import Settings

ENVIRONMENT: Final = "UPSHOT_BACKEND"
DISABLED: Final = "disabled"
_FILE: Final = "results.db"
_CURE: Final = (
    f"set the environment variable {ENVIRONMENT} to a URL, or pass one, such as "
    "sqlite:////var/lib/myapp/results.db or memory://"
)


def default_backend_url(settings: Settings | None = None) -> str:
    """Return the URL of the store to use when none is passed.

    The setting `result_backend` counts first, then the environment variable `UPSHOT_BACKEND`,
    then a SQLite file in the user's state directory.

    Args:
        settings: the settings in force; None for the defaults.

    Returns:
        A URL or alias; "disabled" where the setting or the variable is empty or says so.

    Raises:
        Misconfigured: the state directory cannot be written.
    """
    if settings is not None and "result_backend" in settings.explicit:
        return settings["result_backend"] or DISABLED
    chosen = os.environ.get(ENVIRONMENT)
    if chosen is not None and chosen.strip():
        return chosen.strip()
    path = default_sqlite_path()
    slashed = path.as_posix()
    return "sqlite:///" + quote(slashed, safe="/:")


def default_sqlite_path() -> Path:
    """Return the file that keeps results by default; nothing is created.

    Raises:
        Misconfigured: the user has no home directory, or may not write there.
    """
    import platformdirs

    try:
        folder = platformdirs.user_state_path("upshot", appauthor=False)
    except RuntimeError as exc:
        raise Misconfigured(f"there is no home directory to keep results in: {_CURE}") from exc
    if not folder.is_absolute() or str(folder).startswith("~"):
        raise Misconfigured(f"there is no home directory to keep results in: {_CURE}")
    reason = _obstacle(folder)
    if reason:
        raise Misconfigured(f"results cannot be kept in {folder}: {reason}; {_CURE}")
    return folder / _FILE


def _obstacle(folder: Path) -> str | None:
    """Say why *folder* cannot be used or made, or None when it can."""
    for place in (folder, *folder.parents):
        try:
            if not place.exists():
                continue
            if not place.is_dir():
                return f"{place} is not a directory"
        except OSError as exc:
            return f"{place} cannot be looked at ({exc.strerror})"
        return None if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written"
    return None
