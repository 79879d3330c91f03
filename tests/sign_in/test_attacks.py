"""Attacks on the pages: other browsers, other sites, other institutions, replays, crooked redirects."""

import pytest

from tests.bank import BASE, PASSWORD, Bank
from tests.browser import CALLBACK, Browser, standard_application

REGISTERED = "https://app.bank.example/cb"
CROOKED = [
    "/cb/", "/cb?", "/cb#", "/cb?x=1", "/CB", "/cb/..", "/cb/../evil", "/cb%2f..%2fevil", "/cb%2e%2e",
    "/cb;jsession=1", "/cb%00", "/cb%0d%0aSet-Cookie:x", "/%63b", "//cb", "/./cb",
]  # fmt: skip
CORPUS = [
    *(f"https://app.bank.example{path}" for path in CROOKED),
    "https://app.bank.example:443/cb",
    "https://APP.bank.example/cb",
    "HTTPS://app.bank.example/cb",
    "http://app.bank.example/cb",
    "https:app.bank.example/cb",
    "https:/app.bank.example/cb",
    "https:///app.bank.example/cb",
    "https:\\\\app.bank.example\\cb",
    "https://app.bank.example\\@evil.example/cb",
    "https://app.bank.example@evil.example/cb",
    "https://app.bank.example:@evil.example",
    "https://app.bank.example:443:\\@@evil.example",
    "https://app.bank.example&@evil.example# @evil.example",
    "https://evil.example\\.app.bank.example/cb",
    "https://app.bank.example.evil.example/cb",
    "https://evil.example/https://app.bank.example/cb",
    "https://app.bank.example%00.evil.example/cb",
    "https://app.bank.example%2eevil.example",
    "https://app.bank.example\u3002evil.example",
    "https://app.bank.example\uff0eevil.example",
    "https://app.bank.example\uff61evil.example",
    "https://app\u3002bank\u3002example/cb",
    "https://app.bank.example;.evil.example",
    *(f"https://app.bank.example{sign}.evil.example" for sign in ",!_-{'&*"),
    "https://[::ffff:1.2.3.4]/cb",
    "https://app.bank.example./cb",
    " https://app.bank.example/cb",
    "https://app.bank.example/cb ",
    "ht\ttps://app.bank.example/cb",
    "https://app.bank.ex\nample/cb",
    "//evil.example/cb",
    "///evil.example",
    "/\\evil.example",
    "javascript:alert(1)//https://app.bank.example/cb",
    "data:text/html,x",
    "vbscript:x",
    "app.bank.example/cb",
    "",
    "localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://0/",
    "http://2130706433/",
    "http://0x7f.1",
    "https://*.bank.example/cb",
]


@pytest.mark.requirement("AC-05", "BC-01")
async def test_only_the_byte_equal_redirect_uri_of_twenty_passes(bank: Bank) -> None:
    """Every crooked form is shown as a page; each of the twenty that are registered passes."""
    uris = (REGISTERED, *(f"https://app{n}.bank.example/cb" for n in range(1, 20)))
    bank.add_application(standard_application("many", redirect_uris=uris))
    await bank.refresh()
    browser = Browser(bank)
    for uri in CORPUS:
        answer = await browser.authorize(client_id="many", redirect_uri=uri)
        assert (answer.status_code, "location" in answer.headers) == (400, False), uri
    for uri in uris:
        answer = await browser.authorize(client_id="many", redirect_uri=uri, prompt="none")
        assert answer.headers["location"].startswith(uri + "?error=login_required"), uri


@pytest.mark.requirement("AC-05")
async def test_two_redirect_uris_are_none(browser: Browser) -> None:
    query = f"client_id=portal&redirect_uri={CALLBACK}&redirect_uri={CALLBACK}&response_type=code"
    answer = await browser.send("GET", f"{browser.issuer}/oauth2/authorize?{query}")
    assert answer.status_code == 400


