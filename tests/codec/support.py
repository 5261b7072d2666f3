"""What the tests of the codec share: settings, a fixed moment, and classes to store."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, Flag
from typing import Any, ClassVar, Final

from upshot import states
from upshot.codec import Codec
from upshot.record import TaskRecord
from upshot.stores.contract import Envelope

NOW: Final = datetime(2026, 11, 20, 15, 56, 16, 277445, tzinfo=UTC)

DEFAULTS: Final[dict[str, Any]] = {
    "result_serializer": "json",
    "result_accept_content": None,
    "accept_content": ["json"],
    "result_compression": None,
    "result_compression_level": None,
    "result_extended": False,
    "upshot_compression_threshold": 1024,
    "upshot_max_decompressed": 64 * 1024 * 1024,
    "upshot_extended_types": True,
    "upshot_exception_modules": [],
}


def codec(
    *, wire: Any = "upshot", serializer: Any = None, accept: Any = None, **settings: Any
) -> Codec:
    return Codec.from_settings(
        {**DEFAULTS, **settings}, serializer=serializer, accept=accept, wire=wire
    )


def success(value: Any, **fields: Any) -> TaskRecord:
    return TaskRecord(id="e1", state=states.SUCCESS, result=value, done=NOW, **fields)


def failure(exc: BaseException, **fields: Any) -> TaskRecord:
    return TaskRecord(id="e1", state=states.FAILURE, result=exc, done=NOW, **fields)


def document(record: TaskRecord, using: Codec) -> bytes:
    data = using.pack(record, now=NOW, ttl=None).document
    assert isinstance(data, bytes)
    return data


def read(data: bytes, using: Codec) -> TaskRecord:
    return using.unpack(Envelope(id="e1", document=data))


def there_and_back(value: Any, using: Codec) -> Any:
    return read(document(success(value), using), using).result


class Colour(Enum):
    RED = "r"
    BLUE = (1, 2)


class Right(Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Point:
    made: ClassVar[int] = 0
    x: int
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Slotted:
    x: Any


@dataclass
class Watchful:
    x: int
    built: ClassVar[list[int]] = []

    def __post_init__(self) -> None:
        self.built.append(self.x)


class ShopError(Exception):
    class StockError(Exception):
        pass


class CodedError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


class KeywordOnlyError(Exception):
    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"because {self.reason}"
