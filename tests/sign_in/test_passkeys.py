"""Passkeys: signing in with one, and everything that is not one."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.authenticator import PRESENT, Authenticator, text
from tests.bank import BASE, Bank
from tests.browser import Browser, claims

PHR = "urn:moneyer:acr:phr"
SECURITY = "/account/security"


async def add(browser: Browser, authenticator: Authenticator, login_id: str = "ada") -> None:
    """On the security page, after a sign-in."""
    await browser.send("GET", browser.issuer + SECURITY)
    await browser.sign_in(login_id)
    await browser.send("GET", browser.issuer + SECURITY)
    made = authenticator.create(browser.page.options["add-passkey"], BASE)
    await browser.press("add-passkey", passkey=made, label="Phone")


@pytest.fixture
async def authenticator(bank: Bank) -> Authenticator:
    """Ada's, registered in a browser that is not used any more."""
    authenticator = Authenticator()
    await add(Browser(bank), authenticator)
    return authenticator


async def use(browser: Browser, authenticator: Authenticator, **changes: Any) -> None:
    """Opens a sign-in page and answers it with the passkey."""
    await browser.authorize(scope="openid")
    origin = changes.pop("origin", BASE)
    answer = authenticator.get(browser.page.options["passkey"], origin, **changes)
    await browser.press("passkey", passkey=answer)


def is_refused(browser: Browser) -> bool:
    """The sign-in page again, and no session."""
    stays = browser.answer.status_code == 200 and "sign-in" in browser.page.buttons
    return stays and not any("session" in name for name in browser.cookies)


async def test_a_passkey_signs_in_and_is_the_strongest_proof(
    browser: Browser, authenticator: Authenticator
) -> None:
    await use(browser, authenticator)
    tokens = (await browser.exchange(browser.result()["code"])).json()
    said = claims(tokens["id_token"])
    assert (said["acr"], said["amr"]) == (PHR, ["hwk", "user", "mfa"])


async def test_a_passkey_without_a_user_handle_is_found_by_its_id(
    browser: Browser, authenticator: Authenticator
) -> None:
    await use(browser, authenticator, user=None)
    assert browser.result()["code"]


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "the origin's other scheme": {"origin": "http://bank.test"},
    "a subdomain": {"origin": "https://login.bank.test"},
    "another place": {"rp_id": "evil.example"},
    "a place above": {"rp_id": "test"},
    "the user not verified": {"flags": PRESENT},
    "nobody there": {"flags": 0},
    "another challenge": {"challenge": text(b"c" * 32)},
    "no challenge": {"challenge": ""},
    "a registration": {"kind": "webauthn.create"},
    "another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "another user": {"user": b"x" * 16},
    "a count that stands": {"count": 1},
    "a count that goes back": {"count": 0},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
async def test_what_is_not_exactly_this_passkey_here_and_now_is_refused(
    bank: Bank, browser: Browser, authenticator: Authenticator, changes: dict[str, Any]
) -> None:
    """One part is wrong, all the rest and the signature over it are right; the passkey itself still
    works, since a forgery does not use it up."""
    await use(browser, authenticator, **changes)
    assert is_refused(browser)
    await use(browser, authenticator)
    assert browser.result()["code"]


async def test_a_count_that_goes_back_after_many_uses_is_a_copy(
    bank: Bank, authenticator: Authenticator
) -> None:
    """WebAuthn section 6.1.1: a cloned authenticator counts from where it was cloned."""
    authenticator.count = 41
    await use(Browser(bank), authenticator)
    clone = Browser(bank)
    await use(clone, authenticator, count=41)
    assert is_refused(clone)
    await use(clone, authenticator, count=43)
    assert clone.result()["code"]


async def test_an_answer_is_good_once_and_on_its_own_page(
    bank: Bank, authenticator: Authenticator
) -> None:
    """Sent again it is refused; so it is on another page, and in another browser."""
    first, other = Browser(bank), Browser(bank)
    await first.authorize(scope="openid")
    await other.authorize(scope="openid")
    shown = first.answer
    answer = authenticator.get(first.page.options["passkey"], BASE)
    await other.press("passkey", passkey=answer)
    assert is_refused(other)
    await first.press("passkey", passkey=answer)
    assert first.result()["code"]
    first.cookies = {name: v for name, v in first.cookies.items() if "session" not in name}
    first.answer = shown
    await first.press("passkey", passkey=answer)
    assert is_refused(first)


