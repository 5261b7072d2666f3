"""Opening the store that a command reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from upshot.cli.options import Shared
from upshot.core import Records


def address(shared: Shared) -> str:
    """Return the URL of the store: --backend, else UPSHOT_BACKEND, else the file of this user."""
    from upshot.settings import default_backend_url

    return default_backend_url() if shared.backend is None else shared.backend


@contextmanager
def opened(shared: Shared) -> Iterator[Records]:
    """Open the records of the store, and close it in the end."""
    from upshot.codec import Codec
    from upshot.settings import Settings
    from upshot.stores.registry import open_store

    settings = Settings.from_mapping(None)
    records = Records(
        open_store(address(shared), settings), Codec.from_settings(settings), settings
    )
    try:
        yield records
    finally:
        records.close()
