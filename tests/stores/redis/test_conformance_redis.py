"""The Redis store keeps the contract, with connections of its own and with those of a client."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.scale import SCALE
from tests.servers.redis_server import RedisServer
from tests.stores.redis.helpers import open_redis
from tests.testing.rows import MARKS
from upshot.stores.contract import Traits
from upshot.stores.redis import RedisStore
from upshot.testing import (
    FAILED,
    RECOVERED,
    Opener,
    StoreConformance,
    check_every_order,
    guarded_write_machine,
)

CAPABILITIES = frozenset({"Batches", "Remembers", "Keeps", "Lists", "Listens"})
TRAITS = Traits(
    form="document",
    guard="atomic",
    expiry="native",
    strong=True,
    max_value=512 * 1024 * 1024,
    survives_restart=False,
)


def open_borrowed(port: int) -> RedisStore:
    return RedisStore(redis.Redis(port=port))


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
    def opener(self, server: RedisServer) -> Opener:
        return partial(open_borrowed, server.port)


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain D8", "contract W3")
def test_writes_agree_with_the_model(server: RedisServer) -> None:
    run_state_machine_as_test(
        guarded_write_machine(partial(open_redis, server.url())),
        settings=settings(
            max_examples=SCALE.examples,
            stateful_step_count=SCALE.steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.usefixtures("scale")
@pytest.mark.covers("pain D8", "contract W3")
@pytest.mark.parametrize("history", [RECOVERED, FAILED], ids=["recovered", "failed"])
def test_every_order_ends_in_the_same_record(
    store: RedisStore, history: tuple[tuple[str, int], ...]
) -> None:
    assert check_every_order(store, history[: SCALE.history]) > 0
