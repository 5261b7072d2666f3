import bz2
import tracemalloc
import zlib
from typing import Any

import celery
import pytest
from celery.backends.base import KeyValueStoreBackend

from tests.codec.support import codec, document, read, success
from upshot.errors import Damaged, Misconfigured, TooLarge
from upshot.record import Ref

LONG = "abc" * 5000
MEBI = 1 << 20


@pytest.mark.covers("CMP-01", "CFG-15a", "pain X8", "CON-16")
@pytest.mark.parametrize("name", ["gzip", "bzip2", "zlib", "bzip", "application/x-gzip"])
@pytest.mark.parametrize("serializer", ["json", "msgpack"])
def test_long_documents_shrink_and_come_back(name: str, serializer: str) -> None:
    kinds: dict[str, Any] = {"serializer": serializer, "accept": ["json", "msgpack"]}
    packing, plain = codec(result_compression=name, **kinds), codec(**kinds)
    record = success(LONG, children=(Ref("kid"),))
    small, large = document(record, packing), document(record, plain)
    assert len(small) * 10 < len(large)
    assert small.startswith(b"upshot/1 2199023255552 SUCCESS 0 application/")
    for reader in (packing, plain):
        assert read(small, reader) == read(large, reader) == record
    kept = packing.dumps([LONG])
    assert len(kept) * 10 < len(plain.dumps([LONG]))
    assert plain.loads(kept) == [LONG]


@pytest.mark.covers("CMP-02")
def test_only_documents_over_the_threshold_that_shrink_are_compressed() -> None:
    packing = codec(result_compression="gzip", upshot_compression_threshold=500)
    assert document(success("a" * 100), packing).startswith(b'{"status"')
    assert document(success("a" * 600), packing).startswith(b"upshot/1 ")
    exact = len(document(success("a" * 100), packing))
    at = codec(result_compression="gzip", upshot_compression_threshold=exact)
    above = codec(result_compression="gzip", upshot_compression_threshold=exact + 1)
    assert document(success("a" * 100), at).startswith(b"upshot/1 ")
    assert document(success("a" * 100), above).startswith(b'{"status"')
    eager = codec(result_compression="bzip2", upshot_compression_threshold=0)
    assert document(success(1), eager).startswith(b'{"status"')


@pytest.mark.covers("CMP-02", "CFG-15b")
@pytest.mark.parametrize("name", ["gzip", "bzip2"])
def test_the_level_is_used(name: str) -> None:
    value = [f"{n * 7919 % 104729}" for n in range(60_000)]
    fast = document(success(value), codec(result_compression=name, result_compression_level=1))
    best = document(success(value), codec(result_compression=name, result_compression_level=9))
    assert len(best) < len(fast)


@pytest.mark.covers("CFG-15a")
def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(Misconfigured, match=r"'gzp'.*did you mean 'gzip'"):
        codec(result_compression="gzp")


@pytest.mark.covers("contract I5")
def test_nothing_is_compressed_for_plain_celery_peers() -> None:
    assert document(success(LONG), codec(result_compression="gzip", wire="celery")).startswith(b"{")


@pytest.mark.covers("CMP-01")
@pytest.mark.parametrize("name", ["gzip", "bzip2"])
def test_what_celery_compressed_is_read(name: str) -> None:
    app = celery.Celery("interop", set_as_current=False, backend="cache+memory://")
    app.conf.result_compression = name
    compressing = type(
        "Compressing", (KeyValueStoreBackend,), {"supports_result_compression": True}
    )
    data = compressing(app=app).encode({"status": "SUCCESS", "result": LONG})
    assert b"celery-compressed" in data
    assert read(data, codec()).result == LONG


def bomb(name: str, size: int) -> bytes:
    head = f"upshot/1 1 SUCCESS 0 application/json utf-8 {name}\n".encode()
    zeros = bytes(size)
    return head + (zlib.compress(zeros, 9) if name == "zlib" else bz2.compress(zeros))


@pytest.mark.covers("pain X8")
@pytest.mark.parametrize("name", ["zlib", "bzip2"])
def test_a_bomb_is_refused_within_the_limit_of_memory(name: str) -> None:
    using = codec(upshot_max_decompressed=MEBI)
    data = bomb(name, 50 * MEBI)
    bare = data.partition(b"\n")[2]
    for form in (data, bare):
        tracemalloc.start()
        with pytest.raises(TooLarge, match=r"task e1: .*upshot_max_decompressed"):
            read(form, using)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.5 * MEBI


@pytest.mark.covers("pain X8")
def test_the_limit_itself_still_fits() -> None:
    large = document(success(LONG), codec())
    packed = document(success(LONG), codec(result_compression="gzip"))
    assert read(packed, codec(upshot_max_decompressed=len(large))).result == LONG
    with pytest.raises(TooLarge):
        read(packed, codec(upshot_max_decompressed=len(large) - 1))


@pytest.mark.parametrize("name", ["gzip", "bzip2"])
def test_a_cut_or_foreign_payload_is_damaged(name: str) -> None:
    packed = document(success(LONG), codec(result_compression=name))
    for cut in range(len(packed) - 1, len(packed) - 40, -1):
        with pytest.raises(Damaged):
            read(packed[:cut], codec())
    odd = b"upshot/1 1 SUCCESS 0 application/json utf-8 brotli\nx"
    with pytest.raises(Damaged, match="compressed with 'brotli'"):
        read(odd, codec())
