"""Names of memory stores: who shares data with whom."""

import pytest

from upshot.errors import Misconfigured, StoreClosed
from upshot.settings import Settings
from upshot.stores.memory import MemoryStore, from_url
from upshot.stores.registry import open_store
from upshot.testing.envelopes import make_envelope
from upshot.testing.waiting import run_threads

pytestmark = pytest.mark.store("memory")


@pytest.mark.covers("BKD-CACHE-02")
def test_one_store_is_shared_by_all_threads_of_the_process() -> None:
    def work(number: int) -> int:
        store = open_store("memory://", Settings.from_mapping({}))
        store.save(make_envelope(f"shared-{number}"))
        return len(store.load([f"shared-{number}"]))

    assert run_threads(8, work) == [1] * 8
    store = from_url("memory://", {})
    names = [f"shared-{n}" for n in range(8)]
    assert set(store.load(names)) == set(names)
    store.delete(names)


def test_names_keep_stores_apart() -> None:
    one, same, other, private = (
        from_url("memory://apart-1", {}),
        from_url("memory://apart-1/", {}),
        from_url("memory://apart-2", {}),
        MemoryStore(),
    )
    one.save(make_envelope("id"))
    assert [len(store.load(["id"])) for store in (one, same, other, private)] == [1, 1, 0, 0]


def test_closing_one_handle_leaves_the_others_their_data() -> None:
    one, same = from_url("memory://closing", {}), from_url("memory://closing", {})
    one.save(make_envelope("id"))
    one.close()
    assert set(same.load(["id"])) == {"id"}
    with pytest.raises(StoreClosed, match=r"^this memory store is closed; open another$"):
        one.load(["id"])


def test_what_is_kept_cannot_be_changed_from_outside() -> None:
    store = MemoryStore()
    labels = {"tenant": "7"}
    store.save(make_envelope("id", labels=labels))
    labels["tenant"] = "8"
    (envelope,) = store.load(["id"]).values()
    assert getattr(envelope, "labels", None) == {"tenant": "7"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://?limt=5", r"no parameter 'limt'; did you mean 'limit'\?"),
        ("memory://?colour=5", r"no parameter 'colour'; it only knows 'limit'"),
        ("memory://?limit=0", r"a number of records above 0, not '0'"),
        ("memory://?limit=many", r"above 0, not 'many'"),
    ],
)
def test_parameters_are_checked(url: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        from_url(url, {})


def test_one_store_has_one_limit() -> None:
    from_url("memory://bounded?limit=5", {})
    from_url("memory://bounded?limit=5", {})
    from_url("memory://bounded", {})
    with pytest.raises(Misconfigured, match=r"memory://bounded is open with limit=5, not 6"):
        from_url("memory://bounded?limit=6", {})
