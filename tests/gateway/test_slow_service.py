"""A token service that takes its time: nothing that others wait for keeps the news back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from moneyer.endpoints.http import Answer, Request, json_answer
from moneyer.gateway import key_sets
from moneyer.gateway.build import GuardSettings, following, guarding
from moneyer.gateway.guard import Guard
from moneyer.gateway.identities import AskedIdentities
from moneyer.gateway.refusals import Refused
from moneyer.keys.sealing import new_key
from tests.bank import BASE, Bank
from tests.gateway.calls import LONGER_THAN_PROMISED, check, gets_through, refused, transport_of
from tests.gateway.house import listening
from tests.gateway.test_standing import claims

TOO_LONG = 60.0
"""Seconds that somebody else's question is held back: longer than any test waits for the news."""


class Slow(httpx.AsyncBaseTransport):
    """Leads to a bank; holds back what is asked under `path` from `hold` to `let_go`."""

    def __init__(self, bank: Bank, path: str) -> None:
        self._end = transport_of(bank)
        self._path = path
        self.asked = 0
        self.is_asked = asyncio.Event()
        self._answers = asyncio.Event()
        self._answers.set()
        self.let_go = self._answers.set

    def hold(self) -> None:
        self.asked = 0
        self.is_asked.clear()
        self._answers.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._end.handle_async_request(request)
        if request.url.path.endswith(self._path):
            self.asked += 1
            self.is_asked.set()
            await self._answers.wait()
        return answer


@asynccontextmanager
async def guard_over(line: httpx.AsyncBaseTransport, bank: Bank) -> AsyncIterator[Guard]:
    settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
    async with guarding(settings, clock=bank.clock, transport=line) as guard:
        yield guard


async def knock(guard: Guard, token: str) -> None:
    """Presents a token again and again."""
    while True:
        with suppress(Refused):
            await check(guard, token)
        await asyncio.sleep(0.02)


class SlowWhole(httpx.AsyncBaseTransport):
    """Leads to a bank; an answer that tells all takes more than a second."""

    def __init__(self, bank: Bank) -> None:
        self._end = transport_of(bank)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._end.handle_async_request(request)
        if request.url.path.endswith("/revocations") and not request.url.query:
            await asyncio.sleep(1.2)
        return answer


@pytest.mark.requirement("GW-04")
@pytest.mark.parametrize("knocking", ["with-good-tokens", "with-a-key-that-nobody-has"])
async def test_an_answer_that_tells_all_is_not_given_up(bank: Bank, knocking: str) -> None:
    """Whoever calls meanwhile, and has key sets read: while it is under way nobody's news are heard."""
    bank.change_application("apis", institutions=("00016",))
    other = (await bank.sign_in("rival", "00042"))["access_token"]
    tokens = await bank.sign_in()
    head, rest = tokens["access_token"].split(".", 1)
    shown = other if knocking == "with-good-tokens" else f"{head[:-4]}AAAA.{rest}"
    await bank.refresh()
    async with guard_over(SlowWhole(bank), bank) as guard:
        assert await gets_through(guard, tokens["access_token"])
        bank.change_application("apis", institutions=("00016", "00042"))
        await bank.refresh()
        callers = [asyncio.create_task(knock(guard, shown)) for _ in range(3)]
        await asyncio.sleep(2)
        await bank.revoke(tokens["refresh_token"])
        try:
            assert await refused(guard, tokens["access_token"]) == "family-revoked"
        finally:
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers)


