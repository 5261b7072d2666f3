"""Deletes what has expired, on storages that do not do so themselves, without any scheduler."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from upshot.errors import UpshotError
from upshot.retry import RetryPolicy
from upshot.stores.contract import Purges, Store

_log = logging.getLogger(__name__)
_BATCH: Final = 1000
_WRITES_BETWEEN: Final = 250
"""A batch is larger than what is written between two, so what has expired cannot pile up."""


class Sweeper:
    """Purges a batch every so many writes, and everything when told.

    Args:
        store: what to purge; nothing is done where it expires records by itself.
        retry: how `everything` is repeated.
        clock: gives the present.
    """

    def __init__(self, store: Store, retry: RetryPolicy, clock: Callable[[], datetime]) -> None:
        self._store = store if isinstance(store, Purges) else None
        self._retry = retry
        self._clock = clock
        self._writes = 0

    def wrote(self, count: int) -> None:
        """Count writes, and purge a batch when it is time; a failure is left to the next one."""
        self._writes += count
        if self._store is None or self._writes < _WRITES_BETWEEN:
            return
        self._writes = 0
        try:
            self._store.purge(self._clock(), _BATCH)
        except UpshotError as error:
            _log.info("expired records were not deleted this time: %s", error)

    def everything(self) -> int:
        """Purge until nothing expired is left; return how many things went."""
        if self._store is None:
            return 0
        total = 0
        while gone := self._retry.call(self._store.purge, self._clock(), _BATCH):
            total += gone
        return total
