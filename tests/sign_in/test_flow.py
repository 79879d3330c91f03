"""The authorization code flow, from the first page to the tokens."""

from typing import Any

import pytest

from tests.bank import Bank
from tests.browser import CALLBACK, VERIFIER, Browser, challenge, claims


@pytest.mark.requirement("AC-01", "OC-02", "IS-01", "PK-03")
async def test_a_customer_signs_in_and_the_application_gets_tokens(browser: Browser) -> None:
    await browser.authorize()
    assert browser.answer.status_code == 200
    assert "to continue to Portal" in browser.page.text
    await browser.sign_in()
    result = browser.result()
    assert result["state"] == "some state"
    assert result["iss"] == browser.issuer
    answer = await browser.exchange(result["code"])
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    assert tokens["expires_in"] == 600
    assert tokens["scope"] == "accounts:read openid"
    said = claims(tokens["id_token"])
    assert said["iss"] == browser.issuer
    assert said["aud"] == "portal"
    assert said["nonce"] == "n-1"
    assert said["sub"] == browser.bank.customer_ids["00016", "ada"]
    assert said["acr"] == "urn:moneyer:acr:password"
    assert "preferred_username" not in said


@pytest.mark.requirement("OA-05")
async def test_a_refresh_token_only_when_offline_access_was_asked_for_and_agreed_to(
    browser: Browser,
) -> None:
    await browser.authorize(scope="openid accounts:read offline_access")
    await browser.sign_in()
    assert "even while you are not using it" in browser.page.text
    await browser.press("allow")
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert tokens["refresh_token"].startswith("mrt_")
    renewed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert renewed.json()["refresh_token"] != tokens["refresh_token"]
    before, after = claims(tokens["access_token"]), claims(renewed.json()["access_token"])
    assert {before[n] == after[n] for n in ("sub", "acr", "amr", "auth_time", "scope")} == {True}


@pytest.mark.requirement("AC-09")
async def test_who_does_not_agree_is_sent_back_with_an_error(browser: Browser) -> None:
    await browser.authorize(scope="openid offline_access")
    await browser.sign_in()
    await browser.press("deny")
    result = browser.result()
    assert result["error"] == "access_denied"
    assert result["state"] == "some state"
    assert result["iss"] == browser.issuer


async def test_whoever_is_signed_in_is_not_asked_again(browser: Browser) -> None:
    """Single sign-on across an institution's applications."""
    await browser.code()
    await browser.authorize()
    assert browser.result()["code"]


@pytest.mark.requirement("AC-07", "PK-04")
@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": None},
        {"client_id": "portal", "code_verifier": VERIFIER + "x"},
    ],
    ids=str,
)
async def test_a_code_is_bound_to_all_that_it_was_issued_for(
    browser: Browser, changes: dict[str, Any]
) -> None:
    code = await browser.code()
    answer = await browser.exchange(code, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"
    assert (await browser.exchange(code)).status_code == 200


@pytest.mark.requirement("AC-08")
async def test_a_code_used_twice_takes_back_what_the_first_use_gave(browser: Browser) -> None:
    code = await browser.code(scope="openid accounts:read offline_access")
    tokens = (await browser.exchange(code)).json()
    again = await browser.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    renewed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.json()["error"] == "invalid_grant"


async def test_another_applications_code_is_refused_at_its_own_endpoint(browser: Browser) -> None:
    code = await browser.code()
    assert (await browser.exchange(code, "partner")).json()["error"] == "invalid_grant"
    assert (await browser.exchange(code)).status_code == 200


@pytest.mark.requirement("PK-02", "PK-05")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": challenge() + "A"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "openid nonsense:read"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"id_token":{"sub":{"value":7}}}'}, "invalid_request"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
        ({"nonce": "n" * 257}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_told_to_the_application(
    browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    await browser.authorize(**changes)
    result = browser.result()
    assert result["error"] == error
    assert result["state"] == "some state"
    assert result["iss"] == browser.issuer


@pytest.mark.requirement("AC-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "machine"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/cb"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:nothing"},
    ],
    ids=str,
)
async def test_nobody_is_redirected_before_the_application_is_known(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    await browser.authorize(**changes)
    assert browser.answer.status_code == 400
    assert "location" not in browser.answer.headers
    assert browser.answer.headers["content-type"].startswith("text/html")


async def test_a_post_is_taken_up_as_a_get(browser: Browser) -> None:
    """A form of another site brings no cookies; the redirect to ourselves does."""
    answer = await browser.send(
        "POST", f"{browser.issuer}/oauth2/authorize", data={"client_id": "portal"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{browser.issuer}/oauth2/authorize?client_id=portal"


@pytest.mark.requirement("OC-12")
async def test_form_post_sends_the_answer_with_a_form(browser: Browser) -> None:
    await browser.authorize(response_mode="form_post")
    await browser.sign_in()
    assert browser.answer.status_code == 200
    assert browser.page.action == CALLBACK
    assert browser.page.hidden["iss"] == browser.issuer
    code = browser.page.hidden["code"]
    assert (await browser.exchange(code)).status_code == 200
    assert (
        "form-action 'self' https://portal.example" in browser.answer.headers["content-security-policy"]
    )


@pytest.mark.requirement("OC-05")
async def test_max_age_and_prompt_ask_again(browser: Browser, bank: Bank) -> None:
    await browser.code()
    bank.clock.advance(100)
    await browser.authorize(max_age="200")
    assert browser.result()["code"]
    for again in ({"max_age": "50"}, {"max_age": "0"}, {"prompt": "login"}):
        await browser.authorize(**again)
        assert "sign-in" in browser.page.buttons
        await browser.sign_in()
        assert browser.result()["code"]
        bank.clock.advance(100)


async def test_pairwise_subjects_differ_from_the_customers_id(browser: Browser) -> None:
    """A third party's subject is its own, in the id_token, at userinfo and in the access token."""
    code = await browser.code(client_id="partner", scope="openid email")
    tokens = (await browser.exchange(code, "partner")).json()
    subject = claims(tokens["id_token"])["sub"]
    assert subject != browser.bank.customer_ids["00016", "ada"]
    assert claims(tokens["access_token"])["sub"] == subject
    answer = await browser.bank.http.get(
        f"{browser.issuer}/oauth2/userinfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert answer.json() == {"sub": subject, "email": "ada@example.com"}


async def test_a_customer_signed_out_by_the_bank_gets_no_code(bank: Bank, browser: Browser) -> None:
    """A session from before an operator's change opens nothing; nor does a disabled customer's."""
    await browser.code()
    bank.clock.advance(1)
    bank.change_customer("00016", "ada", member_number="2")
    await browser.authorize(prompt="none")
    assert browser.result()["error"] == "login_required"
    bank.clock.advance(1)
    await browser.authorize()
    await browser.sign_in()
    assert browser.result()["code"]
    bank.change_customer("00016", "ada", status="disabled")
    await browser.authorize(prompt="none")
    assert browser.result()["error"] == "login_required"
