"""Everything that ends a token at the token service ends it at a guard, which asks nobody."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from moneyer.gateway.build import GuardSettings, guarding
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import TokenInvalid
from tests.bank import BASE, PASSWORD, Bank
from tests.gateway.calls import check, refused


async def test_a_customers_token_gets_through(bank: Bank, guard: Guard) -> None:
    """And the service behind is told whose it is."""
    tokens = await bank.sign_in()
    verified = await check(guard, tokens["access_token"])
    assert verified.institution_id == "00016"
    assert verified.client_id == "mobile"
    assert verified.customer_id == bank.customer_ids["00016", "ada"]


async def test_an_institutions_token_names_the_customer(bank: Bank, guard: Guard) -> None:
    answer = await bank.token("machine", grant_type="client_credentials")
    verified = await check(guard, answer.json()["access_token"], loginId="ada")
    assert verified.customer_id == ""
    assert verified.context.login_id == "ada"


async def test_a_revoked_token_is_refused(bank: Bank, guard: Guard) -> None:
    token = (await bank.token("machine", grant_type="client_credentials")).json()["access_token"]
    await check(guard, token, loginId="ada")
    await bank.revoke(token, "machine")
    assert await refused(guard, token, loginId="ada") == "token-revoked"


async def test_with_its_family_the_token_ends(bank: Bank, guard: Guard) -> None:
    tokens = await bank.sign_in()
    await check(guard, tokens["access_token"])
    await bank.revoke(tokens["refresh_token"])
    assert await refused(guard, tokens["access_token"]) == "family-revoked"


async def test_a_replay_ends_the_token_as_well(bank: Bank, guard: Guard) -> None:
    tokens = await bank.sign_in()
    newer = (await bank.renew(tokens["refresh_token"])).json()
    await check(guard, newer["access_token"])
    bank.clock.advance(120)
    assert (await bank.renew(tokens["refresh_token"])).status_code == 400
    assert await refused(guard, newer["access_token"]) == "family-revoked"


async def test_a_code_used_twice_ends_the_token(bank: Bank, guard: Guard) -> None:
    code = await bank.code()
    token = (await bank.exchange(code)).json()["access_token"]
    await check(guard, token)
    assert (await bank.exchange(code)).status_code == 400
    assert await refused(guard, token) == "token-revoked"


@pytest.mark.parametrize("offline", ["", "offline_access"])
async def test_a_disabled_customer_opens_nothing(bank: Bank, guard: Guard, offline: str) -> None:
    """With and without a family, and the other institution's customer of that name goes on."""
    form = {"requested_scopes": offline} if offline else {}
    token = (await bank.exchange(await bank.code(**form))).json()["access_token"]
    other = (await bank.exchange(await bank.code("00042"), "00042")).json()["access_token"]
    await check(guard, token)
    bank.clock.advance(1)
    bank.change_customer("00016", "ada", status="disabled")
    reason = "family-revoked" if offline else "customer-signed-out"
    assert await refused(guard, token) == reason
    await check(guard, other)


async def test_a_third_party_knows_another_name_and_is_told(bank: Bank, guard: Guard) -> None:
    """The subject is pairwise: the guard finds out whose it is, and hears of the sign-out."""
    bank.change_application("web", is_third_party=True)
    await bank.refresh()
    token = (await bank.exchange(await bank.code())).json()["access_token"]
    verified = await check(guard, token)
    assert verified.customer_id == bank.customer_ids["00016", "ada"]
    assert verified.subject != verified.customer_id
    bank.clock.advance(1)
    bank.change_customer("00016", "ada")
    assert await refused(guard, token) == "customer-signed-out"


