"""What V1 answers when all is well: every byte, and what the token in it says."""

import json
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from moneyer.protocol import base64url
from tests.bank import PASSWORD, Bank
from tests.v1 import classic
from tests.v1.classic import HEAD, tag

SIGN_IN = {"grant_type": "password", "username": "ada", "password": PASSWORD}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url.decode(token.split(".")[1].encode()))
    return claims


@pytest.mark.requirement("V1-01")
async def test_client_credentials_are_answered_by_three_elements(bank: Bank) -> None:
    answer = await classic.ask(bank, grant_type="client_credentials")
    access = tag(answer.text, "access_token")
    assert (answer.status_code, answer.text) == (
        200,
        f"{HEAD}<token><di_fiid>00016</di_fiid><access_token>{access}</access_token>"
        "<expires_in>1800</expires_in></token>",
    )
    classic.check_headers(list(answer.headers.raw))


@pytest.mark.requirement("V1-01")
@pytest.mark.parametrize("number", ["", "700101"], ids=["no member", "a member"])
async def test_a_password_is_answered_by_seven_elements_in_their_order(bank: Bank, number: str) -> None:
    """The member number is an element although the customer has none."""
    bank.change_customer("00016", "ada", member_number=number)
    bank.clock.advance(1)
    answer = await classic.ask(bank, **SIGN_IN)
    text = answer.text
    assert (answer.status_code, text) == (
        200,
        f"{HEAD}<token><di_fiid>00016</di_fiid>"
        f"<di_ficustomer>{bank.customer_ids['00016', 'ada']}</di_ficustomer>"
        f"<di_member_number>{number}</di_member_number>"
        f"<access_token>{tag(text, 'access_token')}</access_token><expires_in>1800</expires_in>"
        f"<refresh_token>{tag(text, 'refresh_token')}</refresh_token>"
        f"<refresh_token_expires_in>{14 * 86400}</refresh_token_expires_in></token>",
    )
    assert tag(text, "refresh_token").startswith("mrt_00016.")
    classic.check_headers(list(answer.headers.raw))


@pytest.mark.requirement("V1-01")
@pytest.mark.parametrize(
    ("stored", "written", "read"),
    [
        ("700101", "700101", "700101"),
        ("<b>&amp;\"'", "&lt;b&gt;&amp;amp;\"'", "<b>&amp;\"'"),
        ("</token>]]>", "&lt;/token&gt;]]&gt;", "</token>]]>"),
        ("Zoë 会员", "Zoë 会员", "Zoë 会员"),
        ("\x00\x0b\ufffe7", "\ufffd\ufffd\ufffd7", "\ufffd\ufffd\ufffd7"),
    ],
    ids=["plain", "markup", "an end", "other scripts", "no XML"],
)
async def test_what_an_operator_wrote_stays_text(
    bank: Bank, stored: str, written: str, read: str, store_engine: str
) -> None:
    """A member number is free text: it is escaped, and what XML cannot hold is replaced."""
    if store_engine == "postgresql" and "\x00" in stored:
        stored = stored.replace("\x00", "\x01")
    bank.change_customer("00016", "ada", member_number=stored)
    bank.clock.advance(1)
    answer = await classic.ask(bank, **SIGN_IN)
    assert tag(answer.text, "di_member_number") == written
    root = ElementTree.fromstring(answer.content)
    assert root.findtext("di_member_number") == read
    assert [child.tag for child in root] == [
        *("di_fiid", "di_ficustomer", "di_member_number", "access_token", "expires_in"),
        *("refresh_token", "refresh_token_expires_in"),
    ]


