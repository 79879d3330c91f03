"""What a resource server is told of a token, and that it is told nothing of a dead one."""

from typing import Any

import pytest

from tests.bank import BASE, Bank
from tests.browser import Browser, standard_application

NOTHING = {"active": False}


@pytest.fixture
async def bank(bank: Bank) -> Bank:
    """With two resource servers, one of which knows accounts alone."""
    for client_id, scopes in (("api", ()), ("accounts", ("accounts:read",))):
        bank.add_application(
            standard_application(
                client_id,
                grants=("client_credentials",),
                redirect_uris=(),
                is_resource_server=True,
                scopes=scopes,
            )
        )
    await bank.refresh()
    return bank


async def seen(bank: Bank, token: str, client_id: str = "api", institution: str = "00016") -> Any:
    url = f"{BASE}/i/{institution}/oauth2/introspect"
    headers = {"Authorization": bank.basic(client_id)}
    answer = await bank.http.post(url, data={"token": token}, headers=headers)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json()


@pytest.mark.requirement("IN-05", "IN-07", "BC-06")
async def test_a_resource_server_sees_its_own_scopes_and_how_the_customer_signed_in(
    bank: Bank, browser: Browser
) -> None:
    tokens = await browser.tokens(scope="openid accounts:read transfers:write")
    told = await seen(bank, tokens["access_token"])
    assert told["scope"].split() == ["accounts:read", "transfers:write", "openid"]
    assert told["acr"] == "urn:moneyer:acr:password"
    assert told["amr"] == ["pwd"]
    assert told["auth_time"] <= told["iat"] < told["exp"]
    assert told["iss"] == browser.issuer
    narrow = await seen(bank, tokens["access_token"], "accounts")
    assert narrow["scope"] == "accounts:read"


@pytest.mark.requirement("IN-02", "IN-03")
@pytest.mark.parametrize(
    "what",
    ["revoked", "signature", "expired", "customer", "application", "institution", "other institution"],
)
async def test_a_token_that_opens_nothing_is_inactive_and_nothing_else_is_said(
    bank: Bank, browser: Browser, what: str
) -> None:
    token = (await browser.tokens(scope="openid accounts:read"))["access_token"]
    assert (await seen(bank, token))["active"] is True
    place = "00016"
    if what == "revoked":
        await bank.http.post(
            f"{browser.issuer}/oauth2/revoke",
            data={"token": token},
            headers={"Authorization": bank.basic("portal")},
        )
    elif what == "signature":
        head, payload, signature = token.split(".")
        token = f"{head}.{payload}.{signature[::-1]}"
    elif what == "expired":
        bank.clock.advance(600)
    elif what == "customer":
        bank.change_customer("00016", "ada", status="disabled")
    elif what == "application":
        bank.change_application("portal", status="disabled")
        await bank.refresh()
    elif what == "institution":
        bank.change_application("portal", institutions=("00042",))
        await bank.refresh()
    else:
        place = "00042"
    assert await seen(bank, token, institution=place) == NOTHING


@pytest.mark.requirement("OA-06")
async def test_the_password_grants_refresh_token_needs_no_offline_access(bank: Bank) -> None:
    signed_in = await bank.sign_in(scopes="accounts:read")
    assert (await bank.renew(signed_in["refresh_token"])).status_code == 200
