"""V1's tokens and V2's are two worlds: what one opens the other refuses, and V1 renews nothing."""

from typing import Any, NamedTuple

import httpx
import pytest

from moneyer.applications.application import Application
from moneyer.institutions.institution import GRANT_TYPES
from tests.bank import DAY, PASSWORD, Bank, TestClock
from tests.v1 import classic
from tests.v1.classic import tag

SIGN_IN: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
ISSUER = "/i/00016/oauth2"


class Issued(NamedTuple):
    """What a password at V1 gave."""

    access: str
    refresh: str


async def sign_in(bank: Bank, client_id: str = "classic") -> Issued:
    answer = await classic.ask(bank, client_id=client_id, **SIGN_IN)
    assert answer.status_code == 200, answer.text
    return Issued(tag(answer.text, "access_token"), tag(answer.text, "refresh_token"))


async def look(bank: Bank, token: str, client_id: str = "classic") -> dict[str, Any]:
    """What introspection says to `client_id`."""
    answer = await bank.http.post(
        f"{ISSUER}/introspect", data={"token": token}, headers={"Authorization": bank.basic(client_id)}
    )
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    assert said["active"] or said == {"active": False}
    return said


async def is_live(bank: Bank, token: str, client_id: str = "classic") -> bool:
    return bool((await look(bank, token, client_id))["active"])


@pytest.fixture
async def both_ways(bank: Bank) -> Bank:
    """`hybrid` speaks V1 and V2, with every grant; beside it a resource server of the legacy side."""
    until = bank.clock.now() + 365 * DAY * 1_000_000
    for application in (
        Application(
            "hybrid",
            "Hybrid",
            GRANT_TYPES,
            ("accounts:read", "openid"),
            ("00016",),
            ("https://hybrid.example/",),
            password_until=until,
            is_legacy=True,
            is_sign_in_page=True,
        ),
        Application(
            "old-apis",
            "Old APIs",
            (),
            institutions=("00016",),
            is_resource_server=True,
            is_legacy=True,
        ),
    ):
        bank.add_application(application)
    await bank.refresh()
    return bank


async def at_our_resources(bank: Bank, token: str) -> list[httpx.Response]:
    """What userinfo and the back channel say to a bearer."""
    bearer = {"Authorization": f"Bearer {token}", "institutionId": "00016"}
    form = {"client_id": "web", "username": "ada", "scopes": "accounts:read"}
    form["institution_user_id"] = bank.customer_ids["00016", "ada"]
    return [
        await bank.http.get(f"{ISSUER}/userinfo", headers=bearer),
        await bank.http.post("/v1/client-authorization", data={"client_id": "web"}, headers=bearer),
        await bank.http.post("/v1/auth-code", data=form, headers=bearer),
    ]


@pytest.mark.requirement("V1-04", "JW-08")
async def test_a_v1_token_opens_none_of_our_own_resources(both_ways: Bank) -> None:
    """Though its application may do all of it with a token of V2."""
    bank = both_ways
    cc: dict[str, Any] = {"grant_type": "client_credentials"}
    for token in (
        tag((await classic.ask(bank, client_id="hybrid", **cc)).text, "access_token"),
        (await sign_in(bank, "hybrid")).access,
    ):
        userinfo, authorization, code = await at_our_resources(bank, token)
        assert (userinfo.status_code, userinfo.json()["error"]) == (401, "invalid_token")
        for answer in (authorization, code):
            assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90018")
    current = (await bank.token("hybrid", **cc)).json()["access_token"]
    _, authorization, code = await at_our_resources(bank, current)
    assert (authorization.status_code, code.status_code) == (200, 200)


@pytest.mark.requirement("V1-04", "IN-02")
async def test_introspection_calls_a_token_active_where_it_opens_something(both_ways: Bank) -> None:
    """To its own application; to a resource server of its own side, and to none of the other."""
    bank = both_ways
    old = (await sign_in(bank, "hybrid")).access
    new = (await bank.token("hybrid", grant_type="client_credentials")).json()["access_token"]
    seen = {
        (asking, name): await is_live(bank, token, asking)
        for asking in ("hybrid", "apis", "old-apis", "classic")
        for name, token in (("old", old), ("new", new))
    }
    assert seen == {
        ("hybrid", "old"): True,
        ("hybrid", "new"): True,
        ("apis", "old"): False,
        ("apis", "new"): True,
        ("old-apis", "old"): True,
        ("old-apis", "new"): False,
        ("classic", "old"): False,
        ("classic", "new"): False,
    }
    said = await look(bank, old, "old-apis")
    assert said["aud"] == "https://bank.test/i/00016/legacy-apis"
    assert (said["scope"], said["client_id"]) == ("", "hybrid")


