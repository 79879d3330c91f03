"""The plan `oidcc-rp-initiated-logout` (docs/conformance.md)."""

import base64
from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.bank import Bank
from tests.browser import Browser, claims

OUT = "https://portal.example/out"


async def sign_out(browser: Browser, method: str = "GET", **fields: str | None) -> Any:
    """A sign-out as the plan's modules ask for it; None leaves a parameter out."""
    given = {name: value for name, value in fields.items() if value is not None}
    url = f"{browser.issuer}/oauth2/logout"
    if method == "POST":
        return await browser.send("POST", url, data=given)
    return await browser.send("GET", f"{url}?{urlencode(given)}")


async def is_signed_in(browser: Browser) -> bool:
    await browser.authorize(prompt="none")
    return "code" in browser.result()


@pytest.mark.requirement("LO-01", "LO-02", "LO-04")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("state", ["some state/ü?&=", None])
async def test_a_sign_out_ends_the_session_and_goes_where_it_may(
    browser: Browser, method: str, state: str | None
) -> None:
    """With the state as it came, and nothing else added."""
    tokens = await browser.tokens()
    answer = await sign_out(
        browser,
        method,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=OUT,
        state=state,
    )
    assert answer.status_code == 303
    expected = OUT if state is None else f"{OUT}?{urlencode({'state': state})}"
    assert answer.headers["location"] == expected
    assert not await is_signed_in(browser)


def unsigned(token: str) -> str:
    """The same claims under `alg: none`."""
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def forged(token: str) -> str:
    """The same claims, signed by a key that is not ours under the kid of one that is."""
    kid = jwt.get_unverified_header(token)["kid"]
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(claims(token), key, "ES256", headers={"kid": kid})


@pytest.mark.requirement("LO-03", "LO-05")
@pytest.mark.parametrize(
    "changes",
    [
        {"post_logout_redirect_uri": "https://portal.example/elsewhere"},
        {"post_logout_redirect_uri": OUT + "?foo=bar"},
        {"post_logout_redirect_uri": OUT + "/"},
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": "http://portal.example/out"},
        {"id_token_hint": "unsigned"},
        {"id_token_hint": "forged"},
        {"id_token_hint": "x.y.z"},
        {"id_token_hint": "access"},
        {"id_token_hint": None},
        {"client_id": "partner"},
    ],
    ids=str,
)
async def test_a_sign_out_that_is_wrong_in_anything_sends_nobody_anywhere(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    """Nor does it end the session without the customer's word."""
    tokens = await browser.tokens()
    hints = {
        "unsigned": unsigned(tokens["id_token"]),
        "forged": forged(tokens["id_token"]),
        "access": tokens["access_token"],
    }
    fields = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": OUT, **changes}
    fields["id_token_hint"] = hints.get(fields["id_token_hint"] or "", fields["id_token_hint"])
    answer = await sign_out(browser, **fields)
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert await is_signed_in(browser)


@pytest.mark.requirement("LO-03")
@pytest.mark.parametrize("fields", [{}, {"state": "x"}, {"client_id": "portal"}], ids=str)
async def test_without_a_hint_the_customer_is_asked_and_stays_here(
    browser: Browser, fields: dict[str, str]
) -> None:
    await browser.tokens()
    answer = await sign_out(browser, **fields)
    assert (answer.status_code, "sign-out" in browser.page.buttons) == (200, True)
    assert await is_signed_in(browser)
    await sign_out(browser, **fields)
    answer = await browser.press("sign-out")
    assert (answer.status_code, "You are signed out" in answer.text) == (200, True)
    assert not await is_signed_in(browser)


async def test_with_a_hint_and_no_address_the_customer_is_told_here(browser: Browser) -> None:
    tokens = await browser.tokens()
    answer = await sign_out(browser, id_token_hint=tokens["id_token"])
    assert (answer.status_code, "You are signed out" in answer.text) == (200, True)
    assert not await is_signed_in(browser)


@pytest.mark.requirement("LO-02", "LO-05")
async def test_an_expired_hint_is_good_and_so_is_a_second_sign_out(
    bank: Bank, browser: Browser
) -> None:
    tokens = await browser.tokens()
    bank.clock.advance(600)
    fields = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": OUT}
    for _ in range(2):
        answer = await sign_out(browser, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, OUT)


async def test_a_hint_of_another_session_asks_first(bank: Bank, browser: Browser) -> None:
    """Somebody else's id_token signs nobody out."""
    other = Browser(bank)
    await other.code()
    tokens = await browser.tokens()
    await sign_out(other, id_token_hint=tokens["id_token"], post_logout_redirect_uri=OUT)
    assert "sign-out" in other.page.buttons
    assert await is_signed_in(other)


@pytest.mark.requirement("LO-08")
async def test_offline_access_outlives_a_sign_out(browser: Browser) -> None:
    tokens = await browser.tokens(scope="openid offline_access")
    await sign_out(browser, id_token_hint=tokens["id_token"])
    renewed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.status_code == 200


def test_the_forgery_is_one() -> None:
    """What the test above forges has the very claims of the token it was made from."""
    key = ec.generate_private_key(ec.SECP256R1())
    token = jwt.encode({"sub": "x"}, key, "ES256", headers={"kid": "k"})
    assert claims(forged(token)) == claims(token) == claims(unsigned(token))
    assert msgspec.json.decode(base64.urlsafe_b64decode(unsigned(token).split(".")[0] + "==")) == {
        "alg": "none"
    }
