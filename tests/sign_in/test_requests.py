"""Authorization requests at their edges: where answers go, what a challenge asks, pushing."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.bank import BASE, Bank
from tests.browser import CALLBACK, Browser, challenge, claims, standard_application

ISSUER = f"{BASE}/i/00016"
MFA = "urn:moneyer:acr:mfa"


@pytest.mark.requirement("AC-04")
@pytest.mark.parametrize("query", ["tenant=7", "tenant=7&", "a=%26%3D&b"])
async def test_a_registered_query_is_kept_before_what_is_added(bank: Bank, query: str) -> None:
    uri = f"{CALLBACK}?{query}"
    bank.add_application(standard_application("tenant", redirect_uris=(uri,)))
    await bank.refresh()
    browser = Browser(bank)
    for changes in ({"prompt": "none"}, {}):
        await browser.authorize(client_id="tenant", redirect_uri=uri, **changes)
        if "sign-in" in browser.page.buttons:
            await browser.sign_in()
        location = browser.answer.headers["location"]
        assert location.startswith(uri)
        fields = parse_qs(urlsplit(location).query)
        assert set(fields) >= {"state", "iss", *parse_qs(query)}


@pytest.mark.requirement("BC-01")
@pytest.mark.parametrize(
    "changes", [{"scope": "nonsense"}, {"response_type": "token"}, {"code_challenge": None}], ids=str
)
async def test_a_crooked_request_takes_nobody_to_a_third_party_unasked(
    browser: Browser, changes: dict[str, Any]
) -> None:
    """A link to this bank is no way to a stranger's page: who is not signed in sees where it leads.
    Whoever is signed in, and every application of the bank's own, is answered at once."""
    wrong = {"client_id": "partner", **changes}
    answer = await browser.authorize(**wrong)
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "portal.example" in browser.page.text
    assert f'href="{CALLBACK}?error=' in answer.text
    assert "iss=" in answer.text
    await browser.authorize(**changes)
    assert browser.result()["error"]
    await browser.code()
    await browser.authorize(**wrong)
    assert browser.result()["error"]


@pytest.mark.requirement("BC-01")
async def test_a_silent_request_of_a_third_party_is_answered_silently(browser: Browser) -> None:
    await browser.authorize(client_id="partner", prompt="none")
    assert browser.result()["error"] == "login_required"


@pytest.mark.requirement("BC-05", "AC-11")
@pytest.mark.parametrize("mode", ["web_message", "fragment", "jwt", "query.jwt"])
async def test_no_other_way_of_answering_is_offered(browser: Browser, mode: str) -> None:
    await browser.authorize(response_mode=mode)
    assert browser.result()["error"] == "invalid_request"


@pytest.mark.requirement("BC-05")
async def test_our_script_posts_no_message_to_any_window(browser: Browser) -> None:
    await browser.authorize()
    (path,) = [part for part in browser.answer.text.split('"') if "/pages/script" in part]
    script = (await browser.send("GET", BASE + path)).text
    assert "addEventListener" in script
    assert "postMessage" not in script


@pytest.mark.requirement("BC-06")
async def test_a_token_is_good_for_what_was_asked_at_its_own_issuer(browser: Browser) -> None:
    said = claims((await browser.tokens(scope="openid accounts:read"))["access_token"])
    assert set(said["scope"].split()) == {"openid", "accounts:read"}
    assert browser.issuer in said["aud"]
    await browser.authorize(scope="openid recipients:write")
    assert browser.result()["error"] == "invalid_scope"


@pytest.mark.requirement("SU-01")
async def test_a_resources_challenge_is_answered_by_a_step_up(bank: Bank, browser: Browser) -> None:
    """RFC 9470: acr_values and max_age as the resource named them, and the token says so."""
    await browser.tokens()
    bank.clock.advance(100)
    await browser.authorize(acr_values=MFA, max_age="50")
    await browser.sign_in()
    await browser.set_up_totp()
    await browser.press("continue")
    tokens = (await browser.exchange(browser.result()["code"])).json()
    said = claims(tokens["access_token"])
    assert said["acr"] == MFA
    assert said["auth_time"] == bank.clock.now() // 1_000_000


@pytest.mark.requirement("NI-08")
async def test_a_session_ends_after_an_hour_unused_and_twelve_in_all(
    bank: Bank, browser: Browser
) -> None:
    async def lives() -> bool:
        await browser.authorize(prompt="none")
        return "code" in browser.result()

    await browser.code()
    for _ in range(12):
        assert await lives()
        bank.clock.advance(3590)
    bank.clock.advance(121)
    assert not await lives()
    await browser.code()
    bank.clock.advance(3601)
    assert not await lives()


@pytest.mark.requirement("NI-02", "NI-04")
async def test_the_field_for_the_password_is_open_to_managers_and_gives_no_hint(
    browser: Browser,
) -> None:
    await browser.authorize()
    text = browser.answer.text
    assert 'autocomplete="current-password"' in text
    assert "data-reveal" in text
    (path,) = [part for part in text.split('"') if "/pages/script" in part]
    script = (await browser.send("GET", BASE + path)).text
    assert not {"paste", "copy", "contextmenu"} & set(script.replace('"', " ").split())
    for word in ("hint", "question", "mother"):
        assert word not in browser.page.text.lower()


# ---- pushing


async def push(bank: Bank, method: str = "POST", **changes: Any) -> Any:
    form = {
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    headers = form.pop("headers", {"Authorization": bank.basic("portal")})
    return await bank.http.request(method, f"{ISSUER}/oauth2/par", data=form, headers=headers)


@pytest.mark.requirement("PA-01", "PA-05")
async def test_who_pushes_proves_itself_as_at_the_token_endpoint(bank: Bank) -> None:
    wrong = bank.basic("portal", "wrong")
    for headers in ({}, {"Authorization": wrong}):
        answer = await push(bank, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = await push(bank, headers={}, client_id="portal")
    assert answer.status_code == 401
    assert (await push(bank)).status_code == 201


@pytest.mark.requirement("PA-03")
async def test_a_pushed_request_has_less_than_ten_minutes_and_cannot_be_guessed(bank: Bank) -> None:
    answers = [(await push(bank)).json() for _ in range(3)]
    uris = {answer["request_uri"] for answer in answers}
    assert len(uris) == 3
    for answer in answers:
        assert answer["expires_in"] < 600
        assert len(answer["request_uri"].rpartition(":")[2]) * 6 >= 128


@pytest.mark.requirement("PA-04")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_pushing_is_by_post_alone(bank: Bank, method: str) -> None:
    answer = await push(bank, method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.requirement("PA-04")
async def test_too_large_a_request_is_413(bank: Bank) -> None:
    assert (await push(bank, state="x" * 200_000)).status_code == 413
