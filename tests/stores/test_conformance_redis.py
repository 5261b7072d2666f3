"""The Redis store keeps the contract, on a real server of its own, beside plain Celery writers."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

import pytest
import redis

from tests.scale import SCALE
from tests.servers.redis_server import RedisServer
from tests.testing.rows import MARKS
from upshot.settings import Settings
from upshot.stores.contract import Traits
from upshot.stores.redis import from_url
from upshot.stores.redis_writes import MAX_VALUE
from upshot.testing import Opener, StoreConformance


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator["redis.Redis"]:
    with redis.Redis(port=server.port) as client:
        client.flushall()
        yield client


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain S0", "KV-01")
class TestRedis(StoreConformance):
    capabilities = frozenset({"Batches", "Remembers", "Keeps", "Lists", "Listens"})
    traits: ClassVar[Traits] = Traits(
        form="document",
        guard="atomic",
        expiry="native",
        strong=True,
        max_value=MAX_VALUE,
        survives_restart=False,
    )
    effort = SCALE.effort
    marks = MARKS

    @pytest.fixture
    def opener(self, server: RedisServer, client: "redis.Redis") -> Opener:
        return partial(from_url, server.url(), Settings.from_mapping({}))

    @pytest.fixture
    def write_plain(self, client: "redis.Redis") -> Callable[[str, bytes], None]:
        def write(task_id: str, document: bytes) -> None:
            client.set(f"celery-task-meta-{task_id}", document)

        return write
