"""Further connections like those of a `redis.Redis` client that we were given."""

from typing import Any, final

from redis.backoff import NoBackoff
from redis.retry import Retry

from upshot.stores.redis.link import Plug
from upshot.urls import mask


@final
class ClientSource:
    """Makes connections as the client's pool does, for what cannot share the pool's own.

    Args:
        client: the client.
    """

    def __init__(self, client: Any) -> None:
        self._pool = client.connection_pool
        found = self._pool.connection_kwargs
        place = found.get("path") or f"{found.get('host', 'localhost')}:{found.get('port', 6379)}"
        self.where = mask(f"redis://{place}/{found.get('db') or 0}")

    def make(self, budget: float | None = None) -> Plug:
        """Return a connection that is not connected yet; see `redis_link.Source`."""
        arguments = dict(self._pool.connection_kwargs)
        # A break has to be seen here, not mended beneath.
        arguments |= {
            "retry": Retry(NoBackoff(), 0),
            "retry_on_error": [],
            "retry_on_timeout": False,
        }
        if budget is not None:
            arguments |= {"socket_timeout": budget, "socket_connect_timeout": budget}
        plug: Plug = self._pool.connection_class(**arguments)
        return plug
