"""`Store`: saving, loading and deleting records of every legal id and content."""

from typing import Final

import pytest

from upshot.errors import TooLarge
from upshot.stores.contract import Envelope, Store
from upshot.testing.declared import Declared, Opener
from upshot.testing.envelopes import HOSTILE_IDS, assert_reads_as, found, make_envelope

_MEBIBYTE: Final = 1 << 20
_SMALL_ENOUGH: Final = 16 * _MEBIBYTE

_DOCUMENTS: Final = {
    "empty": b"",
    "zero bytes": bytes(64),
    "every byte": bytes(range(256)) * 3,
    "not text": b"\x80\x04\x95\xff\xfe\r\n\x00\x1a",
    "half a document": b'{"status": "SUCC',
    "quotes": b'\'); DROP TABLE records; --\n"%s" ? :1 $1',
    "line ends": b"a\r\nb\n\rc\n",
    "64 KiB": b"x" * (64 * 1024),
    "64 KiB and one": b"x" * (64 * 1024 + 1),
    "1 MiB": bytes(range(256)) * 4096,
}


class RecordsSuite:
    """What every store does with single records."""

    def test_a_saved_record_reads_back(self, store: Store) -> None:
        sent = make_envelope(
            "id", result={"a": [1, None]}, group="g", parent="p", labels={"tenant": "7"}
        )
        saved = store.save(sent)
        assert saved.accepted
        assert saved.order == sent.order
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_another_store_object_sees_it(self, store: Store, another: Opener) -> None:
        sent = make_envelope("id")
        store.save(sent)
        assert_reads_as(another().load(["id"])["id"], sent)

    def test_an_accepted_write_replaces_all_fields_together(self, store: Store) -> None:
        store.save(make_envelope("id", "STARTED", group="g", parent="p", labels={"a": "b"}))
        sent = make_envelope("id", name=None, worker="other@host", queue=None, created=None)
        store.save(sent)
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_ids_without_a_record_have_no_key(self, store: Store) -> None:
        store.save(make_envelope("here"))
        assert set(store.load(["here", "nowhere"])) == {"here"}
        assert dict(store.load(["nowhere"])) == {}

    def test_nothing_asked_nothing_answered(self, store: Store) -> None:
        store.save(make_envelope("id"))
        assert dict(store.load([])) == {}
        store.delete([])
        assert set(store.load(["id"])) == {"id"}

    @pytest.mark.parametrize("kind", [list, tuple, set, frozenset, dict.fromkeys])
    def test_ids_come_in_any_collection(self, store: Store, kind: type[list[str]]) -> None:
        for name in ("a", "b", "c"):
            store.save(make_envelope(name))
        assert set(store.load(kind(["a", "b"]))) == {"a", "b"}
        store.delete(kind(["a", "b"]))
        assert set(store.load(kind(["a", "b", "c"]))) == {"c"}

    def test_an_id_asked_for_twice_is_answered_once(self, store: Store) -> None:
        store.save(make_envelope("id"))
        assert list(store.load(["id", "no", "id", "no", "id"])) == ["id"]
        store.delete(["id", "id", "no", "no"])
        assert dict(store.load(["id"])) == {}

    def test_deleting_is_idempotent_and_harms_no_other(self, store: Store) -> None:
        store.save(make_envelope("id"))
        store.save(make_envelope("other"))
        for _ in range(3):
            store.delete(["id", "never there"])
            assert set(store.load(["id", "other"])) == {"other"}

    def test_a_deleted_id_starts_anew(self, store: Store) -> None:
        store.save(make_envelope("id", "SUCCESS"))
        store.delete(["id"])
        sent = make_envelope("id", "PENDING")
        assert store.save(sent).accepted
        assert_reads_as(store.load(["id"])["id"], sent)

    def test_thousands_of_ids_in_one_call(self, store: Store, declared: Declared) -> None:
        sent = [make_envelope(f"id-{n}", result=n) for n in range(declared.effort.ids)]
        for envelope in sent:
            store.save(envelope)
        asked = [envelope.id for envelope in sent] + [f"no-{n}" for n in range(len(sent))]
        answer = store.load(asked)
        assert len(answer) == len(sent)
        for envelope in sent:
            assert_reads_as(answer[envelope.id], envelope)
        store.delete(asked[: len(sent) - 1])
        assert set(store.load(asked)) == {sent[-1].id}

    def test_hostile_ids_are_told_apart(self, store: Store) -> None:
        sent = {name: make_envelope(name, result=n) for n, name in enumerate(HOSTILE_IDS)}
        for envelope in sent.values():
            assert store.save(envelope).accepted
        answer = store.load(HOSTILE_IDS)
        for name, envelope in sent.items():
            assert_reads_as(answer[name], envelope)
            assert_reads_as(store.load([name])[name], envelope)

    def test_hostile_ids_are_deleted_one_by_one(self, store: Store) -> None:
        for name in HOSTILE_IDS:
            store.save(make_envelope(name))
        left = set(HOSTILE_IDS)
        for name in HOSTILE_IDS:
            store.delete([name])
            left.remove(name)
            assert set(store.load(HOSTILE_IDS)) == left

    @pytest.mark.parametrize("document", _DOCUMENTS.values(), ids=_DOCUMENTS)
    def test_documents_are_bytes_like_any_other(self, store: Store, document: bytes) -> None:
        store.save(make_envelope("id", document=document))
        loaded = found(store.load(["id"]), "id")
        assert loaded.document == document

    @pytest.mark.parametrize("size", [100, 65_300, 65_536, 70_000, _MEBIBYTE])
    def test_large_documents_are_guarded_like_small_ones(self, store: Store, size: int) -> None:
        first = make_envelope("id", "SUCCESS", result="x" * size)
        store.save(make_envelope("id", "STARTED", result="y" * (size + 1)))
        assert store.save(first).accepted
        late = store.save(make_envelope("id", "FAILURE", 3, result="z" * size))
        assert not late.accepted
        assert late.order == first.order
        assert_reads_as(store.load(["id"])["id"], first)

    def test_the_longest_id(self, store: Store, declared: Declared) -> None:
        longest = "i" * declared.traits.max_id
        sent = make_envelope(longest)
        store.save(sent)
        assert_reads_as(store.load([longest])[longest], sent)

    def test_the_largest_document(self, store: Store, declared: Declared) -> None:
        limit = declared.traits.max_value
        fits = _SMALL_ENOUGH if limit is None else min(limit, _SMALL_ENOUGH)
        sent = make_envelope("id", "STARTED", document=_of_size(fits, "id"))
        assert store.save(sent).accepted
        assert found(store.load(["id"]), "id").document == sent.document


