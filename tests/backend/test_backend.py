"""The backend under the names that Celery's callers know."""

import pickle
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from upshot import states
from upshot.backend import Backend
from upshot.errors import Misconfigured, RemoteError, ResultTimeout, Unsupported
from upshot.record import Ref
from upshot.results import AsyncResult, GroupResult, connect, from_ref
from upshot.stores.memory import MemoryStore


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend(store=MemoryStore(), make_result=from_ref) as made:
        yield made


class Request:
    """Stands for a request of any class: only some attributes are there."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


@pytest.mark.covers("STA-01", "GET-01")
def test_an_unknown_id_is_pending_without_a_result() -> None:
    plain = Backend(store=MemoryStore(), settings={"upshot_record_submissions": False})
    assert plain.get_task_meta("never") == {"status": "PENDING", "result": None}


@pytest.mark.covers("ARC-04", "META-01", "META-07", "contract M12")
def test_a_meta_has_the_known_fields(backend: Backend) -> None:
    backend.mark_as_done("a", 3, Request(group="G", parent_id="P", children=[]))
    meta = backend.get_task_meta("a")
    assert list(meta) == [
        "status",
        "result",
        "traceback",
        "children",
        "date_done",
        "group_id",
        "parent_id",
        "task_id",
    ]
    assert meta["date_done"].endswith("+00:00")
    assert meta["children"] == []


@pytest.mark.covers("META-05")
def test_children_are_those_of_the_request(backend: Backend) -> None:
    kid = AsyncResult[int]("kid", backend)
    backend.mark_as_done("a", 3, Request(children=[kid, GroupResult("g", [kid])]))
    expected = [(("kid", None), None), (("g", None), [(("kid", None), None)])]
    assert backend.get_task_meta("a")["children"] == expected
    backend.mark_as_done("b", 3)
    assert backend.get_task_meta("b")["children"] is None


@pytest.mark.covers("STA-02", "STA-03", "STA-04", "ARC-09")
def test_the_sets_of_states_are_there(backend: Backend) -> None:
    assert {"SUCCESS", "FAILURE", "REVOKED"} <= backend.READY_STATES
    assert {"PENDING", "RECEIVED", "STARTED", "REJECTED", "RETRY"} <= backend.UNREADY_STATES
    assert {"RETRY", "FAILURE", "REVOKED"} <= backend.EXCEPTION_STATES
    assert states.RETRY not in backend.PROPAGATE_STATES
    assert backend.persistent


@pytest.mark.covers("STA-01")
def test_custom_states_are_unfinished(backend: Backend) -> None:
    backend.store_result("a", {"done": 1}, "HALFWAY")
    assert backend.get_state("a") == "HALFWAY"
    assert backend.get_result("a") == {"done": 1}
    with pytest.raises(ResultTimeout):
        backend.wait_for("a", timeout=0)


@pytest.mark.covers("ARC-07", "contract M5")
def test_a_failure_ends_the_rest_of_the_chain_and_calls_errbacks(backend: Backend) -> None:
    calls: list[Any] = []

    def wide(request: Any, exc: Any, traceback: Any) -> None:
        calls.append((request.id, exc.args, traceback))
        raise RuntimeError("an errback's own fault")

    request = Request(
        id="a",
        chain=[{"task": "x", "options": {"task_id": "next"}}, {"task": "y", "options": {}}],
        errbacks=[wide, calls.append, "not.callable"],
    )
    backend.mark_as_failure("a", ValueError(1), "lines", request)
    assert backend.get_state("next") == "FAILURE"
    assert isinstance(backend.get_result("next"), ValueError)
    assert calls == [("a", (1,), "lines"), "a"]


@pytest.mark.covers("contract W2")
def test_a_late_failure_after_success_sets_nothing_off(backend: Backend) -> None:
    calls: list[Any] = []
    backend.mark_as_done("a", 1)
    request = Request(id="a", chain=[{"options": {"task_id": "next"}}], errbacks=[calls.append])
    backend.mark_as_failure("a", ValueError(1), None, request)
    assert backend.get_state("next") == "UNKNOWN"
    assert not calls


@pytest.mark.covers("CFG-16")
def test_a_request_can_ignore_its_result(backend: Backend) -> None:
    backend.mark_as_done("a", 1, Request(ignore_result=True))
    backend.mark_as_done("b", 1, store_result=False)
    assert backend.get_state("a") == backend.get_state("b") == "UNKNOWN"


def test_a_part_of_a_chord_of_workers_is_refused_with_words(backend: Backend) -> None:
    with pytest.raises(Unsupported, match="chords"):
        backend.mark_as_done("a", 1, Request(chord={"task": "body"}))
    assert backend.get_state("a") == "SUCCESS"


@pytest.mark.covers("SER-01", "SER-02", "SER-03")
def test_values_are_prepared_for_the_codec(backend: Backend) -> None:
    handle = AsyncResult[int]("kid", backend, parent=AsyncResult("p", backend))
    assert backend.prepare_value(handle) == (("kid", (("p", None), None)), None)
    assert backend.prepare_value([1]) == [1]
    assert backend.prepare_value(Decimal("1.5")) == Decimal("1.5")
    error = ValueError()
    assert backend.encode_result(error, states.FAILURE) is error
    assert backend.encode_result(handle, states.SUCCESS) == handle.as_tuple()
    assert backend.store_result("a", handle, states.SUCCESS) == handle.as_tuple()
    assert backend.get_result("a") == [["kid", [["p", None], None]], None]


@pytest.mark.covers("SER-05", "SER-06", "EXC-03")
def test_payloads_are_encoded_and_rebuilt(backend: Backend) -> None:
    stored = backend.prepare_exception(ValueError("v"))
    payload = backend.encode({"status": "FAILURE", "result": stored})
    meta = backend.decode_result(payload)
    assert isinstance(meta["result"], ValueError)
    assert backend.meta_from_decoded(meta)["result"].args == ("v",)
    assert backend.decode(None) is None
    assert backend.decode(b"") is None
    assert backend.exception_to_python(None) is None


def test_an_exception_of_a_foreign_class_is_named(backend: Backend) -> None:
    meta = {
        "status": "FAILURE",
        "result": {"exc_type": "Odd", "exc_message": ["m"], "exc_module": "far.away"},
    }
    error = backend.meta_from_decoded(meta)["result"]
    assert isinstance(error, RemoteError)
    assert type(error).__name__ == "Odd"
    assert error.args == ("m",)


@pytest.mark.covers("contract M18")
def test_get_many_yields_finished_metas(backend: Backend) -> None:
    backend.mark_as_done("a", 1)
    backend.mark_as_failure("b", ValueError())
    found = dict(backend.get_many({"a", "b"}, timeout=5))
    assert {i: m["status"] for i, m in found.items()} == {"a": "SUCCESS", "b": "FAILURE"}
    assert dict(backend.get_many([])) == {}
    with pytest.raises(ResultTimeout):
        list(backend.get_many(["a", "c"], timeout=0))


@pytest.mark.covers("RST-04", "contract M21")
def test_groups_come_back_as_handles_or_plainly(backend: Backend) -> None:
    group = GroupResult("g", [AsyncResult[int]("a", backend)])
    assert backend.save_group("g", group) is group
    assert backend.restore_group("g") == group
    plain = Backend(store=backend.store)
    assert plain.restore_group("g") == Ref("g", None, (Ref("a"),))
    backend.delete_group("g")
    assert backend.restore_group("g") is None


@pytest.mark.covers("ARC-10")
def test_arguments_override_settings() -> None:
    made = Backend(
        store=MemoryStore(),
        settings={"result_expires": 5, "result_cache_max": 3},
        expires=None,
        max_cached_results=-1,
        accept=["json"],
        serializer="json",
    )
    assert made.expires is None
    made.mark_as_done("a", 1)
    made.get_result("a")
    assert not made.is_cached("a")


@pytest.mark.covers("ARC-11")
def test_capabilities_can_be_inspected(backend: Backend) -> None:
    assert backend.is_async
    assert backend.supports_native_join
    assert not backend.supports_autoexpire


@pytest.mark.covers("GET-03")
def test_reading_warns_when_eager_results_are_not_stored() -> None:
    made = Backend(store=MemoryStore(), settings={"task_always_eager": True})
    with pytest.warns(RuntimeWarning, match="task_store_eager_result"):
        made.get_task_meta("a")


@pytest.mark.covers("ARS-15")
def test_a_polled_store_refuses_on_message(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/r.db") as polled:
        assert not polled.is_async
        with pytest.raises(Misconfigured, match="on_message"):
            AsyncResult[int]("a", polled).get(timeout=0, on_message=print)


@pytest.mark.covers("SEC-04", "pain P4")
def test_the_url_is_shown_without_its_secrets(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/r.db") as made:
        assert made.as_uri() == repr(made)[9:-1] == f"sqlite:///{tmp_path}/r.db"


def test_a_backend_pickles_by_its_url(tmp_path: Path, backend: Backend) -> None:
    with connect(f"sqlite:///{tmp_path}/r.db", settings={"result_expires": 77}) as made:
        made.mark_as_done("a", 1)
        with pickle.loads(pickle.dumps(made)) as copy:
            assert copy.get_result("a") == 1
            assert copy.expires == 77
    with pytest.raises(TypeError, match="give it a URL"):
        pickle.dumps(backend)


def test_a_store_that_was_handed_in_stays_open() -> None:
    store = MemoryStore()
    Backend(store=store).close()
    store.delete(["a"])
