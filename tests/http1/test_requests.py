"""What the front understands, and what it refuses to (RFC 9110, RFC 9112; TM-HDR)."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.endpoints.http import MAX_BODY_BYTES
from tests.http1.front import chunked, front, get, post


async def understood(*pieces: bytes) -> list[object]:
    async with front() as served:
        return [answer.body for answer in await served.ask(*pieces)]


async def refused(sent: bytes, status: int) -> None:
    """One refusal with a sentence, after which nothing of what was sent is read."""
    async with front() as served:
        answers = await served.ask(sent + get("/smuggled"))
    assert [answer.status for answer in answers] == [status]
    assert answers[0].ends
    assert answers[0].raw.endswith(b"\n")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/a%20b/%C3%A9?c=%20", "/a b/é", "c=%20"),
        ("/a?b?c", "/a", "b?c"),
        ("//a//b", "//a//b", ""),
        ("/a/../b", "/a/../b", ""),
        ("http://elsewhere:80/a?b", "/a", "b"),
        ("http://elsewhere", "/", ""),
        ("/%FF", "/\ufffd", ""),
    ],
)
async def test_a_target_is_a_decoded_path_and_a_raw_query(target: str, path: str, query: str) -> None:
    async with front() as served:
        (answer,) = await served.ask(get(target))
    assert (answer.body["path"], answer.body["query"]) == (path, query)


async def test_header_names_come_in_lower_case_and_values_as_they_were_sent() -> None:
    async with front() as served:
        (answer,) = await served.ask(get("/", "X-Mixed:  Some Value \t", "EMPTY:", "x-mixed: two"))
    sent = [["host", "bank"], ["x-mixed", "Some Value"], ["empty", ""], ["x-mixed", "two"]]
    assert answer.body["headers"] == sent


async def test_a_body_comes_by_its_length_or_in_chunks_and_trailers_are_no_headers() -> None:
    async with front() as served:
        whole, pieces = await served.ask(
            post(b"one body") + chunked(b"one ", b"body", trailers="institutionId: 00042\r\n")
        )
    assert whole.body["body"] == pieces.body["body"] == "one body"
    assert "institutionid" not in dict(pieces.body["headers"])


REFUSED = {
    "no Host": (get(host=""), 400),
    "two Hosts": (get("/", "Host: other"), 400),
    "two Hosts in HTTP/1.0": (get("/", "Host: other", version="1.0"), 400),
    "HTTP/2.0": (get(version="2.0"), 505),
    "HTTP/0.9": (get(version="0.9"), 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "an unknown method": (get().replace(b"GET", b"BREW"), 400),
    "a method in lower case": (get().replace(b"GET", b"get"), 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "length and chunks": (post(b"0\r\n\r\n", "Transfer-Encoding: chunked"), 400),
    "chunks and length": (chunked(b"", lines=("Content-Length: 0",)), 400),
    "two lengths": (post(b"", "Content-Length: 5"), 400),
    "two equal lengths": (post(b"", "Content-Length: 0"), 400),
    "a list of lengths": (post(b"").replace(b"h: 0", b"h: 0, 0"), 400),
    "a length with a sign": (post(b"").replace(b"h: 0", b"h: +0"), 400),
    "a length with a point": (post(b"").replace(b"h: 0", b"h: 0.0"), 400),
    "another transfer coding": (chunked(b"", lines=("Transfer-Encoding: gzip",)), 400),
    "gzip, chunked": (chunked(b"").replace(b"chunked", b"gzip, chunked"), 400),
    "chunked twice": (chunked(b"").replace(b"chunked", b"chunked, chunked"), 400),
    "identity": (chunked(b"").replace(b"chunked", b"identity"), 400),
    "chunks in HTTP/1.0": (chunked(b"").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "a chunk size with 0x": (chunked(b"y").replace(b"\r\n1\r\n", b"\r\n0x1\r\n"), 400),
    "a chunk longer than said": (chunked(b"yy").replace(b"\r\n2\r\n", b"\r\n1\r\n"), 400),
    "a folded line": (get("/", "A: b", " c"), 400),
    "a blank before the colon": (get("/", "A : b"), 400),
    "a blank before the first name": (get().replace(b"Host", b" Host"), 400),
    "no colon": (get("/", "A"), 400),
    "a NUL": (get("/", "A: \0"), 400),
    "a bare CR": (get("/", "A: b\rC: d"), 400),
    "a bare LF": (get("/", "A: b\nC: d"), 400),
    "bare LFs everywhere": (get().replace(b"\r\n", b"\n"), 400),
    "a blank in the target": (get("/a b"), 400),
    "another expectation": (post(b"y", "Expect: miracles"), 417),
    "101 fields": (get("/", *(f"X-{n}: y" for n in range(100))), 431),
    "33 KiB of fields": (get("/", *(f"X-{n}: {'y' * 11_000}" for n in range(3))), 431),
    "25 KiB of target": (get("/" + "y" * 25_000), 414),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_has_no_single_meaning_is_refused(sent: bytes, status: int) -> None:
    await refused(sent, status)


@pytest.mark.parametrize("size", [MAX_BODY_BYTES, MAX_BODY_BYTES + 1])
@pytest.mark.parametrize("kind", [post, chunked])
async def test_a_body_is_bounded(kind: type, size: int) -> None:
    """Up to its bound it is read; beyond, the request is handed on without it and the last."""
    async with front() as served:
        answers = await served.ask(kind(b"y" * size) + get("/next"))
    first = answers[0]
    if size > MAX_BODY_BYTES:
        assert (first.body["unread"], first.body["body"]) == ("body-too-large", "")
        assert first.ends
        assert len(answers) == 1
    else:
        assert (first.body["unread"], len(first.body["body"])) == (None, size)
        assert answers[1].body["path"] == "/next"


async def test_extensions_of_chunks_do_not_grow_without_end() -> None:
    async with front() as served:
        caller = await served.caller()
        await caller.send(chunked(b"y").partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        for _ in range(3000):
            caller.writer.write(b"1;" + b"x" * 64 + b"\r\ny\r\n")
        (answer,) = await caller.answers()
    assert answer.body["unread"] == "body-too-large"


async def test_a_header_without_end_is_refused_before_it_fills_the_memory() -> None:
    async with front() as served:
        caller = await served.caller()
        await caller.send(b"GET / HTTP/1.1\r\nHost: bank\r\nX: ")
        for _ in range(10):
            caller.writer.write(b"y" * 8192)
            await asyncio.sleep(0)
        (answer,) = await caller.answers()
    assert (answer.status, answer.ends) == (431, True)


async def test_a_body_that_is_cut_off_is_told_to_be() -> None:
    async with front() as served:
        (answer,) = await served.ask(post(b"whole")[:-2])
    assert answer.body["unread"] == "body-cut-off"


async def test_no_other_protocol_is_switched_to() -> None:
    """RFC 9110 section 7.8: an upgrade may be ignored; the request has its plain meaning."""
    upgrade = ("Connection: upgrade", "Upgrade: h2c")
    for sent in (get("/", *upgrade), post(b"body", *upgrade)):
        async with front() as served:
            (answer,) = await served.ask(sent + get("/smuggled"))
        assert (answer.status, answer.ends, answer.body["path"]) == (200, True, "/")


async def test_who_expects_to_be_told_to_go_on_is_told() -> None:
    async with front() as served:
        caller = await served.caller()
        head, _, body = post(b"body", "Expect: 100-continue").partition(b"\r\n\r\n")
        await caller.send(head + b"\r\n\r\n")
        assert await caller.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        (answer,) = await caller.ask(body)
    assert answer.body["body"] == "body"


PLAIN = (
    post(b"first body", target="/1?q"),
    chunked(b"second", b" body", trailers="T: t\r\n"),
    get("/3", "A: b"),
    post(b"", "C: d"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, sum(map(len, PLAIN)) - 1), max_size=40))
def test_however_a_stream_is_cut_the_same_requests_come_out(cuts: list[int]) -> None:
    stream = b"".join(PLAIN)
    places = [0, *sorted(set(cuts)), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(places)]

    async def compared() -> tuple[list[object], list[object]]:
        return await understood(*pieces), await understood(stream)

    cut, whole = asyncio.run(compared())
    assert cut == whole
    assert len(whole) == len(PLAIN)
