"""Guarded writes on Redis beside a plain writer: against the model, and in every order."""

from collections.abc import Iterator
from functools import partial
from math import factorial

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.scale import SCALE
from tests.servers.redis_server import RedisServer
from upshot.settings import Settings
from upshot.stores.redis import from_url
from upshot.testing import FAILED, RECOVERED, Opener, check_every_order, guarded_write_machine

pytestmark = [pytest.mark.usefixtures("scale"), pytest.mark.timeout(SCALE.timeout)]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def opener(server: RedisServer) -> Opener:
    return partial(from_url, server.url(), Settings.from_mapping({}))


@pytest.mark.covers("pain D8", "contract W3")
def test_writes_agree_with_the_model(server: RedisServer, opener: Opener) -> None:
    with redis.Redis(port=server.port) as client:
        client.flushall()
        run_state_machine_as_test(
            guarded_write_machine(
                opener, lambda name, document: client.set(f"celery-task-meta-{name}", document)
            ),
            settings=settings(
                max_examples=SCALE.examples,
                stateful_step_count=SCALE.steps,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )


@pytest.mark.covers("pain D8", "contract W3")
@pytest.mark.parametrize("history", [RECOVERED, FAILED], ids=["recovered", "failed"])
def test_every_order_ends_in_the_same_record(
    opener: Opener, history: tuple[tuple[str, int], ...]
) -> None:
    store = opener()
    assert check_every_order(store, history[: SCALE.history]) == factorial(SCALE.history)
    store.close()
