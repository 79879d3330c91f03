"""Over restarts of either side: valid tokens pass, and nothing that ended comes back."""

import asyncio
from pathlib import Path

import httpx
import pytest

from moneyer.gateway.build import guarding
from moneyer.gateway.refusals import CannotTell, Refused
from tests.bank import Bank, TestClock
from tests.gateway.calls import check, gets_through, refused, transport_of
from tests.gateway.line import Line, settings_of


async def test_after_a_restart_of_the_service_nothing_is_forgotten(closed_bank: Bank) -> None:
    """The cursor is another process's: it is told again, and what was revoked meanwhile as well."""
    bank, line = closed_bank, Line(httpx.MockTransport(lambda request: httpx.Response(503)))
    async with guarding(settings_of(bank), clock=bank.clock, transport=line) as guard:
        async with bank.open():
            line.ends = [transport_of(bank)]
            one, two, three = [await bank.sign_in() for _ in range(3)]
            for tokens in (one, two, three):
                assert await gets_through(guard, tokens["access_token"])
            await bank.revoke(one["refresh_token"])
            assert await refused(guard, one["access_token"]) == "family-revoked"
            line.is_cut = True
            await bank.revoke(two["refresh_token"])
        await check(guard, two["access_token"])
        async with bank.open():
            line.ends, line.is_cut = [transport_of(bank)], False
            assert await refused(guard, two["access_token"]) == "family-revoked"
            assert await refused(guard, one["access_token"]) == "family-revoked"
            await check(guard, three["access_token"])


@pytest.mark.requirement("GW-04", "GW-06")
async def test_a_gateway_starts_while_the_service_is_away(bank: Bank, tmp_path: Path) -> None:
    """From its memory: valid tokens pass, nothing revoked comes back, for any number of restarts."""
    settings = settings_of(bank, memory=str(tmp_path / "memory"))
    line = Line(transport_of(bank))
    good, bad, worse = [await bank.sign_in() for _ in range(3)]
    own = (await bank.token("machine", grant_type="client_credentials")).json()["access_token"]
    async with guarding(settings, clock=bank.clock, transport=line) as guard:
        await check(guard, good["access_token"])
        await bank.revoke(bad["refresh_token"])
        await bank.revoke(own, "machine")
        assert await refused(guard, bad["access_token"]) == "family-revoked"
        assert await refused(guard, own, loginId="ada") == "token-revoked"
    line.is_cut = True
    for _ in range(3):
        async with guarding(settings, clock=bank.clock, transport=line) as guard:
            await check(guard, good["access_token"])
            assert await refused(guard, bad["access_token"]) == "family-revoked"
            assert await refused(guard, own, loginId="ada") == "token-revoked"
    await bank.revoke(worse["refresh_token"])
    line.is_cut = False
    async with guarding(settings, clock=bank.clock, transport=line) as guard:
        assert await refused(guard, worse["access_token"]) == "family-revoked"
        assert any("after=" in str(url) for url in line.asked[-3:]), "it went on from where it was"


async def test_a_memory_of_before_a_crash_is_as_good(bank: Bank, tmp_path: Path) -> None:
    """Copied while the gateway runs: what was refused by then is in it."""
    settings = settings_of(bank, memory=str(tmp_path / "memory"))
    tokens = await bank.sign_in()
    async with guarding(settings, clock=bank.clock, transport=Line(transport_of(bank))) as guard:
        await check(guard, tokens["access_token"])
        await bank.revoke(tokens["refresh_token"])
        assert await refused(guard, tokens["access_token"]) == "family-revoked"
        (tmp_path / "copy").write_bytes((tmp_path / "memory").read_bytes())
    cut = Line()
    cut.is_cut = True
    settings = settings_of(bank, memory=str(tmp_path / "copy"))
    async with guarding(settings, clock=bank.clock, transport=cut) as guard:
        assert await refused(guard, tokens["access_token"]) == "family-revoked"


@pytest.mark.requirement("GW-06")
async def test_a_guard_that_is_stopped_at_once_forgets_nothing(bank: Bank, tmp_path: Path) -> None:
    """What it guards may fail at its start, before anything was recalled."""
    settings = settings_of(bank, memory=str(tmp_path / "memory"))
    token = (await bank.sign_in())["access_token"]
    async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
        assert await gets_through(guard, token)
    with pytest.raises(RuntimeError, match="does not start"):
        async with guarding(settings, clock=bank.clock, transport=transport_of(bank)):
            raise RuntimeError("does not start")
    cut = Line()
    cut.is_cut = True
    async with guarding(settings, clock=bank.clock, transport=cut) as guard:
        await check(guard, token)


@pytest.mark.requirement("GW-06")
async def test_after_a_restart_in_quiet_times_calls_get_through(bank: Bank, tmp_path: Path) -> None:
    """With nothing new to tell, the service's first answer is not held back."""
    settings = settings_of(bank, memory=str(tmp_path / "memory"))
    token = (await bank.sign_in())["access_token"]
    async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
        assert await gets_through(guard, token)
        await asyncio.sleep(0.5)
    async with guarding(settings, clock=bank.clock, transport=transport_of(bank)) as guard:
        await check(guard, token)


@pytest.mark.requirement("GW-04")
async def test_a_clock_set_forward_and_back_revives_nothing(bank: Bank) -> None:
    """The guard's own: by the wrong hour what had ended is long over."""
    clock = TestClock()
    tokens, more = await bank.sign_in(), await bank.sign_in()
    async with guarding(settings_of(bank), clock=clock, transport=transport_of(bank)) as guard:
        assert await gets_through(guard, tokens["access_token"])
        await bank.revoke(tokens["refresh_token"])
        assert await refused(guard, tokens["access_token"]) == "family-revoked"
        clock.advance(7200)
        await bank.revoke(more["refresh_token"])
        await asyncio.sleep(0.6)
        clock.advance(-7200)
        assert await refused(guard, more["access_token"]) == "family-revoked"
        with pytest.raises(Refused, match="family-revoked"):
            await check(guard, tokens["access_token"])


async def test_without_memory_and_service_nothing_can_be_said(bank: Bank) -> None:
    token = (await bank.sign_in())["access_token"]
    cut = Line()
    cut.is_cut = True
    async with guarding(settings_of(bank), clock=bank.clock, transport=cut) as guard:
        with pytest.raises(CannotTell):
            await check(guard, token)