@pytest.mark.requirement("V1-01", "CC-03")
async def test_the_token_is_for_the_legacy_apis_and_has_no_scopes(bank: Bank) -> None:
    """Of an application: no customer, no family. Of a customer: the family, one factor."""
    own = claims_of(await classic.token(bank))
    issuer = "https://bank.test/i/00016"
    assert own == {
        "iss": issuer,
        "sub": "client:classic",
        "aud": f"{issuer}/legacy-apis",
        "exp": own["iat"] + 1800,
        "iat": bank.clock.now() // 1_000_000,
        "jti": own["jti"],
        "client_id": "classic",
        "scope": "",
        "institution_id": "00016",
        "gty": "client_credentials",
    }
    customers = claims_of(await classic.token(bank, **SIGN_IN))
    assert {name: customers[name] for name in ("aud", "scope", "gty", "amr", "acr", "sub")} == {
        "aud": f"{issuer}/legacy-apis",
        "scope": "",
        "gty": "password",
        "amr": ["pwd"],
        "acr": "urn:moneyer:acr:password",
        "sub": bank.customer_ids["00016", "ada"],
    }
    assert len(customers["sid"]) == 32


@pytest.mark.requirement("V1-01")
async def test_how_long_a_token_lives_is_each_applications_own(bank: Bank) -> None:
    """Half an hour unless said otherwise, whatever its tokens for the current APIs have."""
    lifetimes = bank.admin.applications.get("classic").lifetimes
    assert (lifetimes.access_token, lifetimes.legacy_token) == (600, 1800)
    changed = msgspec.structs.replace(lifetimes, legacy_token=90)
    bank.change_application("classic", lifetimes=changed)
    await bank.refresh()
    for form in ({"grant_type": "client_credentials"}, SIGN_IN):
        answer = await classic.ask(bank, **form)
        assert tag(answer.text, "expires_in") == "90"
        claims = claims_of(tag(answer.text, "access_token"))
        assert claims["exp"] - claims["iat"] == 90
    assert (await bank.token("classic", grant_type="client_credentials")).json()["expires_in"] == "600"


async def test_scopes_are_unknown_parameters(bank: Bank) -> None:
    """Neither refused nor granted, however malformed."""
    bank.change_application("classic", scopes=("accounts:read",))
    await bank.refresh()
    for tail in ("&scopes=accounts:read", "&scope=,,%22&scopes=%5C", "&scope=nobody:has"):
        answer = await classic.send(bank, classic.CC + tail)
        assert claims_of(tag(answer.text, "access_token"))["scope"] == ""


async def test_optional_headers_change_nothing(bank: Bank) -> None:
    """Addresses of both kinds; an offering; a user agent; V2's headers, which mean nothing here."""
    for name, value in (
        ("originating_ip", "203.0.113.9"),
        ("originating_ip", "2001:db8::1"),
        ("offering_id", "MOBILE-9"),
        ("user-agent", "someUserAgent"),
        ("institutionId", "00042"),
        ("institutionId", "not an id"),
        ("transactionId", "not a uuid"),
    ):
        answer = await classic.send(bank, more=((name, value),))
        assert tag(answer.text, "di_fiid") == "00016", name
        (*_, event) = bank.events("token:issued")
        assert event["source"] == "192.0.2.7"
        assert "transactionid" not in answer.headers


async def test_an_answer_has_the_id_of_its_request(bank: Bank) -> None:
    """In good and bad ones, and in the event."""
    for body in (classic.CC, "grant_type=x"):
        sent = "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"
        answer = await classic.send(bank, body, {"di_tid": sent})
        assert answer.headers["di_tid"] == sent
    assert {event["transaction_id"] for event in bank.events("token:issued")} == {sent}


async def test_events_say_that_it_was_the_legacy_endpoint(bank: Bank) -> None:
    """The same events as at V2, so that every report finds them, and who still speaks V1."""
    await classic.token(bank)
    await classic.ask(bank, **{**SIGN_IN, "password": "wrong"})
    await classic.token(bank, **SIGN_IN)
    events = [
        (event["name"], event["grant_type"], event.get("detail"))
        for event in bank.events()
        if event.get("client_id") == "classic" and "grant_type" in event
    ]
    assert events == [
        ("token:issued", "client_credentials", "legacy"),
        ("sign-in:refused", "password", "legacy"),
        ("family:opened", "password", "legacy"),
    ]
    await bank.sign_in()
    assert "detail" not in bank.events("family:opened")[-1]
