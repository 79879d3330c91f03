"""How long a connection lasts, and how it ends (RFC 9112 section 9; TM-SL)."""

import asyncio
import socket
from collections.abc import Callable
from unittest.mock import patch

import pytest

from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.http1 import server as http1
from moneyer.endpoints.http1.limits import MAX_WAITING_REQUESTS, Limits
from tests.http1.front import Caller, Heard, echo, front, get, post


@pytest.fixture
def _quick() -> object:
    """Deadlines are looked at often, so that short ones can be told apart."""
    with patch.object(http1, "TICK", 0.02):
        yield


async def eventually(holds: Callable[[], bool]) -> None:
    """Returns when something has come true; fails when it does not."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


class Gate:
    """A handler that answers when it is let."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked: list[str] = []
        self.done: list[str] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request.path)
        await self.opened.wait()
        self.done.append(request.path)
        return await echo(request)

    async def until_asked(self, count: int = 1) -> None:
        await eventually(lambda: len(self.asked) >= count)


async def test_pipelined_requests_are_answered_one_by_one_in_their_order() -> None:
    gate = Gate()
    async with front(gate) as served:
        caller = await served.caller()
        await caller.send(get("/1") + get("/2") + get("/3"))
        await gate.until_asked()
        await asyncio.sleep(0.02)
        assert gate.asked == ["/1"]
        gate.opened.set()
        heard = await caller.ask()
    assert [answer.body["path"] for answer in heard] == ["/1", "/2", "/3"]


async def test_of_a_caller_that_asks_ahead_no_more_is_read_than_comes_at_once() -> None:
    """What it sends meanwhile stays in its own machine."""
    gate = Gate()
    async with front(gate) as served:
        caller = await served.caller()
        await caller.send(get("/1"))
        await gate.until_asked()
        (connection,) = served.server._working
        for number in range(3):
            caller.writer.write(post(b"y" * 30_000, target=f"/{number}"))
        await eventually(lambda: not connection._transport.is_reading())
        gate.opened.set()
        heard = await caller.ask()
    assert [answer.body["path"] for answer in heard] == ["/1", "/0", "/1", "/2"]


async def test_more_than_a_few_pipelined_requests_end_the_connection() -> None:
    async with front() as served:
        heard = await served.ask(get("/") * 1000)
    assert len(heard) == MAX_WAITING_REQUESTS + 1
    assert [answer.ends for answer in heard] == [False] * MAX_WAITING_REQUESTS + [True]


@pytest.mark.parametrize(
    ("version", "line", "kept"),
    [
        ("1.1", "A: b", True),
        ("1.1", "Connection: close", False),
        ("1.1", "Connection: Keep-Alive, Close", False),
        ("1.0", "A: b", False),
        ("1.0", "Connection: keep-alive", True),
    ],
)
async def test_a_connection_is_kept_as_its_caller_says(version: str, line: str, kept: bool) -> None:
    async with front() as served:
        heard = await served.ask(get("/", line, version=version) + get("/next", line, version=version))
    assert len(heard) == (2 if kept else 1)
    assert heard[0].ends is not kept
    assert (heard[0].headers.get("connection") == "keep-alive") is (kept and version == "1.0")


async def test_a_head_has_the_length_of_the_body_that_it_leaves_out() -> None:
    async with front() as served:
        caller = await served.caller()
        await caller.send(get().replace(b"GET", b"HEAD"))
        caller.writer.write_eof()
        received = await caller.reader.read()
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b""
    assert b"content-length: 0" not in head
    assert b"content-length: " in head
    assert b"date: " in head


async def test_no_content_has_no_length() -> None:
    async def nothing(_: Request) -> Answer:
        return Answer(204, [])

    async with front(nothing) as served:
        (answer,) = await served.ask(get())
    assert (answer.status, "content-length" in answer.headers) == (204, False)


async def test_a_handler_that_breaks_is_a_500_and_the_next_request_is_answered() -> None:
    async def breaks(request: Request) -> Answer:
        if request.path == "/broken":
            raise ValueError("secret")
        return await echo(request)

    async with front(breaks) as served:
        broken, whole = await served.ask(get("/broken") + get("/whole"))
    assert (broken.status, b"secret" in broken.raw) == (500, False)
    assert whole.status == 200


