"""Bytes that nobody described: whatever comes, the answer is a refusal in words, never a breakdown."""

import asyncio
import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.endpoints.http import Request
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.bank.asking import Asking, asking
from tests.sandbox.bank.counter import Counter

header = st.tuples(
    st.sampled_from(
        [
            b"content-type",
            b"accept",
            b"transactionid",
            b"idempotency-key",
            b"institutioncustomerid",
            b"content-encoding",
            b"x-anything",
        ]
    ),
    st.one_of(st.just(b"application/json"), st.binary(max_size=40)),
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("\ud800")
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def kept() -> Iterator[Counter]:
    with tempfile.TemporaryDirectory() as folder:
        counter = Counter(Path(folder), TestClock())
        yield counter
        counter.bank.close()


@pytest.fixture(scope="module")
def askings(kept: Counter) -> list[Asking]:
    """A good request for each call that takes a body, on a bank of its own."""

    async def one(operation: Operation) -> Asking:
        with tempfile.TemporaryDirectory() as folder:
            counter = Counter(Path(folder), TestClock())
            asked = await asking(counter, operation)
            counter.bank.close()
            return asked

    return [asyncio.run(one(o)) for o in OPERATIONS if o.body is not None]


def checked(counter: Counter, request: Request) -> None:
    answer = asyncio.run(counter.bank.handle(request))
    assert answer is None or answer.status < 500, request
    if answer is not None and answer.status >= 400:
        assert set(json.loads(answer.body)) == {"code", "message"}


@given(
    operation=st.sampled_from(OPERATIONS),
    token=st.sampled_from([b"Bearer ada", b"Bearer bank", b"Bearer clara", b"", b"\xff"]),
    variable=st.text(min_size=1, max_size=20),
    query=st.binary(max_size=80),
    headers=st.lists(header, max_size=4),
    body=st.binary(max_size=80),
)
@settings(max_examples=400, deadline=None)
def test_any_bytes_at_any_call(
    kept: Counter,
    operation: Operation,
    token: bytes,
    variable: str,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    route = operation.route
    head, brace, tail = route.path.partition("{")
    path = head + variable + tail.partition("}")[2] if brace else head
    sent = [(b"authorization", token), *headers]
    request = Request(route.method, path, query, sent, body, "127.0.0.1", secure=False)
    checked(kept, request)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_json_in_the_place_of_any_member(
    kept: Counter, askings: list[Asking], data: st.DataObject
) -> None:
    """A good body with one member, at any depth, replaced by anything."""
    asked = copy.deepcopy(data.draw(st.sampled_from(askings)))
    body = asked.body
    place = body
    while isinstance(place, dict) and place:
        name = data.draw(st.sampled_from([*place, "another"]))
        if isinstance(place.get(name), dict) and data.draw(st.booleans()):
            place = place[name]
            continue
        place[name] = data.draw(trees)
        break
    raw = json.dumps(body).encode()
    sent = [(b"authorization", b"Bearer ada"), (b"content-type", b"application/json")]
    request = Request(asked.method, asked.path, b"", sent, raw, "127.0.0.1", secure=False)
    checked(kept, request)
