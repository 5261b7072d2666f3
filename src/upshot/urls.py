"""URLs of stores: taking them apart, and showing them without their secrets.

Passwords in the wild hold raw `/`, `#`, `?`, `@` and `:`, several hosts stand in one URL, and
secrets also travel in queries and connection strings. `mask` therefore hides too much rather
than too little: everything between the first colon and the last `@` of a URL is taken for a
password, whatever it looks like.
"""

import re
from dataclasses import dataclass, field
from typing import Final, final
from urllib.parse import unquote

from upshot.errors import Misconfigured

HIDDEN: Final = "**"

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-_]*://")
_RUN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-_]*://\S*")
_NEXT_URL: Final = re.compile(r"[,;|](?=[A-Za-z][A-Za-z0-9+.\-_]*://)")
_QUERY_PAIR: Final = re.compile(r"(?:^|[?&#])([^=?&#;/]+)=([^&]*)")
_LIST_PAIR: Final = re.compile(r"(?:^|[;?])([A-Za-z][\w.\- ]*)=([^;]*)")
_TEXT_PAIR: Final = re.compile(
    r"""(?<![\w%.\-])(['"]?)([A-Za-z][\w.\-]*)\1"""
    r"""(?:=|\s*[:=]\s*(?=['"]))"""
    r"""(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s;'"][^\s;]*))"""
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_ENDS: Final = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "signature",
    "apikey",
    "accesskey",
    "accountkey",
    "secretkey",
)
_SECRET_WORDS: Final = frozenset({"pass", "sig", "sas", "credentials"})
_KEY_OWNERS: Final = frozenset(
    {"access", "account", "api", "auth", "encryption", "master", "private", "secret", "signing"}
)
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s\[\]:/?#@,;]*)(?::(\d*))?")
_PAIRS: Final = re.compile(r"[^=&?/@]+=[^&]*(?:&[^=&?/@]+=[^&]*)*&?")
_MAX_PORT: Final = 65535


def is_secret_name(name: str, *, in_url: bool = True) -> bool:
    """Tell whether a value called *name* is a secret.

    Args:
        name: name of a query parameter, option or field, in any case style.
        in_url: whether it stands in a URL, where a bare `key` is a secret too.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    if any(word.endswith(_SECRET_ENDS) or word in _SECRET_WORDS for word in words):
        return True
    return words[-1] == "key" and (in_url or bool(_KEY_OWNERS.intersection(words[:-1])))


def mask(text: str) -> str:
    """Return *text* with the secrets of every URL and connection string in it replaced by `**`.

    Usernames and hosts stay as far as they can be told from secrets. Masking masked text
    changes nothing.

    Args:
        text: a URL, several of them, a connection string, or any message that holds some.
    """
    pieces: list[str] = []
    end = 0
    for start, stop in _runs(text):
        pieces.append(_mask_pairs(text[end:start]))
        pieces.append(_mask_run(text[start:stop]))
        end = stop
    pieces.append(_mask_pairs(text[end:]))
    return "".join(pieces)


def shown(url: str) -> str:
    """Return the repr of *url*, masked, for a message; it may be malformed or hold blanks.

    Args:
        url: what was given as a URL: unlike for `mask`, all of it.
    """
    if _SCHEME.match(url):
        return repr(_mask_run(url))
    if "@" in url:
        return repr(_mask_run(f"x://{url}").removeprefix("x://"))
    return repr(mask(url))


def _runs(text: str) -> list[tuple[int, int]]:
    """Return where the URLs of *text* begin and end."""
    found: list[tuple[int, int]] = []
    at = 0
    while match := _RUN.search(text, at):
        at = _end_of_run(text, match)
        found.append((match.start(), at))
    return found


def _end_of_run(text: str, match: re.Match[str]) -> int:
    """Return the end of a URL, beyond a blank where the blank seems to stand in a password."""
    rest = match[0].split("://", 1)[1]
    line_end = text.find("\n", match.end())
    line_end = len(text) if line_end < 0 else line_end
    if "@" in rest or not re.match(r"[^/?#:]*:(?!\d*(?:[/?#,;'\")\].]|$))", rest):
        return match.end()
    later = text.rfind("@", match.end(), line_end)
    if later < 0:
        return match.end()
    blank = re.compile(r"\s").search(text, later)
    return blank.start() if blank else len(text)


def _mask_run(run: str) -> str:
    """Mask one unbroken run of characters that begins with a scheme; it may hold a list."""
    pieces: list[str] = []
    start = 0
    for separator in _NEXT_URL.finditer(run):
        pieces += [_mask_url(run[start : separator.start()]), separator[0]]
        start = separator.end()
    pieces.append(_mask_url(run[start:]))
    return "".join(pieces)


def _mask_url(url: str) -> str:
    match = _SCHEME.match(url)
    begin = match.end() if match else 0
    rest = url[begin:]
    spans: list[tuple[int, int]] = []
    colon, last = rest.find(":"), rest.rfind("@")
    if not rest.startswith("/") and 0 <= colon < last:
        spans.append((colon + 1, last))
    for pattern in (_QUERY_PAIR, _LIST_PAIR):
        spans += [pair.span(2) for pair in pattern.finditer(rest) if is_secret_name(pair[1])]
    return url[:begin] + _hide(rest, spans)


def _mask_pairs(text: str) -> str:
    """Mask `name=value` and `"name": "value"` in text that is no URL."""
    spans = []
    for pair in _TEXT_PAIR.finditer(text):
        if is_secret_name(pair[2], in_url=False):
            group = next(number for number in (3, 4, 5) if pair[number] is not None)
            spans.append(pair.span(group))
    return _hide(text, spans)


def _hide(text: str, spans: list[tuple[int, int]]) -> str:
    """Replace the union of *spans* by the mark, one for each unbroken stretch."""
    pieces: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start < end:
            end = max(end, stop)
            continue
        pieces += [text[end:start], HIDDEN if start < stop else ""]
        end = stop
    pieces.append(text[end:])
    return "".join(pieces)


@final
@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a store's URL, percent-decoded; its repr is masked.

    Attributes:
        scheme: what stands before `://`, in lower case.
        username: the user, or None.
        password: the password, or None.
        hosts: every host with its port, or None where no port is given.
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
    return unquote(match[1]), port


def _query(text: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return {unquote(name): unquote(value) for name, _, value in pairs}
