"""The line before documents that are not plain JSON.

It lets stores tell the order of a record without decoding it, and readers recognise serializer
and compression of each value by itself.
"""

from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from upshot.errors import Damaged

MAGIC: Final = b"upshot/1 "
NO_STATE: Final = "-"

_MAX_LENGTH: Final = 1024
_FIELDS: Final = 6


class Header(NamedTuple):
    """What the line tells.

    Attributes:
        order: the integer of `upshot.states.order`; 0 for documents that are no records.
        state: name of the state; `-` for documents that are no records.
        attempt: number of retries before this run.
        content_type: what the payload is once it is decompressed.
        content_encoding: its character set, or `binary`.
        compression: how it is compressed, or None.
    """

    order: int
    state: str
    attempt: int
    content_type: str
    content_encoding: str
    compression: str | None

    def line(self) -> bytes:
        """Return the line, its end included."""
        texts = (self.state, self.content_type, self.content_encoding, self.compression or "-")
        state, content_type, encoding, compression = (
            quote(text, safe="/+;=", errors="backslashreplace") for text in texts
        )
        rest = f"{self.order} {state} {self.attempt} {content_type} {encoding} {compression}\n"
        return MAGIC + rest.encode("ascii")


def split(data: bytes) -> tuple[Header, bytes]:
    """Return the header of *data*, which begins with `MAGIC`, and the payload behind it.

    Raises:
        Damaged: the line is not whole.
    """
    end = data.find(b"\n", 0, _MAX_LENGTH)
    fields = data[len(MAGIC) : end].decode("ascii", "replace").split(" ") if end > 0 else []
    if len(fields) != _FIELDS or not (fields[0].isdecimal() and fields[2].isdecimal()):
        raise Damaged("the header line of the record is damaged")
    order, state, attempt, content_type, encoding, compression = map(unquote, fields)
    header = Header(
        int(order[:20]),
        state,
        int(attempt[:20]),
        content_type,
        encoding,
        None if compression == "-" else compression,
    )
    return header, data[end + 1 :]
