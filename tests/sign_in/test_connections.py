"""Connected applications and signing out."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select

from moneyer.store.schema import families
from tests.bank import PASSWORD, Bank
from tests.browser import Browser, claims, standard_application
from tests.v1 import classic

OFFLINE = "openid accounts:read offline_access"


async def opens(bank: Bank, browser: Browser, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    answer = await bank.http.get(f"{browser.issuer}/oauth2/userinfo", headers=headers)
    return answer.status_code == 200


async def test_disconnecting_ends_tokens_renewal_and_consent_at_once(
    bank: Bank, browser: Browser
) -> None:
    tokens = await browser.tokens(scope=OFFLINE)
    code = await browser.code(scope=OFFLINE)
    plain = await browser.tokens(scope="openid")
    bank.clock.advance(5)
    await browser.send("GET", browser.issuer + "/account/applications")
    assert "Portal" in browser.page.text
    assert "See your accounts" in browser.page.text
    await browser.press("disconnect", client_id="portal")
    assert "Nothing is connected" in browser.page.text
    assert not await opens(bank, browser, tokens["access_token"])
    assert not await opens(bank, browser, plain["access_token"])
    renewed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.json()["error"] == "invalid_grant"
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"
    bank.clock.advance(5)
    await browser.authorize(scope=OFFLINE)
    assert "allow" in browser.page.buttons
    await browser.press("allow")
    again = (await browser.exchange(browser.result()["code"])).json()
    assert await opens(bank, browser, again["access_token"])


async def test_disconnecting_ends_all_however_often_the_customer_signed_in(
    bank: Bank, browser: Browser
) -> None:
    """Each sign-in with a password leaves a family behind: those of one application neither hide
    another nor outlive the button."""
    tokens = await browser.tokens(scope=OFFLINE)
    own, all_families = families.c.customer_id == bank.customer_ids["00016", "ada"], select(families)
    with bank.engine.begin() as connection:
        (found,) = connection.execute(all_families.where(own)).all()
        copies = [
            {**found._asdict(), "family_id": os.urandom(16), "client_id": client_id}
            for client_id in ("portal", "mobile")
            for _ in range(1500)
        ]
        connection.execute(insert(families), copies)
    bank.clock.advance(5)
    await browser.send("GET", browser.issuer + "/account/applications")
    assert "Portal" in browser.page.text
    assert "Mobile" in browser.page.text
    await browser.press("disconnect", client_id="portal")
    assert "Portal" not in browser.page.text
    assert not await opens(bank, browser, tokens["access_token"])
    with bank.engine.connect() as connection:
        live = connection.execute(all_families.where(own, families.c.status == "live")).all()
    assert [row.client_id for row in live] == ["mobile"] * 1500


async def is_active(bank: Bank, token: str) -> bool:
    answer = await bank.http.post(
        "/i/00016/oauth2/introspect",
        data={"token": token},
        headers={"Authorization": bank.basic("classic")},
    )
    return bool(answer.json()["active"])


@pytest.mark.requirement("V1-05")
async def test_the_legacy_endpoints_token_is_shown_while_it_lives_and_can_be_ended(
    bank: Bank, browser: Browser
) -> None:
    """Half an hour, though the family's refresh token would outlive it: nothing renews that."""

    async def shown() -> str:
        await browser.send("GET", browser.issuer + "/account/applications")
        return browser.page.text

    sign_in = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    await browser.send("GET", browser.issuer + "/account/applications")
    await browser.sign_in()
    token = await classic.token(bank, **sign_in)
    assert "Classic" in await shown()
    await browser.press("disconnect", client_id="classic")
    assert "Classic" not in browser.page.text
    assert not await is_active(bank, token)
    bank.clock.advance(5)
    token = await classic.token(bank, **sign_in)
    bank.clock.advance(1799)
    assert await is_active(bank, token)
    assert "Classic" in await shown()
    bank.clock.advance(1)
    assert not await is_active(bank, token)
    assert "Classic" not in await shown()


async def test_nobody_disconnects_for_another_customer(bank: Bank, browser: Browser) -> None:
    tokens = await browser.tokens(scope=OFFLINE)
    other = Browser(bank)
    await other.send("GET", other.issuer + "/account/applications")
    await other.sign_in("biz")
    await other.send("GET", other.issuer + "/account/applications")
    assert "Nothing is connected" in other.page.text
    ticket = other.page.hidden or {}
    await browser.send("GET", browser.issuer + "/account/applications")
    form = {**browser.page.hidden, **ticket, "client_id": "portal", "action": "disconnect"}
    other.answer = browser.answer
    answer = await other.send("POST", other.issuer + "/account/applications", data=form)
    assert answer.status_code == 400
    assert await opens(bank, browser, tokens["access_token"])


