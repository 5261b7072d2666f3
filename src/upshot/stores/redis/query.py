"""The options that may stand in the query of a Redis URL."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from upshot.errors import Misconfigured

_CHECKS: Final = {
    **dict.fromkeys(("none", "cert_none", "0"), "none"),
    **dict.fromkeys(("optional", "cert_optional", "1"), "optional"),
    **dict.fromkeys(("required", "cert_required", "2"), "required"),
}
_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})

Reader = Callable[[str], Any]


def read_query(query: Mapping[str, str], where: str) -> dict[str, Any]:
    """Return the values of the options in *query*.

    Args:
        query: the texts by name.
        where: the masked URL, for messages.

    Raises:
        Misconfigured: there is no such option, or not with such a value.
    """
    read: dict[str, Any] = {}
    for name, value in query.items():
        reader = _READERS.get(name)
        if reader is None:
            raise unknown(where, name, list(_READERS))
        try:
            read[name] = reader(value)
        except ValueError:
            raise Misconfigured(f"{where}: the option {name} must be {_WORDS[reader]}") from None
    return read


def tls_options(where: str, asked: dict[str, Any], switch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a TLS connection: those of *switch*, and over them those *asked*.

    Args:
        where: the masked URL, for messages.
        asked: options of the query; those that belong to TLS are taken out.
        switch: the setting `redis_backend_use_ssl`, where it is a mapping.

    Raises:
        Misconfigured: a name or value in *switch*, or `ssl_cert_reqs`, is not known.
    """
    known = [name for name in _READERS if name.startswith("ssl_")]
    given = {name: value for name, value in switch.items() if value is not None}
    for name in given:
        if name not in known:
            raise unknown("redis_backend_use_ssl", name, known)
    given |= {name: asked.pop(name) for name in known if name in asked}
    wanted = given.pop("ssl_cert_reqs", "required")
    # The members of ssl.VerifyMode are numbers.
    text = str(int(wanted) if isinstance(wanted, int) else wanted).lower()
    if text not in _CHECKS:
        raise Misconfigured(
            f"{where}: ssl_cert_reqs may be required, optional or none, not {text!r}"
        )
    given.setdefault("ssl_check_hostname", _CHECKS[text] != "none")
    return {"ssl_cert_reqs": _CHECKS[text], **given}


def unknown(where: str, name: str, known: list[str]) -> Misconfigured:
    """Return the error for an option that does not exist, with the nearest that does."""
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    return Misconfigured(f"{where}: there is no option {name!r}; {hint}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _version(text: str) -> int:
    if text not in {"2", "3"}:
        raise ValueError
    return int(text)


def _seconds(text: str) -> float | None:
    if text.lower() == "none":
        return None
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _interval(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError
    return text.lower() in _YES


_WORDS: Final[dict[Reader, str]] = {
    _count: "a whole number above 0",
    _whole: "a whole number",
    _version: "2 or 3",
    _seconds: "a number of seconds above 0, or none",
    _interval: "a number of seconds, or 0",
    _switch: "true or false",
}

_READERS: Final[dict[str, Reader]] = {
    "db": _whole,
    "virtual_host": str,
    "username": str,
    "password": str,
    "credential_provider": str,
    "client_name": str,
    "protocol": _version,
    "max_connections": _count,
    "socket_timeout": _seconds,
    "socket_connect_timeout": _seconds,
    "socket_keepalive": _switch,
    "retry_on_timeout": _switch,
    "health_check_interval": _interval,
    "ssl_cert_reqs": str,
    "ssl_check_hostname": _switch,
    "ssl_ca_certs": str,
    "ssl_ca_path": str,
    "ssl_ca_data": str,
    "ssl_certfile": str,
    "ssl_keyfile": str,
    "ssl_password": str,
    "ssl_ciphers": str,
}
