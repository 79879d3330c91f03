"""Nonsense of every kind is refused with 4xx: never 5xx, never an echo, never a change."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from moneyer.endpoints.http import Request
from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.legacy.window import ADA, BY_NAME, Window, asking

CANARY = "zqx"
"""Part of every text that is made up here; it must be in no refusal."""

TEXT = st.text(max_size=40).map(lambda text: CANARY + text)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
NAMES = st.sampled_from(
    [
        *("FICustomer", "Event", "Events", "eventType", "dataMap", "map", "key", "value", "fiId"),
        *("memberNumber", "person", "personName", "firstName", "contactInfo", "emailAddress"),
        *("phoneNumber", "number", "birthDate", "channelInfos", "channelInfo", "credential"),
        *("loginId", "password", "hostCredential", "accountId", "message"),
    ]
)
TREES = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXT, inner, max_size=4),
    max_leaves=15,
)


def xml_of(tree: Any, name: str) -> str:
    """Some XML that looks like `tree`, markup and all."""
    if isinstance(tree, dict):
        return f"<{name}>{''.join(xml_of(one, inner) for inner, one in tree.items())}</{name}>"
    if isinstance(tree, list):
        return "".join(xml_of(one, name) for one in tree)
    return f"<{name}>{tree}</{name}>"


def json_of(tree: Any) -> bytes:
    return json.dumps(tree).encode()


BODIES = st.one_of(
    st.binary(max_size=200),
    TREES.map(json_of),
    TREES.map(lambda tree: json_of({"FICustomer": tree})),
    TREES.map(lambda tree: json_of({"Event": tree})),
    st.tuples(TREES, st.sampled_from(["FICustomer", "Events"])).map(
        lambda pair: xml_of(*pair).encode("utf-8", "surrogatepass")
    ),
)
HEADER = st.text(st.characters(max_codepoint=255), max_size=30).map(lambda text: text.encode("latin-1"))
SEGMENT = st.text(max_size=130) | st.sampled_from([ADA, "00016", "00042", "16", "..", "%2e", "\ufffd"])


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request for one of the calls with anything in any place."""
    operation = draw(st.sampled_from(OPERATIONS))
    proper = asking(operation.name).request()
    headers = list(proper.headers) if draw(st.booleans()) else proper.headers[:1]
    for name in draw(st.sets(st.sampled_from(["accept", "content-type", "di_tid", "originating_ip"]))):
        headers = [pair for pair in headers if pair[0] != name.encode()]
        headers.append((name.encode(), draw(HEADER)))
    if draw(st.booleans()):
        headers = [pair for pair in headers if pair[0] != b"content-type"]
        headers.append((b"content-type", draw(st.sampled_from([b"text/xml", b"application/json"]))))
    path = operation.route.path
    for variable in ("di_fiid", "fiId"):
        path = path.replace(f"{{{variable}}}", draw(st.just("00016") | SEGMENT))
    for variable in ("di_ficustomer", "fiCustomerId"):
        path = path.replace(f"{{{variable}}}", draw(st.just(ADA) | SEGMENT))
    method = draw(st.just(operation.route.method) | st.sampled_from(["HEAD", "PUT", "TRACE", "x"]))
    query = draw(st.just(b"") | st.binary(max_size=60) | HEADER.map(lambda v: b"fiCustomerIdType=" + v))
    return Request(method, path, query, headers, draw(BODIES), "127.0.0.1", secure=False)


@given(requests())
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nonsense_is_refused_and_not_repeated(request: Request) -> None:
    async def ask(window: Window) -> None:
        before, known = window.books.state.count, len(window.register.customers)
        answer = await window.answer(request)
        if answer is None or answer.status < 300:
            return
        assert 400 <= answer.status < 500
        assert CANARY.encode() not in answer.body
        assert (window.books.state.count, len(window.register.customers)) == (before, known)

    with tempfile.TemporaryDirectory() as folder:
        window = Window(Path(folder), TestClock())
        try:
            asyncio.run(ask(window))
        finally:
            window.books.close()


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_made_up_is_not_all_refused_at_the_door(name: str) -> None:
    """Among it are requests that are judged to the end: the token is good, and so is the path."""

    def is_judged(request: Request) -> bool:
        if request.method not in {"GET", "POST"} or BY_NAME[name].route.method != request.method:
            return False
        headers = dict(request.headers)
        return request.path == asking(name).path and {b"authorization", b"di_tid"} <= headers.keys()

    find(requests(), is_judged, settings=settings(deadline=None, max_examples=5000))
