"""Waiting ends with the time, with the caller, or with the server: whichever comes first."""

import asyncio

import pytest

from moneyer.endpoints.http import Answer, Request
from moneyer.sandbox.faults.rest import Rest
from tests.http1.front import PATIENCE, echo, front, get


@pytest.mark.parametrize("who", ["caller", "server"])
async def test_a_wait_of_a_minute_ends_with_whoever_ends(who: str) -> None:
    """And the request is handled then, as one that is on its way when its caller gives up."""
    rest, begun, handled = Rest(), asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Answer:
        begun.set()
        await rest.wait(60_000)
        handled.set()
        return await echo(request)

    async with front(slow) as served, asyncio.timeout(PATIENCE):
        caller = await served.caller()
        await caller.send(get("/1"))
        await begun.wait()
        await asyncio.sleep(0.05)
        assert not handled.is_set()
        if who == "caller":
            caller.writer.close()
        else:
            rest.end()
        await handled.wait()


async def test_a_wait_ends_with_its_time_and_none_begins_after_the_end() -> None:
    rest, loop = Rest(), asyncio.get_running_loop()
    begun = loop.time()
    await rest.wait(50)
    assert loop.time() - begun >= 0.05
    rest.end()
    async with asyncio.timeout(PATIENCE):
        await rest.wait(60_000)


async def test_no_task_is_left_behind() -> None:
    rest = Rest()
    before = len(asyncio.all_tasks())
    for _ in range(100):
        await rest.wait(0)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before