@pytest.mark.requirement("GW-04")
async def test_key_sets_that_are_read_again_keep_no_news_back(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Slow(bank, "/jwks")
    async with guard_over(line, bank) as guard:
        tokens = await bank.sign_in()
        assert await gets_through(guard, tokens["access_token"])
        await asyncio.sleep(key_sets.PAUSE)
        line.hold()
        monkeypatch.setattr(key_sets, "AGE", 0.0)
        await revoked_while(line, bank, guard, tokens)


@pytest.mark.requirement("GW-04")
async def test_new_keys_keep_no_news_back(bank: Bank) -> None:
    line = Slow(bank, "/jwks")
    async with guard_over(line, bank) as guard:
        tokens = await bank.sign_in()
        assert await gets_through(guard, tokens["access_token"])
        await asyncio.sleep(key_sets.PAUSE)
        line.hold()
        desk, now = bank.admin.institutions, bank.clock.now()
        spare = new_key(bank.keys.sealing, "00016", "ES256", now, None)
        desk.save_keys("00016", (*desk.keys("00016"), spare))
        await bank.refresh()
        await revoked_while(line, bank, guard, tokens)


async def revoked_while(line: Slow, bank: Bank, guard: Guard, tokens: dict[str, str]) -> None:
    """Once a question is held back, a revocation is heard all the same."""
    async with asyncio.timeout(TOO_LONG):
        await line.is_asked.wait()
    await bank.revoke(tokens["refresh_token"])
    assert await refused(guard, tokens["access_token"]) == "family-revoked"
    line.let_go()


@pytest.mark.requirement("GW-04")
@pytest.mark.parametrize("path", ["/introspect", "/jwks"])
async def test_however_much_else_is_asked_the_news_come_through(path: str) -> None:
    """Whose tokens are, and what keys there are: more of it than there are connections."""
    is_over, asked, again = asyncio.Event(), 0, asyncio.Event()

    async def service(request: Request) -> Answer:
        nonlocal asked
        if request.path.endswith(path):
            await is_over.wait()
            return json_answer(503, b"{}")
        asked += 1
        again.set()
        news = f'{{"cursor":"{asked:016x}.1.1.1","institutions":{{}},"serves":["00016"]}}'
        return json_answer(200, news.encode())

    async with listening(service) as port:
        settings = GuardSettings(f"http://127.0.0.1:{port}", "apis", "secret")
        async with following(settings) as (guard, follower):
            await again.wait()
            assert isinstance(guard._identities, AskedIdentities)
            asking = [
                asyncio.create_task(
                    guard._identities.identify(claims(jti=f"{n}"), "token")
                    if path == "/introspect"
                    else follower._keys.read(f"{n:05}")
                )
                for n in range(150)
            ]
            await asyncio.sleep(0.5)
            try:
                async with asyncio.timeout(LONGER_THAN_PROMISED):
                    for _ in range(3):
                        again.clear()
                        await again.wait()
                assert not any(task.done() for task in asking), "all that while they waited"
            finally:
                is_over.set()
                await asyncio.gather(*asking, return_exceptions=True)


@pytest.mark.requirement("GW-04")
async def test_slow_work_of_the_service_that_is_guarded_keeps_no_news_back(bank: Bank) -> None:
    """It may fill the event loop's threads."""
    async with guard_over(transport_of(bank), bank) as guard:
        tokens = await bank.sign_in()
        assert await gets_through(guard, tokens["access_token"])
        is_over = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            asyncio.run_coroutine_threadsafe(is_over.wait(), loop).result(TOO_LONG)

        await bank.revoke(tokens["refresh_token"])
        working = [asyncio.create_task(asyncio.to_thread(work)) for _ in range(40)]
        try:
            assert await refused(guard, tokens["access_token"]) == "family-revoked"
        finally:
            is_over.set()
            await asyncio.gather(*working)


@pytest.mark.requirement("GW-04")
async def test_what_is_let_through_was_live_to_the_end(bank: Bank) -> None:
    """A token that is revoked while it is asked whose it is."""
    line = Slow(bank, "/introspect")
    async with guard_over(line, bank) as guard:
        tokens, other = await bank.sign_in(), await bank.sign_in()
        assert await gets_through(guard, other["access_token"])
        line.hold()
        call = asyncio.create_task(refused(guard, tokens["access_token"], loginId="ada"))
        await line.is_asked.wait()
        await bank.revoke(tokens["refresh_token"])
        assert await refused(guard, tokens["access_token"]) == "family-revoked"
        line.let_go()
        assert await call == "family-revoked"
        assert line.asked == 1, "it was refused at once, not when it was tried again"


def real_time(bank: Bank) -> Callable[[], int]:
    """The bank's time, going on."""
    began = time.monotonic()
    return lambda: bank.clock.now() + int((time.monotonic() - began) * 1_000_000)


@pytest.mark.requirement("GW-06")
async def test_in_quiet_times_the_service_is_heard_often_enough(bank: Bank) -> None:
    """However little silence is suffered."""

    class Clock:
        now = staticmethod(real_time(bank))

    settings = GuardSettings(BASE, "apis", bank.secrets["apis"], longest_silence=4)
    async with guarding(settings, clock=Clock(), transport=transport_of(bank)) as guard:
        token = (await bank.sign_in())["access_token"]
        assert await gets_through(guard, token)
        for _ in range(20):
            await asyncio.sleep(0.3)
            await check(guard, token)
