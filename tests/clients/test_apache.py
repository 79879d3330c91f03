"""Apache's mod_auth_openidc, unchanged, as relying party and as resource server."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from moneyer.applications.application import Application
from tests.browser import standard_application
from tests.cli.process import eventually
from tests.clients.apache import Apache
from tests.clients.live import ADA, LiveBank

IN = "/in/index.shtml"


def applications(apache: Apache) -> tuple[Application, ...]:
    """Apache itself, its API, and who calls the API."""
    machine: dict[str, Any] = {"grants": ("client_credentials",), "redirect_uris": ()}
    return (
        standard_application(
            "apache",
            name="Apache's pages",
            is_third_party=True,
            owner="Apache Inc.",
            redirect_uris=(apache.redirect_uri,),
            post_logout_redirect_uris=(f"{apache.party}/out.html",),
            backchannel_logout_uri=f"{apache.redirect_uri}?logout=backchannel",
        ),
        standard_application("api", is_resource_server=True, **machine),
        standard_application("machine", **machine),
    )


@pytest.fixture(scope="module")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apache]:
    """Apache beside a bank that knows it."""
    bank = LiveBank(tmp_path_factory.mktemp("bank"))
    apache = Apache(bank)
    for application in applications(apache):
        apache.credentials[application.client_id] = (
            application.client_id,
            bank.add(application),
        )
    with bank.serving(), apache:
        yield apache


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(ignore_https_errors=True)
    yield context.new_page()
    context.close()


def sign_in(page: Page) -> None:
    page.get_by_label("User ID").fill(ADA.login_id)
    page.get_by_label("Password", exact=True).fill(ADA.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def enter(page: Page, apache: Apache) -> None:
    """Through Apache to the bank and back, to the page that it guards."""
    page.goto(apache.party + IN)
    sign_in(page)
    if page.get_by_role("button", name="Allow", exact=True).is_visible():
        page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading")).to_have_text("Hello Ada")


def test_a_customer_signs_in_through_apache_agrees_and_signs_out(apache: Apache, page: Page) -> None:
    """Discovery, PKCE, consent, claims of the id_token and of userinfo, RP-Initiated Logout."""
    page.goto(apache.party + IN)
    expect(page.get_by_role("heading")).to_have_text("Sign in")
    sign_in(page)
    expect(page.get_by_text("Apache Inc.")).to_be_visible()
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page).to_have_url(apache.party + IN)
    expect(page.get_by_role("heading")).to_have_text("Hello Ada")
    expect(page.locator("#acr")).to_have_text("urn:moneyer:acr:password")
    assert page.locator("#sub").inner_text()
    out = quote(f"{apache.party}/out.html", safe="")
    page.goto(f"{apache.redirect_uri}?logout={out}")
    expect(page).to_have_url(f"{apache.party}/out.html")
    page.goto(apache.party + IN)
    expect(page.get_by_role("heading")).to_have_text("Sign in")


def test_apache_is_told_by_the_bank_that_a_customer_signed_out(apache: Apache, page: Page) -> None:
    """Back-Channel Logout: Apache verifies the logout token and forgets its own session."""
    enter(page, apache)
    page.goto(f"{apache.bank.issuer}/oauth2/logout")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed out")

    def is_forgotten() -> bool:
        page.goto(apache.party + IN)
        return page.get_by_role("heading").inner_text() == "Sign in"

    assert eventually(is_forgotten)


def token(apache: Apache, **form: str) -> str:
    """An access token of the machine."""
    answer = httpx.post(
        f"{apache.bank.issuer}/oauth2/token",
        data={"grant_type": "client_credentials", **form},
        auth=apache.credentials["machine"],
        verify=apache.bank.trust,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def call(apache: Apache, server: str, presented: str) -> int:
    """The status with which one of Apache's resource servers answers a token."""
    headers = {"Authorization": f"Bearer {presented}"}
    url = f"{server}/api/index.shtml"
    return httpx.get(url, headers=headers, verify=apache.bank.trust, trust_env=False).status_code


def test_apache_reads_access_tokens_by_the_key_set(apache: Apache) -> None:
    """Signature and expiry are its own to judge, and the scope is in the token."""
    good = token(apache, scope="accounts:read transfers:write")
    assert call(apache, apache.reader, good) == 200, apache.said()
    for wrong in (good[:-8] + "AAAAAAAA", "x.y.z", token(apache, scope="transfers:write")):
        assert call(apache, apache.reader, wrong) == 401


def test_apache_asks_the_bank_about_each_token_and_refuses_a_revoked_one(apache: Apache) -> None:
    good = token(apache, scope="accounts:read")
    assert call(apache, apache.asker, good) == 200, apache.said()
    assert call(apache, apache.asker, token(apache, scope="transfers:write")) == 401
    revoked = httpx.post(
        f"{apache.bank.issuer}/oauth2/revoke",
        data={"token": good},
        auth=apache.credentials["machine"],
        verify=apache.bank.trust,
        trust_env=False,
    )
    assert revoked.status_code == 200
    assert call(apache, apache.asker, good) == 401
