"""A handler that ends the connection instead of answering, or asks whether anybody is there."""

import asyncio
import contextlib

import pytest

from moneyer.endpoints.http import Answer, HangUp, Request
from moneyer.endpoints.http1.connection import CALLER
from tests.http1.front import PATIENCE, echo, front, get


async def hangs_up(request: Request) -> Answer:
    """On the path `/no` without a byte, on `/half` after some."""
    if request.path == "/no":
        raise HangUp
    if request.path == "/half":
        raise HangUp(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
    return await echo(request)


async def received(*pieces: bytes) -> bytes:
    """All bytes until the front ends the connection; the caller says nothing of an end."""
    async with front(hangs_up) as served:
        caller = await served.caller()
        await caller.send(*pieces)
        async with asyncio.timeout(PATIENCE):
            return await caller.reader.read()


async def test_without_a_byte() -> None:
    assert await received(get("/no")) == b""


async def test_after_so_many_bytes() -> None:
    assert (await received(get("/half"))).endswith(b"\r\n\r\nabc")


async def test_what_was_answered_before_has_arrived_and_nothing_comes_after() -> None:
    """Of three requests on one connection the second is hung up on."""
    before = await received(get("/1") + get("/no") + get("/3"))
    assert before.count(b"HTTP/1.1 200 OK") == 1
    assert b'"/1"' in before
    half = await received(get("/half") + get("/3"))
    assert half.endswith(b"\r\n\r\nabc")


async def test_other_connections_do_not_notice() -> None:
    async with front(hangs_up) as served:
        kept = await served.caller()
        await kept.send(get("/1"))
        assert await kept.answer() is not None
        assert await served.ask(get("/no")) == []
        assert len(await kept.ask(get("/2"))) == 1
        assert not served.server._working


@pytest.mark.parametrize("how", ["closes", "has said all", "is reset"])
async def test_a_handler_learns_that_its_caller_has_gone(how: str) -> None:
    noticed = asyncio.Event()
    begun = asyncio.Event()

    async def waits(request: Request) -> Answer:
        begun.set()
        await CALLER.get().gone()
        await CALLER.get().gone()
        noticed.set()
        return await echo(request)

    async with front(waits) as served, asyncio.timeout(PATIENCE):
        caller = await served.caller()
        await caller.send(get("/1"))
        await begun.wait()
        assert not noticed.is_set()
        if how == "closes":
            caller.writer.close()
        elif how == "is reset":
            caller.writer.transport.abort()
        else:
            caller.writer.write_eof()
        await noticed.wait()
        if how == "has said all":
            assert len(await caller.answers()) == 1


async def test_each_connection_has_a_caller_of_its_own() -> None:
    """Though both are at work at once."""
    callers = []
    together = asyncio.Barrier(2)

    async def waits(request: Request) -> Answer:
        callers.append(CALLER.get())
        await together.wait()
        callers.append(CALLER.get())
        return await echo(request)

    async with front(waits) as served:
        await asyncio.gather(served.ask(get("/1")), served.ask(get("/2")))
    assert len(set(callers)) == 2
    assert callers.count(callers[0]) == 2
    with contextlib.suppress(LookupError):
        assert CALLER.get() not in callers
