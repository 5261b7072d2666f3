"""What the tests of the Redis store share."""

import time
from collections.abc import Callable
from typing import Any

from upshot.settings import Settings
from upshot.stores.contract import Envelope, Event, Listener, News
from upshot.stores.redis import RedisStore, from_url

LIMIT = 20.0


def open_redis(url: str, **settings: Any) -> RedisStore:
    """Open a store of *url* with *settings*; picklable in a partial."""
    return from_url(url, Settings.from_mapping(settings))


def heard(listener: Listener, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Listen until *enough* was heard, and return it all."""
    events: list[Event] = []
    until = time.monotonic() + LIMIT
    while not enough(events):
        assert time.monotonic() < until, f"heard only {events}"
        events += listener.next(0.5)
    return events


def news_of(sent: Envelope) -> News:
    """Return what a listener should tell about *sent*."""
    assert isinstance(sent.document, bytes)
    return News(sent.id, sent.document)


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until *true* is."""
    until = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