@pytest.mark.requirement("NA-01", "NA-02")
async def test_a_loopback_port_is_a_native_applications_own_choice(bank: Bank) -> None:
    registered = ("http://127.0.0.1/cb", "http://[::1]/cb")
    for client_id, kind in (("tool", "native"), ("site", "web")):
        bank.add_application(
            standard_application(client_id, redirect_uris=registered, application_type=kind)
        )
    await bank.refresh()
    browser = Browser(bank)
    for uri in ("http://127.0.0.1:49152/cb", "http://[::1]:8080/cb"):
        answer = await browser.authorize(client_id="tool", redirect_uri=uri, prompt="none")
        assert answer.headers["location"].startswith(uri + "?")
        assert (await browser.authorize(client_id="site", redirect_uri=uri)).status_code == 400
    for uri in (
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:80/other",
        "https://127.0.0.1:80/cb",
        "http://u@127.0.0.1:80/cb",
        "http://localhost:80/cb",
        "http://127.0.0.1.evil.example:80/cb",
        "http://127.0.0.1:80@evil.example/cb",
    ):
        answer = await browser.authorize(client_id="tool", redirect_uri=uri)
        assert answer.status_code == 400, uri


@pytest.mark.requirement("BU-02", "OC-11")
async def test_a_page_works_only_in_the_browser_that_opened_it(bank: Bank, browser: Browser) -> None:
    """The attacker opens a page and gets the victim to send it: no session for anyone."""
    await browser.authorize()
    victim = Browser(bank)
    victim.answer = browser.answer
    answer = await victim.sign_in()
    assert answer.status_code == 400
    assert "another browser" in victim.page.text
    await victim.authorize()
    own = dict(victim.cookies)
    victim.answer = browser.answer
    assert (await victim.sign_in()).status_code == 400
    assert victim.cookies == own


@pytest.mark.requirement("OC-11")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_a_form_from_another_site_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    await browser.authorize()
    form = {**browser.page.hidden, "username": "ada", "password": PASSWORD, "action": "sign-in"}
    answer = await browser.send("POST", BASE + browser.page.action, data=form, headers=headers)
    assert answer.status_code == 400
    assert not any("session" in name for name in browser.cookies)


async def test_a_form_without_or_with_a_forged_ticket_is_refused(browser: Browser) -> None:
    await browser.authorize()
    ticket = browser.page.hidden["ticket"]
    action = BASE + browser.page.action
    for forged in ("", "x", ticket[:-4], ticket[::-1], "A" * len(ticket)):
        form = {"ticket": forged, "username": "ada", "password": PASSWORD, "action": "sign-in"}
        assert (await browser.send("POST", action, data=form)).status_code == 400


@pytest.mark.requirement("TM-SF")
async def test_a_session_given_to_the_browser_beforehand_is_not_used(
    bank: Bank, browser: Browser
) -> None:
    """Neither a made-up secret nor the attacker's own session becomes the victim's."""
    await browser.code()
    (name,) = [name for name in browser.cookies if "session" in name]
    planted = browser.cookies[name]
    assert name == "__Host-moneyer-session-00016"
    victim = Browser(bank)
    victim.cookies[name] = planted
    bank.clock.advance(1)
    await victim.authorize(prompt="login")
    await victim.sign_in("biz")
    assert victim.cookies[name] != planted
    session = Browser(bank)
    session.cookies[name] = planted
    await session.authorize(prompt="none")
    assert session.result()["error"] == "login_required"


@pytest.mark.requirement("NI-09")
async def test_cookies_are_bound_to_this_host_and_hidden_from_scripts(browser: Browser) -> None:
    await browser.authorize()
    lines = browser.answer.headers.get_list("set-cookie")
    await browser.sign_in()
    lines += browser.answer.headers.get_list("set-cookie")
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("__Host-")
        attributes = set(line.split("; ")[1:])
        assert attributes == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}


