"""The script tells the same order from a document's head as Python does."""

import itertools
import json
import pickle

import msgpack
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scale import SCALE
from upshot import states
from upshot.codec.header import Header
from upshot.stores.keyvalue import HEAD, order_of
from upshot.stores.redis.calls import Script

STATES = sorted(
    states.READY_STATES | {"PENDING", "RECEIVED", "STARTED", "RETRY", "PROGRESS", "ä b"}
)
ATTEMPTS = (0, 1, 10, 12_345, states.MAX_ATTEMPT, states.MAX_ATTEMPT + 1, 10**12)
TELL = Script("order.lua").text + "\nreturn order_of(string.sub(ARGV[1], 1, 96))"


def documents(state: str, attempt: int) -> list[bytes]:
    plain: dict[str, object] = {"status": state, "result": "x" * 100}
    if attempt:
        plain = {"status": state, "attempt": attempt, "result": "x" * 100}
    made = [
        json.dumps(plain).encode(),
        json.dumps(plain, separators=(",", ":")).encode(),
        json.dumps(plain, ensure_ascii=False).encode(),
        msgpack.packb(plain),
        msgpack.packb(plain | {f"field {n}": n for n in range(20)}),
        *(pickle.dumps(plain, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
    ]
    if attempt <= states.MAX_ATTEMPT:
        order = states.order(state, attempt)
        made.append(Header(order, state, attempt, "x/y", "utf-8", None).line() + b"\x00" * 100)
    return made


def told(raw: "redis.Redis", document: bytes) -> int | None:
    answer = raw.eval(TELL, 0, document)
    return None if answer == -1 else int(answer)  # type: ignore[arg-type,unused-ignore]


@pytest.mark.covers("contract W3")
@pytest.mark.parametrize("state", STATES)
def test_both_agree_on_documents_and_all_their_beginnings(raw: "redis.Redis", state: str) -> None:
    every = [one for attempt in ATTEMPTS for one in documents(state, attempt)]
    cuts = [one[:length] for one in every for length in range(HEAD + 1)]
    lua = raw.pipeline(transaction=False)
    for document in cuts:
        lua.eval(TELL, 0, document)
    answers = lua.execute()
    differing = [
        (document, order_of(document), answer)
        for document, answer in zip(cuts, answers, strict=True)
        if order_of(document) != (None if answer == -1 else answer)
    ]
    assert differing == []
    assert any(answer != -1 for answer in answers)


@pytest.mark.usefixtures("scale")
@settings(
    max_examples=SCALE.examples * 5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    base=st.sampled_from(
        [one for state, n in itertools.product(STATES, (0, 7)) for one in documents(state, n)]
    ),
    at=st.integers(0, HEAD),
    length=st.integers(0, 3),
    junk=st.binary(max_size=3),
)
def test_both_agree_on_broken_documents(
    raw: "redis.Redis", base: bytes, at: int, length: int, junk: bytes
) -> None:
    document = base[:at] + junk + base[at + length :]
    assert told(raw, document) == order_of(document)
