"""The Redis store keeps the contract, with connections of its own and with those of a client."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

import pytest
import redis

from tests.scale import SCALE
from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import open_redis
from tests.testing.rows import MARKS
from upshot.stores.contract import Traits
from upshot.stores.redis import RedisStore
from upshot.testing import Opener, StoreConformance

CAPABILITIES = frozenset({"Batches", "Remembers", "Keeps", "Lists", "Listens"})
TRAITS = Traits(
    form="document",
    guard="atomic",
    expiry="native",
    strong=True,
    max_value=512 * 1024 * 1024,
    survives_restart=False,
)


CLIENTS: list["redis.Redis"] = []


def open_borrowed(port: int) -> RedisStore:
    CLIENTS.append(redis.Redis(port=port))
    return RedisStore(CLIENTS[-1])


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain S0", "BKD-REDIS-03")
class TestRedis(StoreConformance):
    capabilities = CAPABILITIES
    traits: ClassVar[Traits] = TRAITS
    effort = SCALE.effort
    marks = MARKS

    @pytest.fixture
    def opener(self, server: RedisServer) -> Opener:
        return partial(open_redis, server.url())

    @pytest.fixture
    def write_plain(self, raw: "redis.Redis") -> Callable[[str, bytes], None]:
        def write(task_id: str, document: bytes) -> None:
            raw.set(f"celery-task-meta-{task_id}", document, ex=3600)

        return write


class TestBorrowedClient(StoreConformance):
    capabilities = CAPABILITIES
    traits: ClassVar[Traits] = TRAITS

    @pytest.fixture
    def opener(self, server: RedisServer) -> Iterator[Opener]:
        yield partial(open_borrowed, server.port)
        while CLIENTS:
            CLIENTS.pop().close()
