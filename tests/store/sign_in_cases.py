"""Two-institution cases of the pages: what a customer of 00016 began is tried at 00042."""

from contextlib import aclosing

import msgspec

from moneyer.customers.consent import consent_id
from moneyer.customers.notice import LEASE
from moneyer.customers.session import session_digest
from moneyer.grants.authorize.sign_out import CrossOff, TakeUpNotice
from moneyer.protocol import base64url
from moneyer.store.database import PostgresqlUrl
from moneyer.store.kinds import CONSENTS, FACTORS, FAMILIES, SESSIONS
from moneyer.store.postgresql.ledger import PostgresLedger
from moneyer.store.rows import request_digest
from moneyer.store.sqlite.ledger import SqliteLedger
from tests.bank import BASE, PASSWORD, Bank
from tests.browser import CALLBACK, Browser, challenge, standard_application
from tests.store.institution_cases import ONE, TWO, reader_of


async def portal(bank: Bank) -> Browser:
    """A browser at one institution, with a standard application at both."""
    bank.add_application(standard_application())
    await bank.refresh()
    return Browser(bank, ONE)


def elsewhere(browser: Browser) -> Browser:
    """The same browser at the other institution, with every cookie renamed for it as well."""
    other = Browser(browser.bank, TWO)
    renamed = {name.replace(ONE, TWO): value for name, value in browser.cookies.items()}
    other.cookies = {**browser.cookies, **renamed}
    return other


def secret_of(browser: Browser) -> bytes:
    return base64url.decode(browser.cookies[f"__Host-moneyer-session-{ONE}"].encode())


async def session(bank: Bank) -> None:
    """Opened, used and ended at one; unknown at the other."""
    browser = await portal(bank)
    await browser.code()
    digest = session_digest(secret_of(browser))
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.session(TWO, digest) is None
        assert await reader.session(ONE, digest) is not None
    bank.clock.advance(120)
    other = elsewhere(browser)
    await other.authorize(prompt="none")
    assert other.result()["error"] == "login_required"
    await other.send("GET", f"{other.issuer}/oauth2/logout")
    await browser.authorize(prompt="none")
    assert browser.result()["code"]
    await browser.send("GET", f"{browser.issuer}/oauth2/logout")
    await browser.press("sign-out")
    await browser.authorize(prompt="none")
    assert browser.result()["error"] == "login_required"


async def consent(bank: Bank) -> None:
    """Given and withdrawn at one; not there at the other."""
    browser = await portal(bank)
    tokens = await browser.tokens(scope="openid offline_access")
    name = consent_id(bank.customer_ids[ONE, "ada"], "portal")
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.consent(TWO, name) is None
        assert await reader.consent(ONE, name) is not None
    other = Browser(bank, TWO)
    await other.code(scope="openid offline_access")
    bank.clock.advance(2)
    await other.send("GET", f"{other.issuer}/account/applications")
    await other.press("disconnect", client_id="portal")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refused = await other.token(**form)
    assert refused.json()["error"] == "invalid_grant"
    assert (await browser.token(**form)).status_code == 200