@pytest.mark.requirement("V1-05", "RT-01")
async def test_a_family_of_v1_is_renewed_nowhere(both_ways: Bank) -> None:
    """Neither at V2, nor the standard endpoint, nor V1, with the grant registered; and it lives on."""
    bank = both_ways
    issued = await sign_in(bank, "hybrid")
    form: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": issued.refresh}
    for _ in range(2):
        for place in ("00016", None):
            answer = await bank.token("hybrid", place, **form)
            assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90016")
        headers = {"Authorization": bank.basic("hybrid")}
        answer = await bank.http.post(f"{ISSUER}/token", data=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        classic.refused(await classic.ask(bank, client_id="hybrid", **form), classic.GRANT_TYPE)
        bank.clock.advance(120)
    assert not await is_live(bank, issued.refresh, "hybrid")
    assert await is_live(bank, issued.access, "hybrid")
    assert {event["reason"] for event in bank.events("refresh:refused")} == {"family-legacy"}
    current = (await bank.sign_in("hybrid"))["refresh_token"]
    assert (await bank.renew(current, "hybrid")).status_code == 200


@pytest.mark.requirement("V1-05", "RV-04")
@pytest.mark.parametrize("door", ["v2 DELETE", "v2 POST", "standard"])
@pytest.mark.parametrize("which", ["access", "refresh"])
async def test_revoking_either_token_ends_the_access_token(bank: Bank, door: str, which: str) -> None:
    """By its own application alone."""
    issued, other = await sign_in(bank), await sign_in(bank)
    token = getattr(issued, which)
    assert (await bank.revoke(token, "mobile")).status_code == 204
    assert await is_live(bank, issued.access)
    if door == "standard":
        url, headers = f"{ISSUER}/revoke", {"Authorization": bank.basic("classic")}
        assert (await bank.http.post(url, data={"token": token}, headers=headers)).status_code == 200
    else:
        assert (await bank.revoke(token, "classic", door.partition(" ")[2])).status_code == 204
    assert not await is_live(bank, issued.access)
    assert await is_live(bank, other.access)


@pytest.mark.requirement("V1-05", "RT-09")
async def test_a_customers_end_is_the_end_of_their_v1_tokens(bank: Bank) -> None:
    """A changed password, a disabled customer; another customer's tokens live on."""
    bank.add_customer("00016", "bob")
    issued = await sign_in(bank)
    form = {**SIGN_IN, "username": "bob"}
    bobs = tag((await classic.ask(bank, **form)).text, "access_token")
    bank.change_customer("00016", "ada", password_hash="")
    assert not await is_live(bank, issued.access)
    assert await is_live(bank, bobs)


@pytest.mark.requirement("V1-06")
async def test_an_application_that_is_legacy_no_more_has_no_live_v1_token(bank: Bank) -> None:
    issued, own = await sign_in(bank), await classic.token(bank)
    bank.change_application("classic", is_legacy=False)
    await bank.refresh()
    assert not await is_live(bank, issued.access)
    assert not await is_live(bank, own)
    bank.change_application("classic", is_legacy=True)
    await bank.refresh()
    assert await is_live(bank, issued.access)
    assert await is_live(bank, own)


@pytest.mark.requirement("V1-05")
async def test_a_v1_token_ends_after_half_an_hour(bank: Bank, clock: TestClock) -> None:
    issued = await sign_in(bank)
    clock.advance(1799)
    assert await is_live(bank, issued.access)
    clock.advance(1)
    assert not await is_live(bank, issued.access)


async def test_a_token_of_one_institution_is_anothers_in_v1_too(bank: Bank) -> None:
    """`classic` is entitled to both, and its tokens each to one."""
    tokens = {place: await classic.token(bank, place) for place in ("00016", "00042")}
    for place in tokens:
        for own, token in tokens.items():
            answer = await bank.http.post(
                f"/i/{place}/oauth2/introspect",
                data={"token": token},
                headers={"Authorization": bank.basic("classic")},
            )
            assert answer.json()["active"] is (own == place)
