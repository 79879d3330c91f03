"""Following a token service that restarts, lags, changes its keys and goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest

from moneyer.app import build
from moneyer.applications.application import Application
from moneyer.gateway.build import guarding
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import CannotTell, Refused
from moneyer.institutions.institution import Institution
from moneyer.keys.lifecycle import PUBLISH_BEFORE_USE, rotate
from moneyer.keys.sealing import new_key
from moneyer.protocol.clock import SECOND
from tests.bank import Bank, TestClock, lifespan
from tests.gateway.calls import check, gets_through, refused, transport_of
from tests.gateway.line import Line, settings_of


@asynccontextmanager
async def another_process(bank: Bank) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """A second serving process on the bank's store."""
    store = msgspec.structs.replace(bank.settings.store, node="node-2")
    app = build(msgspec.structs.replace(bank.settings, store=store), bank.clock)
    async with lifespan(app):
        yield httpx.ASGITransport(app, client=("192.0.2.7", 1234), raise_app_exceptions=True)


class TestManyProcesses:
    """Two processes of the service on one PostgreSQL, behind one address, in turn."""

    async def test_each_revocation_holds_whoever_was_asked(self, bank: Bank, store_engine: str) -> None:
        if store_engine == "sqlite":
            return  # one process serves from SQLite
        async with another_process(bank) as other:
            line = Line(transport_of(bank), other)
            async with guarding(settings_of(bank), clock=bank.clock, transport=line) as guard:
                ended = []
                for _ in range(8):
                    tokens = await bank.sign_in()
                    await check(guard, tokens["access_token"])
                    await bank.revoke(tokens["refresh_token"])
                    assert await refused(guard, tokens["access_token"]) == "family-revoked"
                    ended.append(tokens["access_token"])
                for token in ended:
                    assert await refused(guard, token) == "family-revoked"
                good = (await bank.sign_in())["access_token"]
                await check(guard, good)

    async def test_a_process_that_has_lost_its_database_revives_nobody(
        self, bank: Bank, store_engine: str
    ) -> None:
        """It goes on telling of the directory as it was; the newer version holds."""
        if store_engine == "sqlite":
            return
        async with another_process(bank) as other:
            stale = Stale(other)
            line = Line(transport_of(bank), stale)
            async with guarding(settings_of(bank), clock=bank.clock, transport=line) as guard:
                token = (await bank.sign_in())["access_token"]
                await check(guard, token)
                await asyncio.sleep(0.5)
                stale.is_stuck = True
                bank.clock.advance(10)  # no longer so fresh that the guard would wait for news
                bank.change_application("mobile", status="disabled")
                await bank.refresh()
                assert await refused(guard, token) == "application-may-not-act"
                for _ in range(20):
                    assert await refused(guard, token) == "application-may-not-act"
                    await asyncio.sleep(0.05)


class Stale(httpx.AsyncBaseTransport):
    """Once stuck it answers each question about revocations with its last whole answer."""

    def __init__(self, end: httpx.AsyncBaseTransport) -> None:
        self._end = end
        self.is_stuck = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/revocations"):
            return await self._end.handle_async_request(request)
        if not self.is_stuck:
            whole = httpx.Request("GET", request.url.copy_with(query=b""), headers=request.headers)
            answer = await self._end.handle_async_request(whole)
            self._body = await answer.aread()
            return await self._end.handle_async_request(request)
        return httpx.Response(200, content=self._body)


async def test_a_silence_that_is_too_long_closes_the_door(bank: Bank, clock: TestClock) -> None:
    """As long as the settings say, and not before."""
    line = Line(transport_of(bank))
    token = (await bank.sign_in())["access_token"]
    settings = settings_of(bank, longest_silence=60)
    async with guarding(settings, clock=clock, transport=line) as guard:
        await check(guard, token)
        line.is_cut = True
        clock.advance(60)
        await check(guard, token)
        clock.advance(1)
        with pytest.raises(CannotTell, match="token-service-silent"):
            await check(guard, token)
        line.is_cut = False
        assert await gets_through(guard, token)