async def factor(bank: Bank) -> None:
    """Set up, proven and removed at one; not there at the other, and not to be removed from there."""
    browser = await portal(bank)
    customer_id = bank.customer_ids[ONE, "ada"]
    await browser.send("GET", f"{browser.issuer}/account/security")
    await browser.sign_in()
    await browser.send("GET", f"{browser.issuer}/account/security")
    await browser.press("add-totp")
    generator, _ = await browser.set_up_totp()
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.factor(TWO, f"totp:{customer_id}") is None
        assert await reader.factor(ONE, f"totp:{customer_id}") is not None
        for kind, count in ((FACTORS, 2), (SESSIONS, 2), (CONSENTS, 0), (FAMILIES, 0)):
            assert await reader.of_customer(TWO, customer_id, kind) == []
            assert len(await reader.of_customer(ONE, customer_id, kind)) == count
    other = Browser(bank, TWO)
    await other.send("GET", f"{other.issuer}/account/security")
    await other.sign_in()
    await other.send("GET", f"{other.issuer}/account/security")
    form = {**other.page.hidden, "factor_id": f"totp:{customer_id}", "action": "remove"}
    await other.send("POST", f"{other.issuer}/account/security", data=form)
    assert "Off." in other.page.text
    bank.clock.advance(60)
    third = Browser(bank, ONE)
    await third.authorize(acr_values="urn:moneyer:acr:mfa")
    await third.sign_in()
    await third.press("totp", otp=generator.at(bank.clock.now() // 1_000_000))
    assert third.result()["code"]


async def pushed_request(bank: Bank) -> None:
    """Pushed at one; unknown at the other."""
    browser = await portal(bank)
    form = {
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    headers = {"Authorization": bank.basic("portal")}
    answer = await bank.http.post(f"{browser.issuer}/oauth2/par", data=form, headers=headers)
    assert answer.status_code == 201, answer.text
    uri = answer.json()["request_uri"]
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.stored_request(TWO, request_digest("par", uri)) is None
        assert await reader.stored_request(ONE, request_digest("par", uri)) is not None
    other = Browser(bank, TWO)
    query = f"client_id=portal&request_uri={uri}"
    refused = await other.send("GET", f"{other.issuer}/oauth2/authorize?{query}")
    assert refused.status_code == 400
    await browser.send("GET", f"{browser.issuer}/oauth2/authorize?{query}")
    await browser.sign_in()
    assert browser.result()["code"]


async def begun_with_a_password(bank: Bank) -> None:
    """A sign-in that waits for its second factor at one is nothing at the other."""
    browser = await portal(bank)
    for institution_id in (ONE, TWO):
        found = bank.admin.institutions.get(institution_id)
        policy = msgspec.structs.replace(found.policy, second_factor="always")
        bank.admin.institutions.save(msgspec.structs.replace(found, policy=policy))
    bank.change_application("mobile", institutions=(ONE, TWO))
    await bank.refresh()
    await browser.authorize()
    await browser.sign_in()
    generator, _ = await browser.set_up_totp()
    asked = await bank.token("mobile", ONE, grant_type="password", username="ada", password=PASSWORD)
    bank.clock.advance(30)
    form = {
        "grant_type": "urn:moneyer:grant-type:mfa-otp",
        "mfa_token": asked.json()["mfa_token"],
        "otp": generator.at(bank.clock.now() // 1_000_000),
    }
    assert (await bank.token("mobile", TWO, **form)).status_code == 400
    assert (await bank.token("mobile", ONE, **form)).status_code == 200


async def standard_tokens(bank: Bank) -> None:
    """A token of one is not seen, taken back or opened at the other's standard endpoints."""
    browser = await portal(bank)
    tokens = await browser.tokens(scope="openid offline_access")
    headers = {"Authorization": bank.basic("portal")}
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    other = f"{BASE}/i/{TWO}/oauth2"
    for name in ("access_token", "refresh_token"):
        form = {"token": tokens[name]}
        seen = await bank.http.post(f"{other}/introspect", data=form, headers=headers)
        assert seen.json() == {"active": False}
        await bank.http.post(f"{other}/revoke", data=form, headers=headers)
        seen = await bank.http.post(f"{browser.issuer}/oauth2/introspect", data=form, headers=headers)
        assert seen.json()["active"]
    assert (await bank.http.get(f"{other}/userinfo", headers=bearer)).status_code == 401
    mine = await bank.http.get(f"{browser.issuer}/oauth2/userinfo", headers=bearer)
    assert mine.status_code == 200


async def looks(bank: Bank) -> None:
    """Each institution has its own colours and logo."""
    found = bank.admin.institutions.get(TWO)
    brand = msgspec.structs.replace(found.brand, accent="#7a1f5c")
    bank.admin.institutions.save(msgspec.structs.replace(found, brand=brand))
    await bank.refresh()
    for path in ("brand.css", "logo.svg"):
        one, two = [(await bank.http.get(f"/i/{i}/pages/{path}")).text for i in (ONE, TWO)]
        assert "#7a1f5c" in two
        assert "#7a1f5c" not in one


async def sign_out_to_be_told(bank: Bank) -> None:
    """A session that ended at one is to be told of there; nobody at the other takes that up or away."""
    uri = "https://127.0.0.1/bye"
    bank.add_application(standard_application(backchannel_logout_uri=uri))
    await bank.refresh()
    browser = Browser(bank, ONE)
    await browser.code()
    await browser.send("GET", f"{browser.issuer}/oauth2/logout")
    await browser.press("sign-out")
    bank.clock.advance(121)
    async with aclosing(reader_of(bank)) as reader, aclosing(ledger_of(bank)) as ledger:
        (notice,) = await reader.due_notices(bank.clock.now())
        assert (notice.institution_id, notice.clients) == (ONE, ("portal",))
        forged = msgspec.structs.replace(notice, institution_id=TWO)
        taken, _ = await ledger.commit(
            [TakeUpNotice(forged), CrossOff(TWO, notice.session_id, "portal")]
        )
        assert taken is None
        assert await reader.due_notices(bank.clock.now()) == [notice]
        (taken,) = await ledger.commit([TakeUpNotice(notice)])
        assert taken is not None
        assert await reader.due_notices(bank.clock.now()) == []
        await ledger.commit([CrossOff(ONE, notice.session_id, "portal")])
        assert await reader.due_notices(bank.clock.now() + 2 * LEASE) == []


def ledger_of(bank: Bank) -> SqliteLedger | PostgresLedger:
    """A writer of a test's own, beside the service's."""
    database = bank.settings.database
    if isinstance(database, PostgresqlUrl):
        return PostgresLedger(database, bank.clock, "test")
    return SqliteLedger(database, bank.clock, "test")
