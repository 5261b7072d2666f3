"""No secret of any URL shape survives `mask`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upshot.urls import is_secret_name, mask

pytestmark = pytest.mark.covers("SEC-04", "pain P4")

TOKENS = st.sampled_from(["Zq7xK", "s3Cr3tW", "hUnt3r2", "0Kay9z"])
TEXTS = st.text(alphabet="ab1:/@?#&;,=+%'\" .-_[](){}|\\\n*", max_size=60)


def secrets(separators: str) -> st.SearchStrategy[list[str]]:
    """Pieces of one secret: tokens to look for, and raw special characters between them."""
    return st.lists(TOKENS | st.sampled_from(list(separators)), min_size=1, max_size=7).filter(
        lambda pieces: any(len(piece) > 1 for piece in pieces)
    )


RAW = secrets("/#?@:")
WILD = secrets("/#?@:%&=+.!$~")
IN_QUERY = secrets("/#?@:%+=.!")
IN_LIST = secrets("/?@:%+=.!&")
AROUND = st.sampled_from(["{}", "cannot reach {} now", "'{}'", '"{}",', "({})", "url={}", "[{}]"])
SCHEMES = st.sampled_from(
    ["redis", "rediss", "upshot+redis", "cache+memcached", "db+postgresql", "mongodb+srv", "amqp"]
)
USERS = st.sampled_from(["", "user", "us.er", "user%40corp"])
TAILS = st.sampled_from(["", "/", "/0", "/db?timeout=3", ":6379/0", "1,host2:7,host3/db"])


def gone(pieces: list[str], masked: str) -> None:
    for piece in pieces:
        if len(piece) > 1:
            assert piece not in masked


@given(SCHEMES, USERS, WILD, TAILS, AROUND)
def test_a_password_is_gone_and_the_host_stays(
    scheme: str, user: str, secret: list[str], tail: str, around: str
) -> None:
    text = around.format(f"{scheme}://{user}:{''.join(secret)}@host{tail}")
    masked = mask(text)
    gone(secret, masked)
    assert masked == around.format(f"{scheme}://{user}:**@host{tail}")


@given(
    st.lists(RAW, min_size=2, max_size=4),
    st.sampled_from([",", ";"]),
    st.booleans(),
    AROUND,
)
def test_every_password_of_several_hosts_is_gone(
    passwords: list[list[str]], separator: str, schemes: bool, around: str
) -> None:
    hosts = [f"user{n}:{''.join(secret)}@host{n}:26379" for n, secret in enumerate(passwords)]
    url = "sentinel://" + f"{separator}{'sentinel://' if schemes else ''}".join(hosts)
    masked = mask(around.format(url))
    for secret in passwords:
        gone(secret, masked)
    assert "user0" in masked


@given(
    st.sampled_from(
        [
            "password",
            "ssl_password",
            "secret",
            "token",
            "access_token",
            "key",
            "api_key",
            "sig",
            "aws_secret_access_key",
            "X-Amz-Signature",
            "clientSecret",
            "PWD",
        ]
    ),
    IN_QUERY,
    st.sampled_from(["?", "?db=0&", "/0?ssl=1&", "?note=x?", "?a=1#", "?a=1;"]),
    st.sampled_from(["", "&db=3", "&db=a@b:c"]),
    AROUND,
)
def test_secrets_in_queries_are_gone(
    name: str, secret: list[str], before: str, after: str, around: str
) -> None:
    url = f"redis://host:6379{before}{name}={''.join(secret)}{after}"
    gone(secret, mask(around.format(url)))


@given(
    st.sampled_from(["AccountKey", "SharedAccessSignature", "SharedAccessKey"]),
    IN_LIST,
    st.sampled_from(["", "azureblockblob://", "upshot+azureblockblob://"]),
    st.sampled_from(["", ";EndpointSuffix=core.windows.net"]),
)
def test_secrets_of_connection_strings_are_gone(
    name: str, secret: list[str], scheme: str, after: str
) -> None:
    parts = "DefaultEndpointsProtocol=https;AccountName=me"
    masked = mask(f"{scheme}{parts};{name}={''.join(secret)}{after}")
    gone(secret, masked)
    assert "AccountName=me" in masked or "@" in secret


@given(TEXTS)
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(
    st.lists(
        st.sampled_from(
            [
                "redis",
                "://",
                "//",
                "user",
                ":",
                "@",
                "host",
                "/0",
                "?",
                "&",
                "password=",
                "key=",
                "sig=",
                ";",
                ",",
                "x",
                " ",
                "'",
                '"',
                "\n",
                "AccountKey=",
            ]
        ),
        max_size=14,
    )
)
def test_masking_twice_changes_nothing_in_what_looks_like_urls(pieces: list[str]) -> None:
    once = mask("".join(pieces))
    assert mask(once) == once


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://u:p@h1:1/0 and redis://u:p@h2", "redis://u:**@h1:1/0 and redis://u:**@h2"),
        ("redis://u:two words@h/0 is down", "redis://u:**@h/0 is down"),
        ("redis://h:6379: refused, ask me@x.org", "redis://h:6379: refused, ask me@x.org"),
        ("redis://:p@[::1]:6379/0", "redis://:**@[::1]:6379/0"),
        ("mongodb://u:p@h1:1,h2:2/db", "mongodb://u:**@h1:1,h2:2/db"),
        ("sqlite:////home/me@work/a:b.db", "sqlite:////home/me@work/a:b.db"),
        ("//u:p@h/0 has no scheme", "//u:**@h/0 has no scheme"),
        ("dynamodb://AKIA:p/q+r@eu-west-1/t", "dynamodb://AKIA:**@eu-west-1/t"),
        ("https://user@host/path", "https://user@host/path"),
        ("redis://h/0?password=a@b", "redis://h/0?password=**"),
        ("redis://h:1/0?password=a@b", "redis://h:**"),
        ("host=h password='p q' user=u", "host=h password='**' user=u"),
        ("{'password': 'p\\'q', 'user': 'u'}", "{'password': '**', 'user': 'u'}"),
        ("password = p; user = u", "password = **; user = u"),
        ("wrong password: try another key", "wrong password: try another key"),
        ("key=celery-task-meta-1", "key=celery-task-meta-1"),
        ("redis://h/0?key_prefix=a&ssl_keyfile=b", "redis://h/0?key_prefix=a&ssl_keyfile=b"),
        ("path//u:p,q@h", "path//u:**@h"),
        ("//u:p,//q@h", "//u:**@h"),
        ("the text", "the text"),
        ("", ""),
    ],
)
def test_what_is_hidden_and_what_stays(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "name", ["password", "redis_password", "Pwd", "secret", "token", "key", "sslKey", "sig", "sas"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["", "user", "keyspace", "key_prefix", "keyfile", "access_key_id", "db", "99", "design"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_outside_of_urls_only_owned_keys_are_secret() -> None:
    assert is_secret_name("account_key", in_url=False)
    assert not is_secret_name("routing_key", in_url=False)


def test_long_texts_take_linear_steps() -> None:
    text = "a" * 200_000 + ("//x" * 1_000) + " " + "b:" * 50_000
    assert mask(text) == text
