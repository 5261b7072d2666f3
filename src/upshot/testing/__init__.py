"""Tools for authors and testers of stores: the conformance suite, a model check, a fault proxy.

Needs pytest and hypothesis. Nothing here is a plug-in: import what you use.
"""

import pytest

pytest.register_assert_rewrite(
    "upshot.testing.conformance",
    "upshot.testing.envelopes",
    "upshot.testing.guarded_writes",
    "upshot.testing.histories",
    "upshot.testing.suites",
)

from upshot.testing.conformance import StoreConformance  # noqa: E402 rewriting comes first
from upshot.testing.declared import Declared, Effort, Opener  # noqa: E402 rewriting comes first
from upshot.testing.envelopes import (  # noqa: E402 rewriting comes first
    CONTRACT_ERRORS,
    HOSTILE_IDS,
    assert_reads_as,
    make_document,
    make_envelope,
)
from upshot.testing.fault_proxy import FaultProxy  # noqa: E402 rewriting comes first
from upshot.testing.guarded_writes import guarded_write_machine  # noqa: E402 rewriting comes first
from upshot.testing.histories import (  # noqa: E402 rewriting comes first
    FAILED,
    RECOVERED,
    check_every_order,
)
from upshot.testing.processes import ForkedChild, OtherProcess, run_processes  # noqa: E402 as above
from upshot.testing.waiting import run_threads, wait_until  # noqa: E402 rewriting comes first

__all__ = [
    "CONTRACT_ERRORS",
    "FAILED",
    "HOSTILE_IDS",
    "RECOVERED",
    "Declared",
    "Effort",
    "FaultProxy",
    "ForkedChild",
    "Opener",
    "OtherProcess",
    "StoreConformance",
    "assert_reads_as",
    "check_every_order",
    "guarded_write_machine",
    "make_document",
    "make_envelope",
    "run_processes",
    "run_threads",
    "wait_until",
]
