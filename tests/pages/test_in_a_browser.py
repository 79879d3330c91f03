"""The pages in Debian's Chromium: by hand, as a customer would, without one error in the console."""

import re
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
ADA = ("ada.marsh", "sandbox-ada-opens-doors")
SAILOR = ("ada.marsh", "sandbox-ada-sails-boats")


def accessible(page: Page) -> None:
    """WCAG 2.2 AA as far as axe-core can tell, in light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


def sign_in(page: Page, who: tuple[str, str] = ADA) -> None:
    page.get_by_label("User ID").fill(who[0])
    page.get_by_label("Password", exact=True).fill(who[1])
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.requirement("NI-04")
def test_the_demo_from_the_button_to_the_tokens_and_back(sandbox: dict[str, Any], page: Page) -> None:
    """Sign-in, consent, tokens, connected applications, disconnect, sign-out."""
    page.goto(sandbox["base_url"] + "/demo")
    page.get_by_label("offline access").check()
    page.get_by_role("button", name="Sign in with your bank").click()
    accessible(page)
    sign_in(page, ("ada.marsh", "a wrong password"))
    expect(page.get_by_role("alert").first).to_contain_text("do not match")
    accessible(page)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    sign_in(page)
    expect(page.get_by_role("heading", name="Allow Meridian Online access?")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    expect(page.locator("pre").nth(1)).to_contain_text('"refresh_token": "mrt_00016.')
    accessible(page)
    sign_out = page.get_by_role("link", name="Sign out").get_attribute("href")
    page.get_by_role("link", name="Connected applications").click()
    expect(page.get_by_role("heading", name="Meridian Online")).to_be_visible()
    accessible(page)
    page.get_by_text("Disconnect Meridian Online").first.click()
    page.get_by_role("button", name="Disconnect Meridian Online").click()
    expect(page.get_by_role("heading", name="Nothing is connected")).to_be_visible()
    accessible(page)
    page.goto(sign_out or "")
    expect(page).to_have_url(sandbox["base_url"] + "/demo")
    page.get_by_role("button", name="Sign in with your bank").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_demo_runs_at_a_name_as_well(named_sandbox: dict[str, Any], page: Page) -> None:
    """Where passkeys can be tried."""
    page.goto(named_sandbox["base_url"] + "/demo")
    page.get_by_role("button", name="Sign in with your bank").click()
    sign_in(page)
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()


def test_a_second_factor_is_set_up_and_asked_for(sandbox: dict[str, Any], page: Page) -> None:
    """Harbor Light guards the moving of money."""
    page.goto(sandbox["base_url"] + "/demo")
    page.get_by_label("Your bank").select_option("00042")
    page.get_by_label("moving money").check()
    page.get_by_role("button", name="Sign in with your bank").click()
    sign_in(page, SAILOR)
    expect(page.get_by_role("heading", name="Set up an authenticator app")).to_be_visible()
    accessible(page)
    drawn = page.locator(".qr svg path").last.bounding_box()
    assert drawn is not None
    assert drawn["width"] > 150
    page.get_by_text("I cannot scan it").click()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Six-digit code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("ul.codes li")).to_have_count(10)
    accessible(page)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.locator("pre").nth(2)).to_contain_text("urn:moneyer:acr:mfa")


def test_every_other_page_is_accessible_on_a_phone_too(
    sandbox: dict[str, Any], chromium: Browser
) -> None:
    """In Spanish, at 390 pixels; nothing is wider than the screen."""
    context = chromium.new_context(locale="es-ES", viewport={"width": 390, "height": 844})
    page = context.new_page()
    issuer = sandbox["base_url"] + "/i/00016"
    for path in ("/oauth2/authorize", "/oauth2/logout", "/account/security"):
        page.goto(issuer + path)
        accessible(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390
    expect(page.get_by_role("heading", name="Iniciar sesión")).to_be_visible()
    page.get_by_label("Usuario").fill(ADA[0])
    page.get_by_label("Contraseña", exact=True).fill(ADA[1])
    page.get_by_role("button", name="Iniciar sesión", exact=True).click()
    expect(page.get_by_role("heading", name="Seguridad")).to_be_visible()
    accessible(page)
    page.goto(issuer + "/oauth2/logout")
    accessible(page)
    page.get_by_role("button", name="Cerrar sesión").click()
    expect(page.get_by_role("heading", name="Ha cerrado la sesión")).to_be_visible()
    accessible(page)
    context.close()


def test_a_passkey_is_added_and_signs_in_without_a_password(
    named_sandbox: dict[str, Any], page: Page
) -> None:
    """An authenticator that Chromium simulates (WebAuthn section 11)."""
    # The simulated authenticator would answer the offer in the user ID field by itself.
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    issuer = named_sandbox["base_url"] + "/i/00016"
    page.goto(issuer + "/account/security")
    sign_in(page)
    page.get_by_text("Add a passkey").first.click()
    page.get_by_label("A name for it").fill("Test phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these codes safe")).to_be_visible()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("Test phone")).to_be_visible()
    accessible(page)
    page.goto(issuer + "/oauth2/logout")
    page.get_by_role("button", name="Sign out").click()
    page.goto(issuer + "/account/security")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Security")).to_be_visible()


def test_all_of_it_works_without_javascript(sandbox: dict[str, Any], chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(sandbox["base_url"] + "/demo")
    page.get_by_label("Your bank").select_option("07301")
    page.get_by_role("button", name="Sign in with your bank").click()
    sign_in(page, ("dmitri.holt", "sandbox-dmitri-grows-wheat"))
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    context.close()


def test_an_error_page_says_what_to_do(sandbox: dict[str, Any], page: Page) -> None:
    page.goto(sandbox["base_url"] + "/i/00016/oauth2/authorize?client_id=nobody")
    expect(page.get_by_role("heading")).to_have_text("This application is not known here")
    assert re.search("Reference: [0-9a-f-]{36}", page.inner_text("main"))
    accessible(page)


@pytest.mark.parametrize("page_of", ["/demo", "/i/00016/account/applications"])
def test_pages_can_be_walked_with_the_keyboard(
    sandbox: dict[str, Any], page: Page, page_of: str
) -> None:
    """Every control is reached by Tab, and what is focused can be seen."""
    page.goto(sandbox["base_url"] + page_of)
    page.locator("body").press("Tab")
    for _ in range(8):
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        focused = page.evaluate("document.activeElement.tagName")
        assert focused == "BODY" or outline != "none"
        page.keyboard.press("Tab")
