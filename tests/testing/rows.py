"""Rows of the behaviour table that single tests of the conformance suite prove."""

from typing import Final

import pytest

_ROWS: Final[dict[str, tuple[str, ...]]] = {
    "test_every_pair_of_moments": ("STA-02", "pain D8", "contract W3"),
    "test_a_saved_record_reads_back": ("KV-02",),
    "test_deleting_is_idempotent_and_harms_no_other": ("KV-02", "CON-39"),
    "test_a_forked_child_has_connections_of_its_own": ("pain O4",),
    "test_children_of_children": ("pain O4",),
}

MARKS: Final = {name: [pytest.mark.covers(*ids)] for name, ids in _ROWS.items()}