@pytest.mark.requirement("BC-02", "AC-12", "AC-13")
async def test_no_page_can_be_framed_and_none_loads_or_tells_anything(browser: Browser) -> None:
    answers = [await browser.authorize(), await browser.sign_in()]
    for path in ("/account/applications", "/account/security", "/oauth2/logout"):
        answers.append(await browser.send("GET", browser.issuer + path))
    answers.append(await browser.authorize(client_id="nobody"))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert "access-control-allow-origin" not in answer.headers
        for outside in ("http://", "//cdn", "<script>", "<style", "onclick", " style="):
            assert outside not in answer.text.replace("http://www.w3.org", "")


async def test_no_institution_takes_anothers_session_page_or_code(bank: Bank, browser: Browser) -> None:
    await browser.code()
    other = Browser(bank, "00042")
    other.cookies = {
        name.replace("00016", "00042"): value for name, value in browser.cookies.items()
    } | browser.cookies
    await other.authorize(prompt="none")
    assert other.result()["error"] == "login_required"
    await browser.authorize(prompt="login")
    other.answer = browser.answer
    form = {**browser.page.hidden, "username": "ada", "password": PASSWORD, "action": "sign-in"}
    answer = await other.send("POST", f"{other.issuer}/sign-in", data=form)
    assert answer.status_code == 400
    code = await browser.code()
    assert (await other.exchange(code)).json()["error"] == "invalid_grant"
    tokens = await browser.tokens()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = await bank.http.get(f"{other.issuer}/oauth2/userinfo", headers=headers)
    assert answer.status_code == 401


async def test_a_page_is_answered_once(browser: Browser) -> None:
    """A consent sent twice gives one code."""
    await browser.authorize(scope="openid offline_access")
    await browser.sign_in()
    shown = browser.answer
    await browser.press("allow")
    assert browser.result()["code"]
    browser.answer = shown
    answer = await browser.press("allow")
    assert answer.status_code == 400
    assert "out of date" in browser.page.text


async def test_a_page_left_open_is_over_after_a_quarter_of_an_hour(
    bank: Bank, browser: Browser
) -> None:
    await browser.authorize()
    bank.clock.advance(901)
    assert (await browser.sign_in()).status_code == 400
    assert "out of date" in browser.page.text


async def test_guessing_passwords_locks_and_looks_the_same(bank: Bank, browser: Browser) -> None:
    """Unknown, wrong and locked are one message; the lock is the password grant's as well."""
    texts = []
    for login_id in ("ada", "nobody"):
        await browser.authorize()
        await browser.sign_in(login_id, "wrong password here")
        texts.append(browser.page.text)
        assert browser.answer.status_code == 200
    assert texts[0] == texts[1]
    for _ in range(10):
        await browser.sign_in("ada", "wrong password here")
    await browser.sign_in("ada")
    assert "do not match" in browser.page.text
    refused = await bank.token("mobile", grant_type="password", username="ada", password=PASSWORD)
    assert refused.status_code == 401


@pytest.mark.requirement("AC-10", "AC-11")
async def test_after_a_password_the_browser_goes_on_by_303(browser: Browser) -> None:
    await browser.authorize()
    answer = await browser.sign_in()
    assert answer.status_code == 303
    assert "access_token" not in answer.headers["location"]


async def test_hostile_text_stands_on_no_page_as_markup(bank: Bank, browser: Browser) -> None:
    nasty = '"><script>alert(1)</script>{{7*7}}'
    bank.add_application(standard_application("nasty", name=nasty, owner=nasty, is_third_party=True))
    await bank.refresh()
    await browser.authorize(client_id="nasty", login_hint=nasty, state=nasty, ui_locales="es")
    assert "<script>alert" not in browser.answer.text
    assert "49" not in browser.page.text
    await browser.sign_in(nasty, nasty)
    assert "<script>alert" not in browser.answer.text
    await browser.sign_in()
    assert "<script>alert" not in browser.answer.text
    await browser.press("allow")
    assert browser.result()["state"] == nasty
    await browser.send("GET", browser.issuer + "/account/applications")
    assert "<script>alert" not in browser.answer.text
