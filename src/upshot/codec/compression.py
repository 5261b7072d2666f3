"""Compressed documents: written above a threshold, read only up to a limit."""

import bz2
import zlib
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from upshot.errors import Damaged, Misconfigured, TooLarge

ZLIB: Final = "zlib"
BZIP2: Final = "bzip2"

_NAMES: Final = {
    "gzip": ZLIB,
    "zlib": ZLIB,
    "application/x-gzip": ZLIB,
    "bzip2": BZIP2,
    "bzip": BZIP2,
    "application/x-bz2": BZIP2,
}
_CELERY: Final = b"\x00celery-compressed\x00"
_ANY_ZLIB: Final = 47
_CHUNK: Final = 65_536
_DEFAULT_LEVEL: Final = {ZLIB: 6, BZIP2: 9}


def canonical(name: str) -> str:
    """Return our name of the compression that kombu calls *name*; its gzip is a zlib stream.

    Raises:
        Misconfigured: there is none of that name.
    """
    try:
        return _NAMES[name.lower()]
    except KeyError:
        near = get_close_matches(name, _NAMES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise Misconfigured(
            f"result_compression is {name!r}, but only 'gzip' and 'bzip2' are known{hint}"
        ) from None


def compressed(data: bytes, name: str, level: int | None) -> bytes:
    """Return *data* compressed.

    Args:
        data: what to compress.
        name: a name that `canonical` returned.
        level: 1 (fast) to 9 (small), or None for the default of the format.
    """
    level = _DEFAULT_LEVEL[name] if level is None else level
    return zlib.compress(data, level) if name == ZLIB else bz2.compress(data, level)


def decompressed(data: bytes, name: str, limit: int) -> bytes:
    """Return *data* decompressed, in steps, so that a bomb needs no more memory than the limit.

    Args:
        data: the compressed bytes.
        name: any name of a known compression.
        limit: most bytes that may come out.

    Raises:
        TooLarge: more than *limit* bytes would come out.
        Damaged: the data is broken or cut, or the compression is not known.
    """
    kind = _NAMES.get(name)
    if kind is None:
        raise Damaged(f"the record is compressed with {name[:50]!r}, which cannot be read here")
    pieces = []
    total = 0
    try:
        for piece in _zlib_pieces(data) if kind == ZLIB else _bz2_pieces(data):
            total += len(piece)
            if total > limit:
                raise TooLarge(
                    f"the record decompresses to more than {limit} bytes and was not read; "
                    "raise upshot_max_decompressed if it is yours"
                )
            pieces.append(piece)
    except (zlib.error, OSError, ValueError, EOFError) as exc:
        if isinstance(exc, TooLarge):
            raise
        raise Damaged(f"the compressed record is broken: {exc}") from exc
    return b"".join(pieces)


def bare_compression(data: bytes) -> tuple[str, bytes] | None:
    """Return name and payload of a compressed value without our header, as Celery 5.7 writes it."""
    if data.startswith(_CELERY):
        name, _, payload = data[len(_CELERY) :].partition(b"\x00")
        return name[:50].decode("ascii", "replace"), payload
    if data.startswith(b"BZh") and data[4:10] == b"1AY&SY":
        return BZIP2, data
    if data.startswith(b"\x1f\x8b\x08") or data[:2] in {b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"}:
        return ZLIB, data
    return None


def _zlib_pieces(data: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(_ANY_ZLIB)
    for start in range(0, len(data), _CHUNK):
        rest = data[start : start + _CHUNK]
        while rest and not inflate.eof:
            yield inflate.decompress(rest, _CHUNK)
            rest = inflate.unconsumed_tail
    while not inflate.eof:
        piece = inflate.decompress(b"", _CHUNK)
        if not piece and not inflate.eof:
            raise EOFError("it is cut off")
        yield piece


def _bz2_pieces(data: bytes) -> Iterator[bytes]:
    inflate = bz2.BZ2Decompressor()
    while not inflate.eof:
        yield inflate.decompress(data, _CHUNK)
        data = b""
        if inflate.needs_input and not inflate.eof:
            raise EOFError("it is cut off")
