"""URLs come apart as their authors meant them."""

import contextlib
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upshot.errors import Misconfigured
from upshot.urls import Url, parse, shown

PASSWORDS = st.text(alphabet="aZ9/#?@:%+!.-~", min_size=1, max_size=12)


@pytest.mark.covers("SEL-03", "pain P4")
@given(st.text(alphabet="aZ9!.-~:@#", min_size=1, max_size=12))
def test_a_raw_password_comes_back(password: str) -> None:
    url = parse(f"redis://user:{password}@host:6379/3?a=b")
    assert (url.username, url.password, url.hosts) == ("user", password, (("host", 6379),))
    assert (url.path, url.query) == ("/3", {"a": "b"})


@pytest.mark.covers("SEL-03", "pain P4")
@given(PASSWORDS)
def test_a_quoted_password_comes_back(password: str) -> None:
    url = parse(f"redis://user:{quote(password, safe='')}@host/0")
    assert (url.username, url.password, url.host) == ("user", password, "host")


@pytest.mark.covers("SEL-03", "pain P4")
@pytest.mark.parametrize(
    "password", ["a/b", "/", "a#b", "#", "a?b", "?", "a@b/c", "p@ss/w?r#d:", "//", "a=b?c"]
)
def test_raw_special_characters_belong_to_the_password(password: str) -> None:
    url = parse(f"redis://user:{password}@host:6379/0?db=1")
    assert (url.username, url.password) == ("user", password)
    assert (url.host, url.port, url.path, url.query) == ("host", 6379, "/0", {"db": "1"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://", Url("redis", None, None, (), "", {})),
        ("REDIS://H:1", Url("redis", None, None, (("H", 1),), "", {})),
        ("redis://:p@h", Url("redis", None, "p", (("h", None),), "", {})),
        ("redis://u@h/", Url("redis", "u", None, (("h", None),), "/", {})),
        ("redis://[::1]:7/2", Url("redis", None, None, (("::1", 7),), "/2", {})),
        ("sqlite:///a.db", Url("sqlite", None, None, (), "/a.db", {})),
        ("sqlite:////a%20b@c.db?x", Url("sqlite", None, None, (), "//a b@c.db", {"x": ""})),
        (
            "mongodb://u:p@a:1,b/db?x=1&x=2+3",
            Url("mongodb", "u", "p", (("a", 1), ("b", None)), "/db", {"x": "2+3"}),
        ),
        (
            "sentinel://:p@a:1/0;sentinel://:q@b:2/0",
            Url("sentinel", None, "p", (("a", 1), ("b", 2)), "/0", {}),
        ),
        (
            "redis://u:p@h:1/0?mail=me@x.org",
            Url("redis", "u", "p", (("h", 1),), "/0", {"mail": "me@x.org"}),
        ),
        (
            "redis://h:1/0?password=a@b",
            Url("redis", None, None, (("h", 1),), "/0", {"password": "a@b"}),
        ),
        (
            "redis+socket:///s?virtual_host=2",
            Url("redis+socket", None, None, (), "/s", {"virtual_host": "2"}),
        ),
        (" redis://h \n", Url("redis", None, None, (("h", None),), "", {})),
    ],
)
def test_the_parts(text: str, expected: Url) -> None:
    assert parse(text) == expected


def test_the_first_host_and_port() -> None:
    url = parse("mongodb://a:1,b:2")
    assert (url.host, url.port) == ("a", 1)
    assert (parse("sqlite:///x").host, parse("sqlite:///x").port) == (None, None)


@pytest.mark.covers("SEC-04", "pain P4")
def test_a_repr_shows_no_secret() -> None:
    url = parse("redis://user:Zq7xK@host/0?password=s3Cr3t&db=2&link=http://u:hUnt3r@x")
    text = repr(url)
    assert all(secret not in text for secret in ("Zq7xK", "s3Cr3t", "hUnt3r"))
    assert "user" in text
    assert "host" in text
    assert pickle.loads(pickle.dumps(url)) == url


@pytest.mark.covers("SEC-04", "pain P4")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "redis",
        "redis:/u:Zq7xK@h",
        "//u:Zq7xK@h",
        "u:Zq7xK@h:1",
        "redis://u:Zq7xK@h:port",
        "redis://u:Zq7xK@h:70000",
        "redis://u:Zq7xK@a b:1",
        "redis://u:Zq 7xK@h:x/0",
        "://u:Zq7xK@h",
        "redis://a:1:2",
        "redis://u:Zq7xK@[::1/0",
    ],
)
def test_nonsense_is_refused_without_showing_secrets(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse(text)
    assert "Zq" not in str(caught.value)
    assert "7xK" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(Misconfigured):
        assert parse(f"redis://{text}").scheme == "redis"


@pytest.mark.covers("SEC-04", "pain P4")
def test_a_whole_url_may_hold_blanks() -> None:
    assert shown("redis://u:p@a b c@h/0") == "'redis://u:**@h/0'"
    assert shown("u:p q@h") == "'u:**@h'"
