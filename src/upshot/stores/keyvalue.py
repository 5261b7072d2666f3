"""What stores of whole documents share: the names of keys, and what a document's head tells.

The names are Celery's, so that both read one another's records. A store that decides the guarded
write has to know the order of the record that stands there; everything needed for that is found
in the first `HEAD` bytes, so that no document is ever decoded to compare it.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import unquote

from upshot import states
from upshot.stores.contract import Envelope

HEAD: Final = 96
"""Bytes of a document that `peek` looks at."""

TASK_PREFIX: Final = "celery-task-meta-"
GROUP_PREFIX: Final = "celery-taskset-meta-"
CHORD_SUFFIXES: Final = (".j", ".t", ".s")
"""Ends of the keys that Celery keeps beside a group while its chord runs."""

_SEPARATORS: Final = ":_-."
_HASH_TAG: Final = re.compile(r"[^{]*\{[^}]+\}")

_MARK: Final = re.compile(rb"upshot/1 (\d{1,13}) ")
_MARKED: Final = re.compile(rb"upshot/1 (\d{1,13}) ([^ \n]+) (\d{1,11}) ")
_NO_RECORD: Final = b"-"
_JSON: Final = re.compile(rb'\{"status": ?"((?:[^"\\]|\\.)+)"', re.DOTALL)
_JSON_ATTEMPT: Final = re.compile(rb', ?"attempt": ?(\d{1,11})[,}]')
_PICKLE_4: Final = re.compile(
    rb"\x80[\x04\x05]\x95.{8}\}\x94\(\x8c\x06status\x94\x8c(.)", re.DOTALL
)
_PICKLE_2: Final = re.compile(
    rb"\x80[\x02\x03]\}q\x00\(X\x06\x00\x00\x00statusq\x01X(.)\x00\x00\x00", re.DOTALL
)
_MSGPACK: Final = re.compile(
    rb"(?:[\x82-\x8f]|\xde..)\xa6status(?:([\xa1-\xbf])|\xd9(.))", re.DOTALL
)
_HIGHEST: Final = states.order(states.SUCCESS)


@final
@dataclass(frozen=True, slots=True)
class Keys:
    """Names of keys behind one global prefix.

    Attributes:
        prefix: stands before every key and channel, separator included; empty for none.
    """

    prefix: str = ""

    @classmethod
    def under(cls, global_keyprefix: str | None) -> "Keys":
        """Return the names behind *global_keyprefix*; a `_` is added unless it ends in `:_-.`."""
        if not global_keyprefix:
            return cls()
        end = "" if global_keyprefix[-1] in _SEPARATORS else "_"
        return cls(global_keyprefix + end)

    def task(self, task_id: str) -> str:
        """Return the key of a record."""
        return f"{self.prefix}{TASK_PREFIX}{task_id}"

    def kept(self, kind: str, key: str) -> str:
        """Return the key of a small document; groups stand where Celery looks for them."""
        return f"{self.kept_prefix(kind)}{key}"

    def kept_prefix(self, kind: str) -> str:
        """Return what the keys of all documents of *kind* begin with."""
        return f"{self.prefix}{GROUP_PREFIX if kind == 'group' else f'upshot-{kind}-'}"

    def beside(self, role: str, task_id: str) -> str:
        """Return a key of our own that lies in the same slot of a cluster as the record's.

        Only an id that holds `}` and no tag of its own can end in another slot.
        """
        key = self.task(task_id)
        if _HASH_TAG.match(key):
            return f"{self.prefix}upshot-{role}-{TASK_PREFIX}{task_id}"
        return f"{self.prefix}upshot-{role}-{{{key}}}"


def peek(document: bytes) -> tuple[str, int] | None:
    """Tell state and attempt of a stored document from its head, without decoding it.

    Known are JSON text as Celery writes it, upshot's own header line, and Celery's pickled and
    msgpack documents; those two are taken for first attempts.

    Args:
        document: the whole document, or its first `HEAD` bytes.

    Returns:
        State and attempt, or None where the head does not tell.
    """
    head = document[:HEAD]
    found = _marked(head) or _json(head) or _binary(head)
    if found is None or found[1] > states.MAX_ATTEMPT or found[0] in states.ABSENT_STATES:
        return None
    return found


def order_of(document: bytes) -> int | None:
    """Tell the order of a stored document from its head; None where the head does not tell."""
    mark = _MARK.match(document[:HEAD])
    if mark:
        number = int(mark[1])
        return number if number <= _HIGHEST else None
    found = peek(document)
    return states.order(*found) if found else None


def envelope_of(id: str, document: bytes) -> Envelope:  # noqa: A002 named as the envelope's field
    """Return the envelope of a stored document, with order, state and attempt from its head."""
    state, attempt = peek(document) or ("", 0)
    order = order_of(document) or 0
    return Envelope(id=id, document=document, order=order, state=state, attempt=attempt)


def _marked(head: bytes) -> tuple[str, int] | None:
    match = _MARKED.match(head)
    if match is None or match[2] == _NO_RECORD or int(match[1]) > _HIGHEST:
        return None
    return unquote(match[2].decode(errors="replace")), int(match[3])


def _json(head: bytes) -> tuple[str, int] | None:
    match = _JSON.match(head)
    if match is None:
        return None
    state = _text(match[1])
    rest = head[match.end() :]
    attempt = _JSON_ATTEMPT.match(rest)
    if attempt:
        return state, int(attempt[1])
    following = rest[1:].removeprefix(b" ") if rest.startswith(b",") else rest
    undecided = b'"attempt"'.startswith(following[:9])
    return None if undecided else (state, 0)


def _text(raw: bytes) -> str:
    if b"\\" not in raw:
        return raw.decode(errors="replace")
    try:
        return str(json.loads(b'"' + raw + b'"'))
    except ValueError:
        return raw.decode(errors="replace")


def _binary(head: bytes) -> tuple[str, int] | None:
    match = _PICKLE_4.match(head) or _PICKLE_2.match(head)
    if match:
        length = match[1][0]
    else:
        match = _MSGPACK.match(head)
        if match is None:
            return None
        length = match[1][0] & 0x1F if match[1] else match[2][0]
    state = head[match.end() : match.end() + length]
    return (state.decode(errors="replace"), 0) if 0 < len(state) == length else None