async def test_keys_rotate_in_flight(bank: Bank, guard: Guard, clock: TestClock) -> None:
    """Tokens of the old key and of the new one pass side by side, without anyone being told."""
    first = (await bank.sign_in())["access_token"]
    await check(guard, first)
    desk = bank.admin.institutions
    desk.save_keys("00016", rotate(desk.keys("00016"), clock.now()))
    await bank.refresh()
    clock.advance(PUBLISH_BEFORE_USE // SECOND)
    second = (await bank.sign_in())["access_token"]
    assert second.split(".")[0] != first.split(".")[0]
    assert await gets_through(guard, second)


async def test_a_stolen_key_is_replaced_and_the_rest_goes_on(
    bank: Bank, guard: Guard, clock: TestClock
) -> None:
    """Its tokens are dead, the new key's pass, and what was revoked under the old one stays so."""
    desk = bank.admin.institutions
    old, ended = await bank.sign_in(), await bank.sign_in()
    await check(guard, old["access_token"])
    await bank.revoke(ended["refresh_token"])
    assert await refused(guard, ended["access_token"]) == "family-revoked"
    fresh = new_key(bank.keys.sealing, "00016", "ES256", clock.now(), clock.now())
    desk.save_keys("00016", (fresh,))
    await bank.refresh()
    assert await refused(guard, old["access_token"], unless="unavailable") == "key-unknown"
    assert await gets_through(guard, (await bank.sign_in())["access_token"])


@pytest.mark.requirement("GW-06")
async def test_an_institution_nobody_asked_for_while_its_keys_changed(
    bank: Bank, guard: Guard, clock: TestClock
) -> None:
    """Bulletins of a key that is gone cannot be read any more: all is told anew, and it goes on."""
    desk = bank.admin.institutions
    ended = await bank.sign_in()
    await bank.revoke(ended["refresh_token"])
    await asyncio.sleep(0.6)
    spares = tuple(key for key in desk.keys("00016") if key.activates_at is None)
    fresh = new_key(bank.keys.sealing, "00016", "ES256", clock.now(), clock.now())
    desk.save_keys("00016", (fresh, *spares))
    await bank.refresh()
    assert await gets_through(guard, (await bank.sign_in())["access_token"])


async def test_an_application_registered_a_moment_ago(bank: Bank, guard: Guard) -> None:
    """Its first token is good at once, at a guard that has never heard of it."""
    await check(guard, (await bank.sign_in())["access_token"])
    bank.add_application(
        Application("new", "New", ("client_credentials",), ("accounts:read",), ("00016",))
    )
    await bank.refresh()
    token = (await bank.token("new", grant_type="client_credentials")).json()["access_token"]
    await check(guard, token, loginId="ada")


async def test_an_institution_entitled_a_moment_ago(bank: Bank, guard: Guard) -> None:
    """Its first token is good at once; it made the institution's first key."""
    await check(guard, (await bank.sign_in())["access_token"])
    bank.admin.institutions.add(Institution("00099", "New"))
    bank.change_application("apis", institutions=("00016", "00042", "00099"))
    bank.change_application("machine", institutions=("00016", "00042", "00099"))
    await bank.refresh()
    answer = await bank.token("machine", "00099", grant_type="client_credentials")
    assert await gets_through(guard, answer.json()["access_token"], loginId="ada")


async def test_an_institution_that_is_no_longer_the_gateways(bank: Bank, guard: Guard) -> None:
    token = (await bank.sign_in("rival", "00042"))["access_token"]
    await check(guard, token)
    bank.change_application("apis", institutions=("00016",))
    await bank.refresh()
    assert await refused(guard, token, unless="unavailable") == "institution-not-guarded"


async def test_an_identity_is_asked_for_once(bank: Bank) -> None:
    """What a token does not say is asked of the service with its first call, and remembered."""
    line = Line(transport_of(bank))
    token = (await bank.sign_in())["access_token"]
    async with guarding(settings_of(bank), clock=bank.clock, transport=line) as guard:
        await check(guard, token, loginId="ada")
        line.is_cut = True
        await check(guard, token, loginId="ADA")
        with pytest.raises(Refused, match="other-login"):
            await check(guard, token, loginId="biz")
        other = (await bank.sign_in())["access_token"]
        await check(guard, other)
        with pytest.raises(CannotTell, match="identity-unknown"):
            await check(guard, other, loginId="ada")
