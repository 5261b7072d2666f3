"""Taking the URLs of stores apart, tolerant of what people write."""

import re
from dataclasses import dataclass, field
from typing import Final, final
from urllib.parse import unquote

from upshot.errors import Misconfigured
from upshot.urls.masking import HIDDEN, is_secret_name, mask, shown

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-_]*://")
_NEXT_URL: Final = re.compile(r"[,;|](?=[A-Za-z][A-Za-z0-9+.\-_]*://)")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s\[\]:/?#@,;]*)(?::(\d*))?")
_PAIRS: Final = re.compile(r"[^=&?/@]+=[^&]*(?:&[^=&?/@]+=[^&]*)*&?")
_MAX_PORT: Final = 65535


@final
@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a store's URL, percent-decoded; its repr is masked.

    Attributes:
        scheme: what stands before `://`, in lower case.
        username: the user, or None.
        password: the password, or None.
        hosts: every host with its port, or None where no port is given; IPv6 without brackets.
        path: from the first `/` after the hosts, which it includes; empty without one.
        query: the parameters; of one that is repeated the last counts.
    """

    scheme: str
    username: str | None
    password: str | None = field(repr=False)
    hosts: tuple[tuple[str, int | None], ...]
    path: str
    query: dict[str, str]

    @property
    def host(self) -> str | None:
        """The first host, or None."""
        return self.hosts[0][0] if self.hosts else None

    @property
    def port(self) -> int | None:
        """The port of the first host, or None."""
        return self.hosts[0][1] if self.hosts else None

    def __repr__(self) -> str:
        shown = {
            name: HIDDEN if is_secret_name(name) else mask(value)
            for name, value in self.query.items()
        }
        secret = None if self.password is None else HIDDEN
        return (
            f"Url(scheme={self.scheme!r}, username={self.username!r}, password={secret!r}, "
            f"hosts={self.hosts!r}, path={self.path!r}, query={shown!r})"
        )


def parse(url: str) -> Url:
    """Take a URL apart, tolerant of raw `/`, `#`, `?`, `@` and `:` in its password.

    A list of URLs (`sentinel://a;sentinel://b`) gives the hosts of all, and otherwise the parts
    of the first. A `+` is a plus; `#` has no meaning of its own.

    Args:
        url: such as `redis://user:password@host:6379/0?option=value`.

    Raises:
        Misconfigured: it has no scheme, a port that is no number, or no readable host.
    """
    text = url.strip()
    if not _SCHEME.match(text):
        raise Misconfigured(
            f"{shown(text)} is not a URL: write it as scheme://user:password@host:port/path"
        )
    first, *others = _NEXT_URL.split(text)
    parsed = _parse_one(first, text)
    hosts = parsed.hosts
    for other in others:
        hosts += _parse_one(other, text).hosts
    return Url(parsed.scheme, parsed.username, parsed.password, hosts, parsed.path, parsed.query)


def _parse_one(url: str, whole: str) -> Url:
    scheme, rest = url.split("://", 1)
    userinfo, rest = _split_userinfo(rest)
    username, password = None, None
    if userinfo is not None:
        name, colon, secret = userinfo.partition(":")
        username = unquote(name) or None
        password = unquote(secret) if colon else None
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path, _, query = rest[len(authority) :].partition("?")
    hosts = tuple(_host(piece, whole) for piece in re.split(r"[,;]", authority) if piece)
    return Url(scheme.lower(), username, password, hosts, unquote(path), _query(query))


def _split_userinfo(rest: str) -> tuple[str | None, str]:
    """Cut *rest* behind the `@` that ends user and password.

    That is the last `@`, unless it belongs to the value of a query behind a URL that is well
    formed without it.
    """
    if "@" not in rest or rest.startswith("/"):
        return None, rest
    before, mark, query = rest.partition("?")
    if mark and "@" in query and _PAIRS.fullmatch(query):
        userinfo, at, tail = before.rpartition("@")
        authority = re.split(r"[/#]", tail, maxsplit=1)[0]
        if authority and _well_formed(authority):
            return (userinfo if at else None), tail + mark + query
    userinfo, _, tail = rest.rpartition("@")
    return userinfo, tail


def _well_formed(authority: str) -> bool:
    return all(_HOST.fullmatch(piece) for piece in re.split(r"[,;]", authority))


def _host(piece: str, whole: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(piece)
    if match is None:
        raise Misconfigured(
            f"{shown(whole)} has no readable host and port: write host:port, the port as a "
            "number, an IPv6 address in [brackets], and percent-encode special characters "
            "in the password"
        )
    port = int(match[2]) if match[2] else None
    if port is not None and port > _MAX_PORT:
        raise Misconfigured(f"{shown(whole)} has a port above {_MAX_PORT}")
    return unquote(match[1]).strip("[]"), port


def _query(text: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return {unquote(name): unquote(value) for name, _, value in pairs}