class LongestIdSuite:
    """For stores that cannot keep every legal id."""

    def test_a_longer_id_is_refused_by_name(self, store: Store, declared: Declared) -> None:
        store.save(make_envelope("id"))
        above = make_envelope("i" * (declared.traits.max_id + 1))
        with pytest.raises(TooLarge):
            store.save(above)
        assert set(store.load(["id", above.id])) == {"id"}


class LargestDocumentSuite:
    """For stores that cannot keep documents of every size."""

    def test_a_larger_document_is_refused_by_name(self, store: Store, declared: Declared) -> None:
        limit = declared.traits.max_value
        assert limit is not None
        sent = make_envelope("id", "STARTED")
        store.save(sent)
        for name in ("id", "fresh"):
            with pytest.raises(TooLarge):
                store.save(make_envelope(name, "SUCCESS", document=bytes(limit + 1)))
        answer = store.load(["id", "fresh"])
        assert set(answer) == {"id"}
        assert_reads_as(answer["id"], sent)
        assert store.save(make_envelope("id", "SUCCESS")).accepted


def _of_size(size: int, task_id: str) -> bytes:
    start: Envelope = make_envelope(task_id, "STARTED")
    assert isinstance(start.document, bytes)
    return start.document[:-1].ljust(size - 1) + b"}"
