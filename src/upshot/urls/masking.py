"""Showing URLs and messages without the secrets in them.

Passwords in the wild hold raw `/`, `#`, `?`, `@` and `:`, several hosts stand in one URL, and
secrets also travel in queries and connection strings. `mask` therefore hides too much rather
than too little: everything between the first colon and the last `@` of a URL is taken for a
password, whatever it looks like.
"""

import re
from typing import Final

HIDDEN: Final = "**"

_BEGINNING: Final = re.compile(r"(?:[A-Za-z0-9+.\-_]*:)?//")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-_]*://")
_SCHEME_TAIL: Final = re.compile(r"(?:[A-Za-z0-9+.\-_]*:)?$")
_LONGEST_SCHEME: Final = 64
_BLANK: Final = re.compile(r"\s")
_NOT_A_PORT: Final = re.compile(r"[^/?#:]*:(?!\d*(?:[/?#,;'\")\].]|:?$))")
_URL_NAME: Final = re.compile(r"(^|[?&#;])([^=?&#;/@:]+)=")
_TEXT_NAME: Final = re.compile(
    r"""(?<![\w%.\-])(['"]?)([A-Za-z][\w.\-]*)\1(?:=|\s+=\s*|\s*[:=]\s*(?=['"]))"""
)
_VALUE: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s;]+)""")
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

Span = tuple[int, int]


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
    masked = _masked_once(text)
    while masked != text:
        # hiding may eat a closing quote, which changes where the next value ends
        text, masked = masked, _masked_once(masked)
    return masked


def shown(url: str) -> str:
    """Return the repr of *url*, masked, for a message; it may be malformed or hold blanks.

    Args:
        url: what was given as a URL: unlike for `mask`, all of it.
    """
    if not _SCHEME.match(url) and "@" not in url:
        return repr(mask(url))
    scheme = _SCHEME.match(url)
    begin = scheme.end() if scheme else len(url) - len(url.lstrip(":/"))
    return repr(url[:begin] + mask(f"//{_unbroken(url[begin:])}")[2:])


def _masked_once(text: str) -> str:
    runs = _runs(text)
    spans = [span for run in runs for span in _in_run(text, run)]
    return _hide(text, spans + _in_text(text, runs))


def _unbroken(text: str) -> str:
    return _BLANK.sub("_", text)


def _runs(text: str) -> list[Span]:
    """Return where the URLs of *text* begin and end."""
    found: list[Span] = []
    end = 0
    while (slashes := text.find("//", end)) >= 0:
        window = text[max(end, slashes - _LONGEST_SCHEME) : slashes]
        scheme = _SCHEME_TAIL.search(window)
        start = slashes - len(scheme[0]) if scheme else slashes
        end = _end_of_run(text, slashes + 2)
        found.append((start, end))
    return found


def _end_of_run(text: str, begin: int) -> int:
    """Return where a URL ends: at a blank, unless the blank seems to stand in a password."""
    end = _blank_after(text, begin)
    rest = text[begin:end]
    if "@" in rest or not _NOT_A_PORT.match(rest):
        return end
    line_end = text.find("\n", end)
    later = text.rfind("@", end, None if line_end < 0 else line_end)
    return end if later < 0 else _blank_after(text, later)


def _blank_after(text: str, begin: int) -> int:
    blank = _BLANK.search(text, begin)
    return blank.start() if blank else len(text)


def _in_run(text: str, run: Span) -> list[Span]:
    """Return the secrets of one unbroken run of characters; it may be a list of URLs."""
    start, stop = run
    beginning = _BEGINNING.match(text, start, stop)
    scheme = beginning[0] if beginning else ""
    spans: list[Span] = []
    if ":" in scheme:
        for separator in re.compile(f"[,;|]{re.escape(scheme)}").finditer(text, start, stop):
            spans += _in_url(text, start + len(scheme), separator.start())
            start = separator.start() + 1
    return spans + _in_url(text, start + len(scheme), stop)


def _in_url(text: str, begin: int, stop: int) -> list[Span]:
    """Return the secrets of one URL, given without its scheme."""
    rest = text[begin:stop]
    spans = [
        (begin + name.end(), begin + _end_of_value(rest, name))
        for name in _URL_NAME.finditer(rest)
        if is_secret_name(name[2])
    ]
    colon, last = rest.find(":"), rest.rfind("@")
    if not rest.startswith("/") and 0 <= colon < last:
        spans.append((begin + colon + 1, begin + last))
    return spans


def _end_of_value(rest: str, name: re.Match[str]) -> int:
    """Return where a value ends: connection strings separate by `;`, queries by `&`."""
    end = rest.find("&" if name[1] in {"?", "&", "#"} else ";", name.end())
    return len(rest) if end < 0 else end


def _in_text(text: str, runs: list[Span]) -> list[Span]:
    """Return the values of `name=secret` and `"name": "secret"`, unless `_in_url` finds them."""
    spans: list[Span] = []
    covered = 0
    for name in _TEXT_NAME.finditer(text):
        begin = name.start()
        if begin < covered or not is_secret_name(name[2], in_url=False):
            continue
        if text[begin - 1 : begin] in set("?&#;") and any(a <= begin < b for a, b in runs):
            continue
        if value := _VALUE.match(text, name.end()):
            spans.append(value.span(value.lastindex or 0))
            covered = value.end()
    return spans


def _hide(text: str, spans: list[Span]) -> str:
    """Replace the union of *spans* by the mark, one for each unbroken stretch."""
    pieces: list[str] = []
    end = 0
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if start < end:
            end = max(end, stop)
            continue
        pieces += [text[end:start], HIDDEN]
        end = stop
    pieces.append(text[end:])
    return "".join(pieces)
