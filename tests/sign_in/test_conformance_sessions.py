"""The modules of `oidcc-basic` about signing in again, codes used twice, and renewal."""

import re
from typing import Any

import pytest

from tests.bank import Bank
from tests.browser import Browser, claims

OFFLINE = "openid email offline_access"


async def id_claims(browser: Browser, **changes: Any) -> Any:
    """The id_token's claims of one more request in this browser, with a sign-in where one is asked."""
    return claims((await browser.tokens(**changes))["id_token"])


@pytest.mark.parametrize(
    "changes", [{"prompt": "login"}, {"max_age": "1"}, {"prompt": "select_account"}], ids=str
)
@pytest.mark.requirement("OC-04", "OC-05")
async def test_a_new_sign_in_has_a_new_time_and_the_same_subject(
    bank: Bank, browser: Browser, changes: dict[str, str]
) -> None:
    first = await id_claims(browser)
    bank.clock.advance(2)
    await browser.authorize(**changes)
    assert "sign-in" in browser.page.buttons
    second = await id_claims(browser, **changes)
    assert second["sub"] == first["sub"]
    assert second["auth_time"] == first["auth_time"] + 2


@pytest.mark.parametrize(
    "changes",
    [{"prompt": "none"}, {"max_age": "10000"}, {"max_age": "10000", "prompt": "none"}],
    ids=str,
)
@pytest.mark.requirement("OC-04", "OC-05")
async def test_who_is_signed_in_is_not_asked_and_keeps_the_time(
    bank: Bank, browser: Browser, changes: dict[str, str]
) -> None:
    first = await id_claims(browser)
    bank.clock.advance(2)
    await browser.authorize(**changes)
    second = claims((await browser.exchange(browser.result()["code"])).json()["id_token"])
    for name in ("sub", "auth_time", "sid"):
        assert second[name] == first[name]


@pytest.mark.requirement("OC-04")
@pytest.mark.parametrize("prompt", ["none login", "none consent", "none select_account", "create"])
async def test_contradicting_or_unknown_prompts_are_refused(browser: Browser, prompt: str) -> None:
    await browser.authorize(prompt=prompt)
    assert browser.result()["error"] == "invalid_request"


async def test_nobody_is_signed_in_and_nothing_may_be_asked(browser: Browser) -> None:
    await browser.authorize(prompt="none")
    assert browser.result()["error"] == "login_required"


async def test_an_own_id_token_as_a_hint_signs_the_same_customer_in_again(browser: Browser) -> None:
    tokens = await browser.tokens()
    again = await id_claims(browser, prompt="none", id_token_hint=tokens["id_token"])
    assert again["sub"] == claims(tokens["id_token"])["sub"]


@pytest.mark.requirement("AC-06", "AC-08")
@pytest.mark.parametrize("wait", [0, 30])
@pytest.mark.parametrize("scope", ["openid", OFFLINE])
async def test_a_code_used_twice_is_refused_and_its_access_token_opens_nothing_more(
    bank: Bank, browser: Browser, wait: int, scope: str
) -> None:
    code = await browser.code(scope=scope)
    token = (await browser.exchange(code)).json()["access_token"]
    url, headers = f"{browser.issuer}/oauth2/userinfo", {"Authorization": f"Bearer {token}"}
    assert (await bank.http.get(url, headers=headers)).status_code == 200
    bank.clock.advance(wait)
    again = await browser.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await bank.http.get(url, headers=headers)).status_code == 401


@pytest.mark.requirement("AC-08")
async def test_whoever_uses_a_code_without_proof_takes_nothing_back(
    bank: Bank, browser: Browser
) -> None:
    """Neither another application nor a wrong verifier revokes what the first use gave."""
    code = await browser.code(scope=OFFLINE)
    tokens = (await browser.exchange(code)).json()
    assert (await browser.exchange(code, "partner")).status_code == 400
    assert (await browser.exchange(code, code_verifier="w" * 43)).status_code == 400
    renewed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.status_code == 200


@pytest.mark.requirement("OC-09")
async def test_a_refresh_token_is_its_applications_alone_and_renewal_changes_no_identity(
    bank: Bank, browser: Browser
) -> None:
    """Only characters that RFC 6749 appendix A.17 allows; the same subject after renewal."""
    tokens = await browser.tokens(scope=OFFLINE, prompt="consent")
    assert re.fullmatch(r"[\x20-\x7e]+", tokens["refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    bank.clock.advance(5)
    refused = await browser.token("partner", **form)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    renewed = (await browser.token(**form)).json()
    assert renewed["access_token"] != tokens["access_token"]
    before, after = claims(tokens["access_token"]), claims(renewed["access_token"])
    for name in ("iss", "sub", "aud", "auth_time", "client_id"):
        assert after[name] == before[name]


@pytest.mark.requirement("OA-01", "OA-02", "OA-04")
async def test_offline_access_is_asked_for_once_and_nothing_comes_of_it_without_consent(
    browser: Browser,
) -> None:
    """It is consented to on a page, unless a saved consent covered just that; `prompt=none` cannot
    stand in for it, and a request that ends without a code gives nothing."""
    await browser.code(scope="openid email")
    await browser.authorize(scope=OFFLINE, prompt="none")
    assert browser.result()["error"] == "consent_required"
    await browser.authorize(scope=OFFLINE)
    assert "allow" in browser.page.buttons
    await browser.press("deny")
    assert "code" not in browser.result()
    await browser.authorize(scope=OFFLINE)
    assert "allow" in browser.page.buttons
    await browser.press("allow")
    assert "refresh_token" in (await browser.exchange(browser.result()["code"])).json()
    await browser.authorize(scope=OFFLINE, prompt="none")
    assert "refresh_token" in (await browser.exchange(browser.result()["code"])).json()