async def test_password_grants_stand_among_the_connections(bank: Bank, browser: Browser) -> None:
    signed_in = await bank.sign_in()
    await browser.send("GET", browser.issuer + "/account/applications")
    await browser.sign_in()
    await browser.send("GET", browser.issuer + "/account/applications")
    assert "Mobile" in browser.page.text
    await browser.press("disconnect", client_id="mobile")
    assert (await bank.renew(signed_in["refresh_token"])).status_code == 400


@pytest.mark.requirement("LO-02", "LO-03", "LO-04")
async def test_signing_out(bank: Bank, browser: Browser) -> None:
    """At once with an id_token of this session, else after a question; back only where registered."""
    tokens = await browser.tokens()
    logout = browser.issuer + "/oauth2/logout"
    out = "https://portal.example/out"
    hint = f"id_token_hint={tokens['id_token']}"
    answer = await browser.send("GET", f"{logout}?post_logout_redirect_uri=https://evil.example/")
    assert answer.status_code == 400
    answer = await browser.send("GET", f"{logout}?{hint}&post_logout_redirect_uri={out}/x")
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    answer = await browser.send("GET", f"{logout}?client_id=portal&post_logout_redirect_uri={out}")
    assert "sign-out" in browser.page.buttons
    await browser.press("stay")
    await browser.authorize(prompt="none")
    assert browser.result()["code"]
    answer = await browser.send("GET", f"{logout}?{hint}&post_logout_redirect_uri={out}&state=s")
    assert (answer.status_code, answer.headers["location"]) == (303, out + "?state=s")
    await browser.authorize(prompt="none")
    assert browser.result()["error"] == "login_required"
    answer = await browser.send("GET", f"{logout}?{hint}")
    assert (answer.status_code, "You are signed out" in answer.text) == (200, True)
    for wrong in ("id_token_hint=a.b.c", f"{hint}&client_id=partner"):
        assert (await browser.send("GET", f"{logout}?{wrong}")).status_code == 400


@pytest.mark.requirement("LO-06")
async def test_applications_are_told_of_the_end_of_a_session(
    closed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Mapping[str, str]]] = []
    heard = asyncio.Event()

    async def post(_self: Any, url: str, fields: Mapping[str, str]) -> int:
        told.append((url, fields))
        heard.set()
        return 200

    monkeypatch.setattr("moneyer.outbound.Outbound.post_form", post)
    uri = "https://portal.example/bye"
    closed_bank.add_application(standard_application(backchannel_logout_uri=uri))
    async with closed_bank.open() as bank:
        browser = Browser(bank)
        tokens = await browser.tokens()
        await browser.send("GET", browser.issuer + "/oauth2/logout")
        await browser.press("sign-out")
        await asyncio.wait_for(heard.wait(), 5)
    ((url, fields),) = told
    said = claims(fields["logout_token"])
    assert url == "https://portal.example/bye"
    assert said["sid"] == claims(tokens["id_token"])["sid"]
    assert said["aud"] == "portal"
    assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert said["exp"] - said["iat"] <= 120
    assert "nonce" not in said


@pytest.mark.requirement("OC-06", "OC-04")
async def test_a_hint_for_somebody_else_asks_for_a_sign_in(bank: Bank, browser: Browser) -> None:
    tokens = await browser.tokens()
    other = Browser(bank)
    await other.authorize(id_token_hint=tokens["id_token"])
    await other.sign_in("biz")
    assert "sign-in" in other.page.buttons
    await other.authorize(id_token_hint=tokens["id_token"], prompt="none")
    assert other.result()["error"] == "login_required"
    await browser.authorize(id_token_hint=tokens["id_token"], prompt="none")
    assert browser.result()["code"]


async def test_a_third_partys_saved_consent_is_not_asked_for_again_but_more_is(
    bank: Bank, browser: Browser
) -> None:
    await browser.code(client_id="partner", scope="openid")
    await browser.authorize(client_id="partner", scope="openid", prompt="none")
    assert browser.result()["code"]
    await browser.authorize(client_id="partner", scope="openid accounts:read", prompt="none")
    assert browser.result()["error"] == "consent_required"
    await browser.authorize(client_id="partner", scope="openid", prompt="consent")
    assert "allow" in browser.page.buttons


@pytest.mark.requirement("NA-05")
async def test_a_public_application_on_the_customers_machine_always_asks(bank: Bank) -> None:
    bank.add_application(
        standard_application(
            "tool",
            redirect_uris=("http://127.0.0.1/cb",),
            application_type="native",
            auth_method="none",
        )
    )
    await bank.refresh()
    browser = Browser(bank)
    for _ in range(2):
        await browser.authorize(client_id="tool", redirect_uri="http://127.0.0.1:5000/cb")
        if "sign-in" in browser.page.buttons:
            await browser.sign_in()
        await browser.press("allow")
        assert browser.answer.headers["location"].startswith("http://127.0.0.1:5000/cb?code=")
