"""Guarded writes on the memory store: against the model, and in every order."""

from functools import partial
from math import factorial
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.scale import SCALE
from upshot.stores.memory import from_url
from upshot.testing import FAILED, RECOVERED, Opener, check_every_order, guarded_write_machine

pytestmark = [pytest.mark.usefixtures("scale"), pytest.mark.timeout(SCALE.timeout)]


@pytest.fixture
def opener() -> Opener:
    return partial(from_url, f"memory://{uuid4()}", {})


@pytest.mark.covers("pain D8", "contract W3")
def test_writes_agree_with_the_model(opener: Opener) -> None:
    run_state_machine_as_test(
        guarded_write_machine(opener),
        settings=settings(
            max_examples=SCALE.examples, stateful_step_count=SCALE.steps, deadline=None
        ),
    )


@pytest.mark.covers("pain D8", "contract W3")
@pytest.mark.parametrize("history", [RECOVERED, FAILED], ids=["recovered", "failed"])
def test_every_order_ends_in_the_same_record(
    opener: Opener, history: tuple[tuple[str, int], ...]
) -> None:
    length = SCALE.memory_history
    assert check_every_order(opener(), history[:length]) == factorial(length)
