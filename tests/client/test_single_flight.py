"""Many callers, one request: counted at the server."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from moneyer.client import (
    AsyncTokenClient,
    ClientCredentials,
    MemoryStore,
    Password,
    ServiceUnavailable,
    TokenClient,
    Tokens,
)
from tests.bank import TestClock
from tests.cli.process import eventually
from tests.client.conftest import QUICK, settings_for
from tests.client.middleman import Fault, Middleman, Reply, Seen, Service, says, waits
from tests.client.plain_v2 import PASSWORD, PlainV2

THREADS, TASKS = 50, 200


def at_once(work: Callable[[], Tokens], count: int = THREADS) -> list[Tokens | Exception]:
    """What each of many threads got, none of which began before all were there."""
    gate = threading.Barrier(count)

    def step(_: int) -> Tokens | Exception:
        gate.wait()
        try:
            return work()
        except Exception as failure:
            return failure

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(step, range(count)))


def test_fifty_threads_share_one_request(service: Middleman) -> None:
    """At the first token, and again at each that has expired."""
    clock = TestClock()
    with TokenClient(settings_for(service), ClientCredentials, clock=clock) as client:
        for number in range(1, 6):
            got = at_once(client.token)
            assert {t.access_token for t in got if isinstance(t, Tokens)} == {f"at-{number}"}
            assert len(got) == THREADS
            assert len(service.asked()) == number
            clock.advance(1801)


async def test_two_hundred_tasks_share_one_request(service: Middleman) -> None:
    """Likewise."""
    clock = TestClock()
    async with AsyncTokenClient(settings_for(service), ClientCredentials, clock=clock) as client:
        for number in range(1, 6):
            got = await asyncio.gather(*[client.token() for _ in range(TASKS)])
            assert {tokens.access_token for tokens in got} == {f"at-{number}"}
            assert len(service.asked()) == number
            clock.advance(1801)


def test_a_failure_reaches_all_threads(service: Middleman) -> None:
    """And none of them asks on its own, not even one that came too late to wait with the others."""
    service.spoil(says(503, Retry_After="100"))
    with TokenClient(settings_for(service), ClientCredentials) as client:
        got = at_once(client.token)
    assert [type(failure) for failure in got] == [ServiceUnavailable] * THREADS
    assert len(service.asked()) == 1


async def test_a_failure_reaches_all_tasks(service: Middleman) -> None:
    """Likewise."""
    service.spoil(*[says(503)] * 99)
    async with AsyncTokenClient(settings_for(service), ClientCredentials) as client:
        waiting = [client.token() for _ in range(TASKS)]
        got = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(failure) for failure in got] == [ServiceUnavailable] * TASKS
    assert len(service.asked()) == QUICK.attempts


async def test_a_task_that_is_cancelled_leaves_the_others_their_token(service: Middleman) -> None:
    """The first, who began the request, and every second one of the rest."""
    gate = threading.Event()
    service.spoil(waits(gate))
    async with AsyncTokenClient(settings_for(service), ClientCredentials) as client:
        tasks = [asyncio.create_task(client.token()) for _ in range(TASKS)]
        while not service.seen:  # noqa: ASYNC110 - a thread tells no loop
            await asyncio.sleep(0.01)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.wait(tasks[::2])
        gate.set()
        got = await asyncio.gather(*tasks[1::2])
    assert {tokens.access_token for tokens in got} == {"at-1"}
    assert all(task.cancelled() for task in tasks[::2])
    assert len(service.asked()) == 1


async def test_when_all_tasks_are_cancelled_the_answer_is_still_kept(service: Middleman) -> None:
    """A refresh token that is under way is not lost with those who wanted it."""
    clock = TestClock()
    gate = threading.Event()
    async with AsyncTokenClient(settings_for(service), clock=clock) as client:
        await client.sign_in(Password("ada", PASSWORD))
        clock.advance(1801)
        service.spoil(waits(gate))
        task = asyncio.create_task(client.token())
        while len(service.seen) < 2:  # noqa: ASYNC110 - a thread tells no loop
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        gate.set()
        assert (await client.token()).refresh_token == "rt-2"
    assert len(service.asked()) == 2


async def test_a_failure_that_nobody_waits_for_is_no_news_to_the_loop(service: Middleman) -> None:
    """Warnings are errors here: an exception that was never retrieved would be told."""
    gate = threading.Event()
    service.spoil(gated(gate, 403))
    async with AsyncTokenClient(settings_for(service), ClientCredentials) as client:
        task = asyncio.create_task(client.token())
        while not service.seen:  # noqa: ASYNC110 - a thread tells no loop
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        gate.set()
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context))
    del task, client
    gc.collect()
    await asyncio.sleep(0)
    assert said == []


def test_an_interrupted_thread_hands_over_to_another(service: Middleman) -> None:
    """Ctrl-C in the middle of a renewal ends its own call alone."""
    asked = threading.Semaphore(0)
    go_on = threading.Event()
    turns = iter([True, False])

    def credentials() -> ClientCredentials:
        asked.release()
        if next(turns):
            assert go_on.wait(30)
            raise KeyboardInterrupt
        return ClientCredentials()

    with TokenClient(settings_for(service), credentials) as client, ThreadPoolExecutor(9) as pool:
        first = pool.submit(client.token)
        assert asked.acquire(timeout=30)
        others = [pool.submit(client.token) for _ in range(8)]
        go_on.set()
        with pytest.raises(KeyboardInterrupt):
            first.result()
        assert {other.result().access_token for other in others} == {"at-1"}
    assert len(service.asked()) == 1


def test_while_one_thread_renews_early_the_others_go_on(service: Middleman) -> None:
    """Nobody waits for a token that is due and still good."""
    clock = TestClock()
    gate = threading.Event()
    settings = settings_for(service)
    with (
        TokenClient(settings, ClientCredentials, clock=clock, chance=lambda: 0.0) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        first = client.token()
        clock.advance(1800 - 30)
        service.spoil(waits(gate))
        renewing = pool.submit(client.token)
        assert eventually(lambda: len(service.seen) == 2)
        assert all(got is first for got in at_once(client.token))
        gate.set()
        assert renewing.result().access_token == "at-2"
        assert client.token() is renewing.result()
    assert len(service.asked()) == 2


async def test_while_one_task_renews_early_the_others_go_on(service: Middleman) -> None:
    """Likewise."""
    clock = TestClock()
    gate = threading.Event()
    settings = settings_for(service)
    async with AsyncTokenClient(settings, ClientCredentials, clock=clock, chance=lambda: 0.0) as client:
        first = await client.token()
        clock.advance(1800 - 30)
        service.spoil(waits(gate))
        renewing = asyncio.create_task(client.token())
        while len(service.seen) < 2:  # noqa: ASYNC110 - a thread tells no loop
            await asyncio.sleep(0.01)
        got = await asyncio.gather(*[client.token() for _ in range(TASKS)])
        assert all(tokens is first for tokens in got)
        gate.set()
        assert (await renewing).access_token == "at-2"
    assert len(service.asked()) == 2


def test_threads_that_were_refused_the_same_token_renew_it_once(
    service: Middleman, plain: PlainV2
) -> None:
    """Fifty calls that met the same 401."""
    with TokenClient(settings_for(service), ClientCredentials) as client:
        refused = client.token()
        got = at_once(lambda: client.renew(refused))
        assert client.renew(refused).access_token == "at-2"
    assert {tokens.access_token for tokens in got if isinstance(tokens, Tokens)} == {"at-2"}
    assert len(got) == THREADS
    assert len(service.asked()) == 2


def test_closing_waits_for_the_renewal_under_way(service: Middleman) -> None:
    """Its answer holds the only refresh token that is good from then on."""
    clock = TestClock()
    gate = threading.Event()
    client = TokenClient(settings_for(service), clock=clock)
    client.sign_in(Password("ada", PASSWORD))
    clock.advance(1801)
    service.spoil(waits(gate))
    with ThreadPoolExecutor(2) as pool:
        renewing = pool.submit(client.token)
        assert eventually(lambda: len(service.seen) == 2)
        closing = pool.submit(client.close)
        gate.set()
        closing.result()
        assert renewing.result().refresh_token == "rt-2"


def gated(gate: threading.Event, status: int) -> Fault:
    """An error, but not before the gate is open."""
    error = says(status, b'{"error":"invalid_scope"}')

    def fault(seen: Seen, service: Service) -> Reply | None:
        assert gate.wait(30)
        return error(seen, service)

    return fault


async def test_closing_waits_for_the_renewal_of_tasks_too(service: Middleman) -> None:
    """Even when nobody waits for it any more."""
    clock = TestClock()
    gate = threading.Event()
    store = MemoryStore()
    client = AsyncTokenClient(settings_for(service), clock=clock, store=store)
    await client.sign_in(Password("ada", PASSWORD))
    clock.advance(1801)
    service.spoil(waits(gate))
    renewing = asyncio.create_task(client.token())
    while len(service.seen) < 2:  # noqa: ASYNC110 - a thread tells no loop
        await asyncio.sleep(0.01)
    renewing.cancel()
    closing = asyncio.create_task(client.aclose())
    await asyncio.wait([closing], timeout=0.05)
    gate.set()
    await closing
    assert store.load() == "rt-2"
