"""Second factors on the pages and in the password grant: set up, demanded, each code once."""

from typing import Any

import msgspec
import pytest

from moneyer.institutions.institution import Institution, Policy
from tests.bank import PASSWORD, Bank
from tests.browser import Browser, claims

MFA = "urn:moneyer:acr:mfa"


async def demand(bank: Bank, when: str = "strong-scopes") -> None:
    """The institution wants a second factor."""
    institution = bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, second_factor=when)
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()


@pytest.mark.requirement("SU-02", "NI-07", "TM-SF")
async def test_money_needs_a_second_factor_which_is_set_up_once(bank: Bank, browser: Browser) -> None:
    await demand(bank)
    await browser.authorize(scope="openid accounts:read")
    await browser.sign_in()
    assert browser.result()["code"]
    before = dict(browser.cookies)
    await browser.authorize(scope="openid transfers:write")
    assert "Set up an authenticator app" in browser.page.text
    generator, codes = await browser.set_up_totp()
    assert len(codes) == 10
    assert before != browser.cookies
    await browser.press("continue")
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert claims(tokens["id_token"])["acr"] == MFA
    assert claims(tokens["access_token"])["amr"] == ["pwd", "otp", "mfa"]
    other = Browser(bank)
    await other.authorize(scope="openid transfers:write")
    await other.sign_in()
    used = generator.at(bank.clock.now() // 1_000_000)
    await other.press("totp", otp=used)
    assert "was used already" in other.page.text
    bank.clock.advance(30)
    await other.press("totp", otp=generator.at(bank.clock.now() // 1_000_000))
    assert other.result()["code"]
    third = Browser(bank)
    await third.authorize(acr_values=MFA)
    await third.sign_in()
    await third.press("recovery", recovery_code=codes[0].lower())
    assert third.result()["code"]
    fourth = Browser(bank)
    await fourth.authorize(acr_values=MFA)
    await fourth.sign_in()
    await fourth.press("recovery", recovery_code=codes[0])
    assert "was used already" in fourth.page.text


async def test_wrong_codes_lock_the_factor(bank: Bank, browser: Browser) -> None:
    await demand(bank, "always")
    await browser.authorize()
    await browser.sign_in()
    generator, _ = await browser.set_up_totp()
    other = Browser(bank)
    await other.authorize()
    await other.sign_in()
    for _ in range(12):
        await other.press("totp", otp="000000")
    await other.press("totp", otp=generator.at(bank.clock.now() // 1_000_000 + 30))
    assert other.answer.status_code == 200
    assert "too many attempts" in other.page.text


async def test_an_acr_nobody_can_reach_is_refused_where_it_is_essential(browser: Browser) -> None:
    wish = '{"id_token":{"acr":{"essential":true,"values":["urn:other:level"]}}}'
    await browser.authorize(claims=wish)
    assert browser.result()["error"] == "unmet_authentication_requirements"
    await browser.authorize(acr_values="urn:other:level")
    assert "sign-in" in browser.page.buttons


async def start(bank: Bank) -> Any:
    return await bank.token(
        "mobile", grant_type="password", username="ada", password=PASSWORD, scopes="transfers:write"
    )


async def test_the_password_grant_obeys_the_same_policy(bank: Bank, browser: Browser) -> None:
    """403 with an mfa_token, good once, for the same application and address; then the tokens."""
    await demand(bank)
    refused = await start(bank)
    assert refused.status_code == 401
    await browser.authorize(scope="openid transfers:write")
    await browser.sign_in()
    generator, codes = await browser.set_up_totp()
    plain = await bank.sign_in(scopes="accounts:read")
    assert claims(plain["access_token"])["acr"] == "urn:moneyer:acr:password"
    asked = await start(bank)
    assert asked.status_code == 403
    body = asked.json()
    assert body["error"] == "mfa_required"
    assert "www-authenticate" not in asked.headers
    assert len(bank.events("sign-in:second-factor-asked")) == 1
    assert bank.events("request:refused") == []
    bank.clock.advance(30)
    form = {
        "grant_type": "urn:moneyer:grant-type:mfa-otp",
        "mfa_token": body["mfa_token"],
        "otp": generator.at(bank.clock.now() // 1_000_000),
    }
    wrong = await bank.token("mobile", **{**form, "otp": "000000"})
    assert wrong.status_code == 401
    other = await bank.token("rival", "00042", **form)
    assert other.status_code == 400
    done = await bank.token("mobile", **form)
    assert done.status_code == 200, done.text
    assert claims(done.json()["access_token"])["acr"] == MFA
    again = await bank.token("mobile", **form)
    assert again.status_code == 400
    late = (await start(bank)).json()["mfa_token"]
    bank.clock.advance(301)
    form = {**form, "mfa_token": late, "recovery_code": codes[0]}
    del form["otp"]
    assert (await bank.token("mobile", **form)).status_code == 400


async def test_the_security_page_wants_the_factor_and_removes_it(bank: Bank, browser: Browser) -> None:
    await browser.send("GET", browser.issuer + "/account/security")
    await browser.sign_in()
    assert browser.answer.headers["location"] == "/i/00016/account/security"
    await browser.send("GET", browser.issuer + "/account/security")
    await browser.press("add-totp")
    generator, _ = await browser.set_up_totp()
    await browser.press("continue")
    other = Browser(bank)
    await other.send("GET", other.issuer + "/account/security")
    await other.sign_in()
    bank.clock.advance(30)
    await other.press("totp", otp=generator.at(bank.clock.now() // 1_000_000))
    await other.send("GET", other.issuer + "/account/security")
    assert "On." in other.page.text
    await other.press("remove")
    assert "Off." in other.page.text


def test_policy_knows_which_scopes_are_strong() -> None:
    institution = Institution("1", "One", policy=Policy(second_factor="strong-scopes"))
    assert institution.policy.needs_second_factor(("transfers:write",))
    assert not institution.policy.needs_second_factor(("accounts:read",))
