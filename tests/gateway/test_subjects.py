"""A token names its customer as its application knew them when it was struck; so do revocations."""

import asyncio

import pytest

from moneyer.applications.application import Application
from moneyer.gateway.guard import Guard
from tests.bank import Bank
from tests.browser import Browser, standard_application
from tests.gateway.calls import check, refused


@pytest.mark.parametrize("was_third_party", [True, False])
async def test_a_customer_is_signed_out_where_the_application_has_changed_sides(
    bank: Bank, guard: Guard, *, was_third_party: bool
) -> None:
    """A third party that is one no longer, or the reverse: its tokens go on to name who they named."""
    bank.change_application("web", is_third_party=was_third_party)
    await bank.refresh()
    token = (await bank.exchange(await bank.code())).json()["access_token"]
    await check(guard, token)
    bank.change_application("web", is_third_party=not was_third_party)
    await bank.refresh()
    bank.clock.advance(1)
    bank.change_customer("00016", "ada")
    assert await refused(guard, token) == "customer-signed-out"


@pytest.mark.parametrize("was_third_party", [True, False])
async def test_a_consent_is_withdrawn_where_the_application_has_changed_sides(
    bank: Bank, guard: Guard, *, was_third_party: bool
) -> None:
    asked = standard_application(is_third_party=was_third_party, consent_enabled=True)
    bank.add_application(asked)
    await bank.refresh()
    browser = Browser(bank)
    token = (await browser.tokens(scope="openid accounts:read"))["access_token"]
    await check(guard, token)
    bank.change_application("portal", is_third_party=not was_third_party)
    await bank.refresh()
    bank.clock.advance(1)
    await browser.send("GET", browser.issuer + "/account/applications")
    await browser.press("disconnect", client_id="portal")
    assert await refused(guard, token) == "consent-withdrawn"


async def introspected(bank: Bank, token: str) -> bool:
    """Whether the service itself says that a token is good."""
    answer = await bank.http.post(
        "/i/00016/oauth2/introspect",
        data={"token": token},
        headers={"Authorization": bank.basic("apis")},
    )
    return bool(answer.json()["active"])


@pytest.mark.parametrize("meanwhile", [{}, {"is_third_party": False}], ids=["as-ever", "changed-sides"])
async def test_a_customer_is_signed_out_while_a_third_party_may_not_act(
    bank: Bank, guard: Guard, meanwhile: dict[str, bool]
) -> None:
    """It may again before its tokens have ended."""
    bank.change_application("web", is_third_party=True)
    await bank.refresh()
    token = (await bank.exchange(await bank.code())).json()["access_token"]
    await check(guard, token)
    bank.clock.advance(1)
    bank.change_application("web", institutions=("00042",), **meanwhile)
    await bank.refresh()
    assert await refused(guard, token) == "application-may-not-act"
    bank.change_customer("00016", "ada")
    await asyncio.sleep(0.5)
    bank.change_application("web", institutions=("00016", "00042"))
    await bank.refresh()
    bank.clock.advance(10)
    await asyncio.sleep(0.5)
    assert await refused(guard, token) == "customer-signed-out"
    assert not await introspected(bank, token)


async def test_a_third_party_that_moves_knows_its_customers_by_the_same_names(
    bank: Bank, guard: Guard
) -> None:
    """Its sector stays (OpenID Connect Core section 8.1); a sign-out reaches the tokens of before."""
    bank.change_application("web", is_third_party=True)
    await bank.refresh()
    token = (await bank.exchange(await bank.code())).json()["access_token"]
    before = await check(guard, token)
    bank.change_application("web", redirect_uris=("https://elsewhere.example/callback",))
    await bank.refresh()
    assert await introspected(bank, token)
    code = await bank.code(redirect_uri="https://elsewhere.example/callback")
    later = await bank.exchange(code, redirect_uri="https://elsewhere.example/callback")
    after = await check(guard, later.json()["access_token"])
    assert after.subject == before.subject != after.customer_id == before.customer_id
    bank.clock.advance(1)
    bank.change_customer("00016", "ada")
    assert await refused(guard, token) == "customer-signed-out"


@pytest.mark.parametrize(
    ("uris", "sector"),
    [
        (("https://one.example/a", "https://one.example/b"), "one.example"),
        (("com.example.app:/callback",), "portal"),
        (("http://127.0.0.1/callback",), "portal"),
        (("http://[::1]/callback",), "portal"),
        ((), "portal"),
    ],
)
def test_what_is_nobodys_host_is_nobodys_sector(uris: tuple[str, ...], sector: str) -> None:
    """Two native applications could else compare their customers."""
    assert Application("portal", "Portal", (), redirect_uris=uris).sector == sector


async def test_a_sector_stays_whatever_an_application_becomes_meanwhile(bank: Bank) -> None:
    bank.change_application("web", is_third_party=True)
    bank.change_application("web", is_third_party=False)
    bank.change_application(
        "web", is_third_party=True, redirect_uris=("https://elsewhere.example/callback",)
    )
    bank.change_application("web", name="Another")
    assert bank.admin.applications.get("web").sector == "web.example"