@pytest.mark.parametrize(
    "change", [{"status": "disabled"}, {"institutions": ("00042",)}], ids=["disabled", "not-entitled"]
)
async def test_an_application_that_may_not_act(
    bank: Bank, guard: Guard, change: dict[str, Any]
) -> None:
    tokens = await bank.sign_in()
    await check(guard, tokens["access_token"])
    bank.clock.advance(60)
    bank.change_application("mobile", **change)
    await bank.refresh()
    assert await refused(guard, tokens["access_token"]) == "application-may-not-act"
    bank.change_application("mobile", status="active", institutions=("00016",))
    await bank.refresh()
    for _ in range(500):
        try:
            await check(guard, tokens["access_token"])
        except TokenInvalid:
            await asyncio.sleep(0.02)
        else:
            return
    pytest.fail("allowed again, and still refused")


async def test_a_key_taken_away_takes_its_tokens_along(bank: Bank, guard: Guard) -> None:
    """Within the second, whatever caches of key sets say."""
    tokens = await bank.sign_in()
    await check(guard, tokens["access_token"])
    spares = tuple(k for k in bank.admin.institutions.keys("00016") if k.activates_at is None)
    bank.admin.institutions.save_keys("00016", spares)
    await bank.refresh()
    assert await refused(guard, tokens["access_token"]) == "key-unknown"


async def test_an_institution_without_keys_silences_no_other(bank: Bank, guard: Guard) -> None:
    """Of its own tokens nothing can be said; when it has keys again everything is told anew."""
    one, two = await bank.sign_in(), await bank.sign_in("rival", "00042")
    await check(guard, one["access_token"])
    await check(guard, two["access_token"])
    keys = bank.admin.institutions.keys("00016")
    gone = (msgspec.structs.replace(key, removed_at=bank.clock.now()) for key in keys)
    bank.admin.institutions.save_keys("00016", tuple(gone))
    await bank.refresh()
    await bank.revoke(one["refresh_token"])
    await bank.revoke(two["refresh_token"], "rival")
    assert await refused(guard, two["access_token"]) == "family-revoked"
    assert await refused(guard, one["access_token"]) == "institution-not-known-yet"
    bank.admin.institutions.save_keys("00016", keys)
    await bank.refresh()
    assert await refused(guard, one["access_token"], unless="unavailable") == "family-revoked"


async def test_an_expired_token_is_refused(bank: Bank, guard: Guard) -> None:
    tokens = await bank.sign_in()
    bank.clock.advance(1799)
    await check(guard, tokens["access_token"])
    bank.clock.advance(1)
    with pytest.raises(TokenInvalid, match="token-expired"):
        await check(guard, tokens["access_token"])


async def test_the_service_away_changes_nothing(
    bank: Bank, transport: httpx.AsyncBaseTransport
) -> None:
    """What was known goes on to hold: valid tokens pass, and nothing that ended comes back."""

    class Line(httpx.AsyncBaseTransport):
        is_cut = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.is_cut:
                raise httpx.ConnectError("cut")
            return await transport.handle_async_request(request)

    line = Line()
    settings = GuardSettings(BASE, "apis", bank.secrets["apis"])
    async with guarding(settings, clock=bank.clock, transport=line) as guard:
        good, bad = await bank.sign_in(), await bank.sign_in()
        await check(guard, good["access_token"])
        await bank.revoke(bad["refresh_token"])
        assert await refused(guard, bad["access_token"]) == "family-revoked"
        line.is_cut = True
        await asyncio.sleep(0.5)
        await check(guard, good["access_token"])
        assert await refused(guard, bad["access_token"]) == "family-revoked"
        line.is_cut = False
        await bank.revoke(good["refresh_token"])
        assert await refused(guard, good["access_token"]) == "family-revoked"


async def test_a_parameter_that_disagrees_is_refused(bank: Bank, guard: Guard) -> None:
    tokens = await bank.sign_in(username="ada", password=PASSWORD)
    token = tokens["access_token"]
    await check(guard, token, loginId="ADA")
    assert await refused(guard, token, loginId="biz") == "other-login"
    assert await refused(guard, token, hostUserId="H-1") == "other-host-user"
