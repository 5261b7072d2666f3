"""Serializers by name and by content type, from kombu's registry, and which of them are accepted."""

import logging
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, Final

from upshot.codec import jsontext
from upshot.errors import ContentDisallowed, Damaged, Misconfigured, MissingExtra

_log = logging.getLogger(__name__)

PICKLE: Final = "application/x-python-serialize"
YAML: Final = "application/x-yaml"
MSGPACK: Final = "application/x-msgpack"

_KNOWN: Final = {
    "json": jsontext.CONTENT_TYPE,
    "pickle": PICKLE,
    "yaml": YAML,
    "msgpack": MSGPACK,
}
_PACKAGES: Final = {"yaml": ("yaml", "pyyaml"), "msgpack": ("msgpack", "msgpack")}
_warned: Final[set[str]] = set()


class Registered:
    """Encodes with a serializer of kombu's registry, looked up anew each time.

    Args:
        name: its name, such as "yaml" or one the application registered.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, value: Any) -> tuple[str, str, bytes]:
        """Return content type, content encoding and payload of *value*.

        Raises:
            Exception: whatever the encoding of *value* comes to.
        """
        content_type, encoding, payload = _registry().dumps(value, serializer=self.name)
        if isinstance(payload, str):
            payload = payload.encode("utf-8", "surrogatepass")
        return content_type, encoding, bytes(payload)


def content_type_of(name: str, setting: str) -> str:
    """Return the content type that *name* stands for; content types stand for themselves.

    Args:
        name: name of a serializer, or a content type.
        setting: where the name comes from, for the error message.

    Raises:
        Misconfigured: no serializer of that name is registered.
        MissingExtra: the package that it needs is not installed.
    """
    if "/" in name:
        return name
    package, distribution = _PACKAGES.get(name, (None, None))
    if package is not None and find_spec(package) is None:
        raise MissingExtra(
            f"{setting} names {name!r}, which needs a package: pip install {distribution}"
        )
    known = _KNOWN.get(name)
    if known is not None and "kombu.serialization" not in sys.modules:
        return known
    names: dict[str, str] = _registry().name_to_type
    if name not in names:
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(names))}"
        raise Misconfigured(
            f"{setting} names {name!r}, but no serializer of that name is registered with kombu; "
            f"{hint}"
        )
    return names[name]


def accepted_types(accept: Iterable[str], setting: str) -> frozenset[str]:
    """Return the content types of a list of names and content types.

    Raises:
        Misconfigured: one of the names is not registered.
    """
    names = [accept] if isinstance(accept, str) else accept
    return frozenset(content_type_of(name, setting) for name in names)


def check_accepted(content_type: str, accepted: frozenset[str]) -> None:
    """Refuse content that is not in the accepted list.

    Raises:
        ContentDisallowed: it is not.
    """
    if content_type not in accepted:
        name = next((n for n, t in _KNOWN.items() if t == content_type), content_type)
        raise ContentDisallowed(
            f"the record is stored as {name[:100]!r}, which is not accepted here and was not decoded; "
            f"accepted are {', '.join(sorted(accepted)) or 'none'}. Add it to result_accept_content "
            "if you trust everybody who can write to the store"
        )


def decode(data: bytes, content_type: str, encoding: str) -> Any:
    """Decode *data* with the serializer that kombu knows for its content type.

    Raises:
        Damaged: there is no such serializer, or it refuses the data.
    """
    registry = _registry()
    if content_type not in registry.type_to_name:
        raise Damaged(f"no serializer for {content_type[:100]!r} is registered here")
    try:
        return registry.loads(data, content_type, encoding, accept={content_type})
    except (Exception, SystemExit) as exc:
        raise Damaged(f"the record is no readable {content_type}: {exc}") from exc


def warn_once(serializer: str, accepted: frozenset[str]) -> None:
    """Say, once in a process each, what is dangerous or cannot work in a configuration."""
    own = content_type_of(serializer, "result_serializer")
    if PICKLE in {own, *accepted} and PICKLE not in _warned:
        _warned.add(PICKLE)
        _log.warning(
            "pickle is switched on for results: whoever can write to the store can run code in "
            "every process that reads it"
        )
    if own not in accepted and serializer not in _warned:
        _warned.add(serializer)
        _log.warning(
            "results are written as %r, which is not in the accepted list, so they cannot be read "
            "here; add it to result_accept_content",
            serializer,
        )


def _registry() -> Any:
    from kombu.serialization import registry

    return registry
