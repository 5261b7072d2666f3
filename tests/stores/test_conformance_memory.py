"""The memory store keeps the whole contract, within one process."""

from functools import partial
from typing import ClassVar
from uuid import uuid4

import pytest

from tests.scale import SCALE
from tests.testing.rows import MARKS
from upshot.stores.contract import Traits
from upshot.stores.memory import from_url
from upshot.testing import Opener, StoreConformance
from upshot.testing.declared import CAPABILITIES


@pytest.mark.usefixtures("scale")
@pytest.mark.timeout(SCALE.timeout)
@pytest.mark.covers("pain S0")
class TestMemory(StoreConformance):
    capabilities = frozenset(CAPABILITIES)
    traits: ClassVar[Traits] = Traits(
        form="document",
        guard="atomic",
        expiry="stored",
        strong=True,
        max_value=None,
        survives_restart=False,
    )
    shares_processes = False
    effort = SCALE.effort
    marks = MARKS

    @pytest.fixture
    def opener(self) -> Opener:
        return partial(from_url, f"memory://{uuid4()}", {})
