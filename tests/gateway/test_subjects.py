"""A token names its customer as its application knew them when it was struck; so do revocations."""

import pytest

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
