"""What the service tells those who follow: all of it, to the right ones, whatever happens meanwhile."""

import asyncio
from typing import Any

import httpx
import pytest

from moneyer.feed.log import BEHIND
from moneyer.gateway.build import GuardSettings, guarding
from moneyer.grants.mint import Mint
from moneyer.keys.lifecycle import PUBLISH_BEFORE_USE, rotate
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.postgresql.reader import PostgresReader
from moneyer.store.sqlite.reader import SqliteReader
from tests.bank import BASE, DAY, Bank
from tests.gateway.calls import gets_through, refused, transport_of


async def test_only_resource_servers_follow(bank: Bank) -> None:
    """Everyone else is refused, with or without credentials."""
    url = "/oauth2/v1/revocations"
    assert (await bank.http.get(url)).json()["code"] == "CMN_90004"
    answer = await bank.http.get(url, headers={"Authorization": bank.basic("machine")})
    assert (answer.status_code, answer.json()["code"]) == (401, "CMN_90001")
    answer = await bank.http.get(url, headers={"Authorization": bank.basic("apis")})
    assert answer.status_code == 200


@pytest.mark.parametrize("after", ["x", "1.2.3.4", "0123456789abcdef.1.2", "é", "0" * 129])
async def test_a_cursor_that_nobody_told_is_refused(bank: Bank, after: str) -> None:
    answer = await bank.http.get(
        "/oauth2/v1/revocations",
        params={"after": after},
        headers={"Authorization": bank.basic("apis")},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.requirement("GW-06")
async def test_an_institution_entitled_while_a_request_is_held(bank: Bank) -> None:
    """Who waits for news is answered as what it is now, not as what it was when it asked: else its
    cursor stands behind news that it was never told."""
    bank.change_application("apis", institutions=("00016",))
    await bank.sign_in("rival", "00042")
    await bank.refresh()
    await asyncio.sleep(0.5)
    cursor, _ = await told(bank)
    held = asyncio.create_task(told(bank, cursor, wait=20))
    await asyncio.sleep(0.3)
    assert not held.done()
    bank.change_application("apis", institutions=("00016", "00042"))
    async with asyncio.timeout(20):
        cursor, news = await held
    _, later = await told(bank, cursor)
    assert "00042" in news | later


async def test_who_follows_no_longer_is_told_nothing_more(bank: Bank) -> None:
    """Also where it has asked already."""
    cursor, _ = await told(bank)
    held = asyncio.create_task(told(bank, cursor, wait=20))
    await asyncio.sleep(0.3)
    bank.change_application("apis", status="disabled")
    async with asyncio.timeout(20):
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            await held


async def told(bank: Bank, after: str = "", wait: int = 0) -> tuple[str, set[str]]:
    """The next cursor, and the institutions of which something is told behind `after`."""
    query = {"after": after, "wait": str(wait)} if after else {}
    answer = await bank.http.get(
        "/oauth2/v1/revocations", params=query, headers={"Authorization": bank.basic("apis")}
    )
    body = answer.raise_for_status().json()
    return body["cursor"], set(body["institutions"])


def lose_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nobody reads what has ended."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("away")

    for reader in (SqliteReader, PostgresReader):
        monkeypatch.setattr(reader, "ended_since", away)


@pytest.mark.requirement("GW-04")
async def test_a_service_that_has_lost_its_store_does_not_say_that_nothing_is_new(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it cannot tell: gateways go elsewhere, and know how long they have heard nothing."""
    cursor, _ = await told(bank)
    lose_store(monkeypatch)
    await asyncio.sleep(BEHIND + 0.5)
    with pytest.raises(httpx.HTTPStatusError, match="503"):
        await told(bank, cursor)


@pytest.mark.requirement("GW-06")
async def test_an_institution_entitled_while_the_use_of_a_secret_is_written_down(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authenticating may take a commit: what is told afterwards is of the follower as it is then."""
    bank.change_application("apis", institutions=("00016",))
    await bank.sign_in("rival", "00042")
    await bank.refresh()
    await asyncio.sleep(0.5)
    cursor, _ = await told(bank)
    note, may_go_on, is_noting = Mint.note_secret_use, asyncio.Event(), asyncio.Event()

    async def slowly(mint: Mint, slot: Any, now: int) -> None:
        is_noting.set()
        await may_go_on.wait()
        await note(mint, slot, now)

    monkeypatch.setattr(Mint, "note_secret_use", slowly)
    asking = asyncio.create_task(told(bank, cursor))
    await is_noting.wait()
    monkeypatch.setattr(Mint, "note_secret_use", note)
    bank.change_application("apis", institutions=("00016", "00042"))
    await bank.refresh()
    await asyncio.sleep(0.5)
    may_go_on.set()
    cursor, news = await asking
    _, later = await told(bank, cursor)
    assert "00042" in news | later


@pytest.mark.requirement("GW-06")
async def test_a_bulletin_is_not_signed_by_a_key_that_is_gone(bank: Bank) -> None:
    """Nothing has ended meanwhile, so the bulletin of then would do, but nobody could read it."""
    await bank.sign_in()
    desk = bank.admin.institutions
    desk.save_keys("00016", rotate(desk.keys("00016"), bank.clock.now()))
    await bank.refresh()
    await asyncio.sleep(0.5)
    await told(bank)
    bank.clock.advance(PUBLISH_BEFORE_USE // SECOND + 9 * DAY)
    token = (await bank.sign_in())["access_token"]
    settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
    async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
        assert await gets_through(guard, token)


class TestPostgresql:
    @pytest.mark.requirement("GW-04")
    async def test_point_reads_keep_no_news_back(self, bank: Bank, store_engine: str) -> None:
        """What is looked at ten times a second does not wait its turn behind customers."""
        if store_engine == "sqlite":
            return  # a read takes microseconds there, and nobody waits
        token = (await bank.exchange(await bank.code())).json()["access_token"]
        settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
        async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
            assert await gets_through(guard, token)
            reader = service_of(bank).mint.reader
            assert isinstance(reader, PostgresReader)
            async with reader._link._turn:
                bank.clock.advance(1)
                bank.change_customer("00016", "ada")
                assert await refused(guard, token) == "customer-signed-out"


@pytest.mark.requirement("GW-06")
async def test_a_revocation_is_told_where_a_follower_was_sent_away_and_back(bank: Bank) -> None:
    """Between two looks of the feed the directory changes twice, and an answer is made in between."""
    service = service_of(bank)
    directory, log = service.mint.directory, service.feed.log
    tokens = await bank.sign_in("rival", "00042")
    await asyncio.sleep(0.5)
    cursor, _ = await told(bank)
    async with directory._refreshing:
        bank.change_application("apis", institutions=("00016",))
        without = directory._load()
        bank.change_application("apis", institutions=("00016", "00042"))
        again = directory._load()
        before = log.here
        await bank.revoke(tokens["refresh_token"], "rival")
        async with asyncio.timeout(30):
            while log.here.sequence == before.sequence:
                await log.news(1)
        directory.snapshot = without
        cursor, news = await told(bank, cursor)
        directory.snapshot = again
        await asyncio.sleep(0.3)
    _, later = await told(bank, cursor)
    assert "00042" in news | later


def service_of(bank: Bank) -> Any:
    """The bank's service, to look inside."""
    transport = transport_of(bank)
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app._router._service  # type: ignore[attr-defined]


@pytest.mark.requirement("GW-04")
async def test_who_waits_for_news_is_let_go_where_there_can_be_none(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is held while the store is lost does not run out its time."""
    await asyncio.sleep(0.5)
    cursor, _ = await told(bank)
    held = asyncio.create_task(told(bank, cursor, wait=20))
    await asyncio.sleep(0.2)
    lose_store(monkeypatch)
    async with asyncio.timeout(15):
        with pytest.raises(httpx.HTTPStatusError, match="503"):
            await held
