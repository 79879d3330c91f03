"""Nonsense at every page and standard endpoint: a clear answer, never a 5xx."""

from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moneyer.endpoints.router import PAGES, STANDARD_ENDPOINTS
from tests.bank import Bank
from tests.browser import CALLBACK, Browser, challenge

PATHS = sorted({*PAGES, *STANDARD_ENDPOINTS})
NAMES = [
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "max_age",
    "acr_values", "claims", "login_hint", "ui_locales", "id_token_hint", "request",
    "request_uri", "code_challenge", "code_challenge_method", "ticket", "action", "username",
    "password", "passkey", "otp", "recovery_code", "client_secret", "client_assertion",
    "client_assertion_type", "token", "code", "refresh_token", "grant_type",
    "post_logout_redirect_uri", "factor_id", "label", "response_mode",
]  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["portal", CALLBACK, "code", "S256", challenge(), "none", "login", "-1", "{}"]),
    st.sampled_from(["[]", "null", '{"id_token":[]}', "a.b.c", "mrt_x", "mac_00016.x", "\u2028"]),
    st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")),
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


@pytest.mark.requirement("TE-18")
@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(path=st.sampled_from(PATHS), method=st.sampled_from(["GET", "POST", "PUT"]), fields=FIELDS)
async def test_nonsense_never_breaks_a_page(
    bank: Bank, path: str, method: str, fields: dict[str, str]
) -> None:
    browser = Browser(bank)
    query = urlencode(fields, errors="replace")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = browser.issuer + path
    if method == "GET":
        answer = await browser.send("GET", f"{url}?{query}")
    else:
        answer = await browser.send(method, url, content=query, headers=headers)
    assert answer.status_code < 500, (answer.status_code, answer.text)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("field", ["username", "password", "otp", "recovery_code", "passkey", "action"])
@pytest.mark.parametrize("value", ["\x00", "\u202e", "x" * 20_000, "\U0001f600", "", "{}", "a\r\nb"])
async def test_nonsense_on_a_page_that_is_open(browser: Browser, field: str, value: str) -> None:
    """Whatever is typed or sent in its place, on each page of a sign-in, is answered by a page."""
    await browser.authorize(scope="openid offline_access", acr_values="urn:moneyer:acr:mfa")
    for action in ("sign-in", "passkey", "totp", "recovery", "confirm", "allow", "deny", "nothing"):
        form = {**browser.page.hidden, "username": "ada", "action": action}
        form[field] = value
        answer = await browser.send(
            "POST", f"{browser.issuer}/sign-in", data=form, headers={"Origin": "https://bank.test"}
        )
        assert answer.status_code < 500, (action, answer.text)
        await browser.authorize(scope="openid offline_access", acr_values="urn:moneyer:acr:mfa")