async def test_what_a_caller_asked_for_is_done_even_when_it_has_gone() -> None:
    gate = Gate()
    async with front(gate) as served:
        caller = await served.caller()
        await caller.send(post(b"struck", target="/strike"))
        await gate.until_asked()
        caller.writer.transport.abort()
        await asyncio.sleep(0.05)
        gate.opened.set()
        await eventually(lambda: bool(gate.done))
        assert (await served.ask(get()))[0].status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\nHo", 408),
        (post(b"whole")[:-2], 200),
        (get(), 200),
    ],
    ids=["nothing", "half a head", "half a body", "a request, then silence"],
)
@pytest.mark.usefixtures("_quick")
async def test_nobody_is_waited_for_without_end(sent: bytes, status: int | None) -> None:
    limits = Limits(head=0.1, body=0.1, idle=0.1, linger=0.1)
    async with front(limits=limits) as served:
        caller = await served.caller()
        await caller.send(sent)
        heard = await caller.answers()
    assert [answer.status for answer in heard] == ([status] if status else [])
    if sent.startswith(b"POST"):
        assert heard[0].body["unread"] == "body-too-slow"


@pytest.mark.usefixtures("_quick")
async def test_a_slow_handler_is_nobodys_silence() -> None:
    gate = Gate()
    async with front(gate, Limits(head=0.1, body=0.1, idle=0.1)) as served:
        caller = await served.caller()
        await caller.send(get())
        await gate.until_asked()
        await asyncio.sleep(0.3)
        gate.opened.set()
        answer = await caller.answer()
    assert answer is not None
    assert answer.status == 200


@pytest.mark.usefixtures("_quick")
async def test_a_caller_that_reads_no_answers_is_worked_for_no_more() -> None:
    asked = 0

    async def large(_: Request) -> Answer:
        nonlocal asked
        asked += 1
        return Answer(200, [], b"y" * 4_000_000)

    async with front(large, Limits(unread=0.1)) as served:
        plain = socket.create_connection(("127.0.0.1", served.port))
        with plain:
            plain.setblocking(False)
            plain.send(get() * 10)
            await asyncio.sleep(0.3)
        assert asked < 4


@pytest.mark.usefixtures("_quick")
async def test_nor_does_it_hold_its_place_by_asking_again() -> None:
    """Some event loops say late that nothing is taken any more: after the answer, between requests."""
    async with front(limits=Limits(unread=0.1, idle=60)) as served:
        caller = await served.caller()
        await caller.send(get())
        assert await caller.answer()
        await eventually(lambda: bool(served.server._waiting))
        (connection,) = served.server._waiting
        connection.pause_writing()
        await caller.send(get())
        await eventually(lambda: not (served.server._waiting or served.server._working))


async def test_a_refused_caller_that_is_still_sending_hears_why() -> None:
    """Closing over unread bytes would reset the connection and lose the answer."""
    async with front() as served:
        caller = await served.caller()
        await caller.send(b"POST / HTTP/1.1\r\nHost: bank\r\nContent-Length: 9000000\r\n\r\n")
        for _ in range(30):
            caller.writer.write(b"y" * 65536)
            await asyncio.sleep(0)
        answer = await caller.answer()
    assert answer is not None
    assert answer.body["unread"] == "body-too-large"


async def test_where_no_room_is_left_the_longest_silent_caller_goes() -> None:
    async with front(limits=Limits(connections=3)) as served:
        callers = [await served.caller() for _ in range(3)]
        for caller in callers:
            await caller.send(get())
            assert await caller.answer()
        assert (await served.ask(get()))[0].status == 200
        assert await callers[0].answer() is None
        await callers[2].send(get())
        assert await callers[2].answer()


async def test_where_all_are_at_work_a_newcomer_is_told_to_come_back() -> None:
    gate = Gate()
    async with front(gate, Limits(connections=2)) as served:
        busy = [await served.caller() for _ in range(2)]
        for caller in busy:
            await caller.send(get())
        await gate.until_asked(2)
        (answer,) = await served.ask()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        gate.opened.set()
        for caller in busy:
            assert await caller.answer()


async def test_a_drain_fails_no_request() -> None:
    """What is under way is answered, and so is what comes on kept connections; each is told to go."""
    gate = Gate()
    async with front(gate) as served:
        kept, busy, silent = [await served.caller() for _ in range(3)]
        gate.opened.set()
        await kept.send(get("/warm"))
        assert await kept.answer()
        gate.opened.clear()
        await busy.send(get("/busy"))
        await gate.until_asked(2)
        draining = asyncio.create_task(served.server.drain(0.5, 10))
        await asyncio.sleep(0.05)
        await kept.send(get("/kept"))
        await gate.until_asked(3)
        gate.opened.set()
        for caller in (busy, kept):
            heard = await _all_closing(caller)
            assert [answer and answer.ends for answer in heard] == [True]
        await draining
        assert await silent.answer() is None


async def _all_closing(caller: Caller) -> list[Heard | None]:
    answer = await caller.answer()
    caller.writer.write_eof()
    return [answer, *await caller.answers()]