async def test_a_passkey_is_its_own_institutions(bank: Bank, authenticator: Authenticator) -> None:
    """Both banks stand at one host, so the browser offers it to both."""
    other = Browser(bank, "00042")
    await other.authorize(scope="openid")
    answer = authenticator.get(other.page.options["passkey"], BASE)
    await other.press("passkey", passkey=answer)
    assert is_refused(other)


async def test_a_customers_passkey_proves_nothing_for_another(
    bank: Bank, browser: Browser, authenticator: Authenticator
) -> None:
    """As a second factor after somebody else's password."""
    own = Authenticator()
    await add(Browser(bank), own, "biz")
    await browser.authorize(scope="openid", acr_values=PHR)
    await browser.sign_in("biz")
    options = browser.page.options["passkey"]
    assert [c["id"] for c in options["allowCredentials"]] == [text(own.credential_id)]
    await browser.press("passkey", passkey=authenticator.get(options, BASE))
    assert "could not be used here" in browser.page.text
    await browser.press("passkey", passkey=own.get(browser.page.options["passkey"], BASE))
    assert browser.result()["code"]


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "x",
        "{}",
        "[]",
        "null",
        '{"rawId":"AA","response":{}}',
        '{"rawId":7}',
        "[" * 5000,
        "a" * 20000,
    ],
    ids=lambda junk: junk[:10],
)
async def test_nonsense_is_refused_like_a_wrong_passkey(browser: Browser, junk: str) -> None:
    await browser.authorize(scope="openid")
    await browser.press("passkey", passkey=junk)
    assert browser.answer.status_code in {200, 400}
    assert not any("session" in name for name in browser.cookies)


# ---- registering


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT | 0x40},
        {"challenge": text(b"c" * 32)},
    ],
    ids=str,
)
async def test_a_registration_that_is_wrong_in_a_part_adds_nothing(
    browser: Browser, changes: dict[str, Any]
) -> None:
    authenticator = Authenticator()
    await browser.send("GET", browser.issuer + SECURITY)
    await browser.sign_in()
    await browser.send("GET", browser.issuer + SECURITY)
    given = {"origin": BASE, **changes}
    made = authenticator.create(browser.page.options["add-passkey"], **given)
    await browser.press("add-passkey", passkey=made, label="Phone")
    assert "Phone" not in browser.page.text
    other = Browser(browser.bank)
    await use(other, authenticator)
    assert is_refused(other)


async def test_nobody_registers_a_credential_that_is_there_already(
    bank: Bank, browser: Browser, authenticator: Authenticator
) -> None:
    """WebAuthn section 7.1: a second customer with Ada's credential id, under a key of their own,
    neither gets it nor takes it from her."""
    thief = Authenticator()
    thief.credential_id = authenticator.credential_id
    await add(browser, thief, "biz")
    assert "Keep these codes safe" not in browser.page.text
    other = Browser(bank)
    await use(other, thief)
    assert is_refused(other)
    await use(other, authenticator)
    assert other.result()["code"]


async def test_a_removed_passkey_opens_nothing(bank: Bank, authenticator: Authenticator) -> None:
    browser = Browser(bank)
    await browser.send("GET", browser.issuer + SECURITY)
    answer = authenticator.get(browser.page.options["passkey"], BASE)
    await browser.press("passkey", passkey=answer)
    await browser.send("GET", browser.issuer + SECURITY)
    factor_id = f"pk:{text(authenticator.credential_id)}"
    await browser.press("remove", factor_id=factor_id)
    other = Browser(bank)
    await use(other, authenticator)
    assert is_refused(other)


def test_the_authenticator_is_one() -> None:
    """Its answers are JSON with the members that browsers send."""
    options = {"challenge": text(b"c" * 32), "rpId": "bank.test"}
    said = msgspec.json.decode(Authenticator().get(options, BASE))
    assert {"id", "rawId", "type", "response"} <= said.keys()
