"""Expiry of records: where the server deletes them, and where readers look at a stored time."""

from typing import Final

import pytest

from upshot.stores.contract import Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import assert_reads_as, make_envelope
from upshot.testing.waiting import wait_until

_SHORT: Final = 0.2
_CENTURIES: Final = 1e10


class ExpirySuite:
    """Records end when their time to live is over, not before."""

    @pytest.mark.parametrize("ttl", [0.0, 0.001, _SHORT])
    def test_a_record_ends(self, store: Store, declared: Declared, ttl: float) -> None:
        saved = store.save(make_envelope("id", ttl=ttl))
        assert saved.accepted
        wait_until(lambda: not store.load(["id"]), "its end", limit=declared.effort.limit)

    @pytest.mark.parametrize("ttl", [None, 60.0, 0.5 + 86_400, _CENTURIES])
    def test_a_record_stays(self, store: Store, declared: Declared, ttl: float | None) -> None:
        sent = make_envelope("id", ttl=ttl)
        store.save(sent)
        store.save(make_envelope("control", ttl=_SHORT))
        wait_until(lambda: not store.load(["control"]), "its end", limit=declared.effort.limit)
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_each_record_has_a_time_of_its_own(self, store: Store, declared: Declared) -> None:
        for n in range(10):
            store.save(make_envelope(f"short-{n}", ttl=_SHORT))
            store.save(make_envelope(f"long-{n}", ttl=3600.0))
        names = [f"{kind}-{n}" for n in range(10) for kind in ("short", "long")]
        stay = {name for name in names if name.startswith("long")}
        wait_until(
            lambda: set(store.load(names)) == stay,
            "only the long-lived ones",
            limit=declared.effort.limit,
        )

    def test_an_expired_record_is_gone_for_every_reader(
        self, store: Store, another: Opener, declared: Declared
    ) -> None:
        other = another()
        store.save(make_envelope("id", ttl=_SHORT))
        wait_until(lambda: not store.load(["id"]), "its end", limit=declared.effort.limit)
        assert not other.load(["id"])

    def test_deleting_an_expired_record_is_no_error(self, store: Store, declared: Declared) -> None:
        store.save(make_envelope("id", ttl=_SHORT))
        wait_until(lambda: not store.load(["id"]), "its end", limit=declared.effort.limit)
        store.delete(["id"])
        assert not store.load(["id"])
