"""A Redis server for all tests of this folder, empty at the start of each."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import open_redis
from upshot.stores.redis import RedisStore


@pytest.fixture(scope="session")
def running() -> Iterator[RedisServer]:
    with RedisServer({"maxclients": "4000"}, unix_socket=True) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    """Give the shared server, without data, scripts and counts of earlier tests."""
    running.start()
    with closing(redis.Redis(port=running.port)) as client:
        client.flushall()
        client.script_flush()
        client.config_resetstat()
    return running


@pytest.fixture
def raw(server: RedisServer) -> Iterator["redis.Redis"]:
    with closing(redis.Redis(port=server.port)) as client:
        yield client


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    with closing(open_redis(server.url())) as store:
        yield store
