"""V1 tokens at a guard: they open the legacy APIs, those alone, and for as long as they live."""

from typing import Any

import pytest

from moneyer.gateway.families import LEGACY
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import TokenInvalid
from moneyer.gateway.route import Route
from tests.bank import PASSWORD, Bank
from tests.gateway.calls import READ_ACCOUNTS, check, refused
from tests.v1 import classic

OLD_ACCOUNTS = Route(
    "GET", "/bankingservices/accounts", LEGACY, customer="none", audience="legacy-apis"
)
SIGN_IN: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}


async def refusal(guard: Guard, token: str, route: Route) -> str:
    with pytest.raises(TokenInvalid) as caught:
        await check(guard, token, route)
    return caught.value.reason


@pytest.mark.requirement("V1-04")
async def test_each_side_takes_its_own_tokens_alone(bank: Bank, guard: Guard) -> None:
    """Both kinds of V1 token at the legacy APIs and nowhere else; V2's the other way round."""
    customers, own = await classic.token(bank, **SIGN_IN), await classic.token(bank)
    verified = await check(guard, customers, OLD_ACCOUNTS)
    assert verified.customer_id == bank.customer_ids["00016", "ada"]
    assert (verified.client_id, verified.scopes, verified.grant) == ("classic", (), "password")
    assert (await check(guard, own, OLD_ACCOUNTS)).customer_id == ""
    for token in (customers, own):
        assert await refusal(guard, token, READ_ACCOUNTS) == "other-audience"
    current = (await bank.sign_in())["access_token"]
    assert await refusal(guard, current, OLD_ACCOUNTS) == "other-audience"
    await check(guard, current, READ_ACCOUNTS)


async def ends(guard: Guard, token: str) -> str:
    """Why the legacy APIs refuse the token, once they do."""
    return await refused(guard, token, route=OLD_ACCOUNTS)


@pytest.mark.requirement("V1-05")
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_a_revoked_v1_token_opens_nothing(bank: Bank, guard: Guard, which: str) -> None:
    """Not even when tokens of V2 of the same application would have ended by then: V1's live longer."""
    answer = (await classic.ask(bank, **SIGN_IN)).text
    token = classic.tag(answer, "access_token")
    await check(guard, token, OLD_ACCOUNTS)
    bank.clock.advance(1)
    assert (await bank.revoke(classic.tag(answer, which), "classic")).status_code == 204
    reason = {"access_token": "token-revoked", "refresh_token": "family-revoked"}[which]
    assert await ends(guard, token) == reason
    lifetimes = bank.admin.applications.get("classic").lifetimes
    bank.clock.advance(lifetimes.access_token + 120)
    await check(guard, await classic.token(bank), OLD_ACCOUNTS)
    # With that call the guard forgot what had ended by itself.
    assert await refusal(guard, token, OLD_ACCOUNTS) == reason


@pytest.mark.requirement("V1-06")
async def test_who_is_legacy_no_more_is_refused_and_the_rest_goes_on(bank: Bank, guard: Guard) -> None:
    token = await classic.token(bank)
    current = (await bank.token("classic", grant_type="client_credentials")).json()["access_token"]
    await check(guard, token, OLD_ACCOUNTS)
    bank.change_application("classic", is_legacy=False)
    await bank.refresh()
    assert await ends(guard, token) == "application-may-not-act"
    await check(guard, current, Route("GET", "/v1/accounts", LEGACY, customer="none"))
