"""Get FI Customer, legacy accounts, destinations; and whose a call may be about, in every call."""

from pathlib import Path
from urllib.parse import quote

import pytest

from moneyer.gateway.refusals import CannotTell, InstitutionMismatch
from moneyer.sandbox.bank.books.changes import (
    AlertSetting,
    AlertSettingSaved,
    Preference,
    PreferenceSaved,
)
from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.legacy.window import ADA, BEN, CLARA, HARBOR_ADA, Window, asking

ABOUT_SOMEONE = [o.name for o in OPERATIONS if o.names_a_customer]
NOT_OTHERS = (401, "90001", "di_ficustomer not authorized", "APP_ERROR")
NOT_THERE = (401, "90001", "di_fiid not authorized", "APP_ERROR")
NOBODY = (404, "90002", "FICustomer does not exist", "APP_ERROR")


@pytest.mark.parametrize(
    ("id_type", "name"),
    [
        ("GUID", ADA),
        ("MEMNUMBER", "700101"),
        ("LOGINID", "ada.marsh"),
        ("HOSTID", "H1000001"),
        ("", ADA),
    ],
)
@pytest.mark.parametrize("token", ["bank", "ada"])
async def test_a_customer_goes_by_four_names(
    window: Window, id_type: str, name: str, token: str
) -> None:
    query = f"fiCustomerIdType={id_type}&operation=getPFMUser"
    said = await window.ask("getFiCustomer", "00016", name, query=query, token=token)
    assert (said.status, said.text("id")) == (200, ADA)
    assert said.text("channelInfos/channelInfo/credential/loginId") == "ada.marsh"


@pytest.mark.parametrize("id_type", ["guid", "EMAIL", "x" * 33, quote("GÜID")])
async def test_a_fifth_name_there_is_not(window: Window, id_type: str) -> None:
    said = await window.ask("getFiCustomer", query=f"fiCustomerIdType={id_type}")
    assert said.refusal == (400, "90002", "Query param 'fiCustomerIdType' invalid", "USER_ERROR")


@pytest.mark.parametrize("name", ABOUT_SOMEONE)
async def test_with_an_institutions_token_the_path_names_the_customer(
    window: Window, name: str
) -> None:
    for customer_id in (ADA, BEN, CLARA):
        assert (await window.ask(name, "00016", customer_id)).status < 300
    for nobody in ("0" * 32, HARBOR_ADA, "ada.marsh", "x", "é"):
        assert (await window.ask(name, "00016", nobody)).refusal == NOBODY


@pytest.mark.requirement("V1-08")
@pytest.mark.parametrize("name", ABOUT_SOMEONE)
async def test_a_customers_token_is_for_that_customer_alone(window: Window, name: str) -> None:
    """Whether another one exists is not told."""
    assert (await window.ask(name, "00016", ADA, token="ada")).status < 300
    for other in (BEN, CLARA, HARBOR_ADA, "0" * 32, "x"):
        said = await window.ask(name, "00016", other, token="ada")
        assert said.refusal == NOT_OTHERS
        assert said.headers.get("www-authenticate") is None


@pytest.mark.requirement("V1-08")
@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
async def test_the_institution_in_the_path_is_the_tokens(window: Window, name: str) -> None:
    """As one institution and as another, the customers of each, and never across."""
    before = window.books.state.count
    for token, path, customer_id in (
        ("bank", "00042", HARBOR_ADA),
        ("bank", "00042", ADA),
        ("ada", "00042", ADA),
        ("harbor", "00016", ADA),
        ("bank", "16", ADA),
        ("bank", "00016 ", ADA),
    ):
        said = await window.ask(name, path, customer_id, token=token)
        assert said.refusal == NOT_THERE
        assert said.headers["www-authenticate"].startswith("Bearer ")
    assert window.books.state.count == before
    assert (await window.ask(name, "00042", HARBOR_ADA, token="harbor")).status < 300
    if name in ABOUT_SOMEONE:
        assert (await window.ask(name, "00042", ADA, token="harbor")).refusal == NOBODY


async def test_a_guard_that_finds_another_institution_is_said_alike(window: Window) -> None:
    window.guard.failure = InstitutionMismatch("other")
    assert (await window.ask("getFiCustomer")).refusal == NOT_THERE


async def test_who_cannot_be_judged_is_asked_to_wait(window: Window) -> None:
    window.guard.failure = CannotTell("keys-unknown", 7)
    said = await window.ask("getFiCustomer")
    assert said.refusal == (503, "90003", "Internal Service Error", "SYSTEM_ERROR")
    assert said.headers["retry-after"] == "7"


async def test_the_guard_is_asked_for_the_legacy_audience_and_hears_nothing_of_v2(
    window: Window,
) -> None:
    """V2's ways to name an institution or a customer mean nothing here."""
    headers = {"institutionid": "00042", "institutioncustomerid": "x", "transactionid": "no"}
    asked = asking("getFiCustomer", query="loginId=ben.okafor&hostUserId=H1", headers=headers)
    assert (await window.say(asked)).text("id") == ADA
    ((call, route),) = window.guard.asked
    assert [name for name, _ in call.headers] == [b"authorization"]
    assert (call.query, route.audience, route.scopes) == (b"", "legacy-apis", ())


async def test_a_disabled_customer_is_shown_on_hold_and_has_nothing(window: Window) -> None:
    window.register.disable(ADA)
    said = await window.ask("getFiCustomer")
    status = "channelInfos/channelInfo/userStatus"
    assert (said.text(f"{status}/active"), said.text(f"{status}/onHold")) == ("false", "true")
    for name in ABOUT_SOMEONE:
        if name != "getFiCustomer":
            assert (await window.ask(name)).refusal == NOBODY


async def test_accounts_of_a_person_and_of_a_business(window: Window) -> None:
    """Six kinds of a household; for a business login the accounts of all its businesses."""
    person = (await window.ask("listLegacyAccounts")).xml.findall("account")
    assert [one.findtext("accountType") for one in person][:2] == ["CHECKING", "SAVINGS"]
    assert all(len(one.findtext("accountNumber/displayValue") or "") == 4 for one in person)
    card = next(one for one in person if one.findtext("accountType") == "CREDIT_CARD_LOAN")
    assert card.findtext("transferRestriction") == "EXCLUDE_AS_FROM"
    business = (await window.ask("listLegacyAccounts", "00016", CLARA)).xml.findall("account")
    ids = [one.findtext("id") for one in business]
    assert len(set(ids)) == len(ids) > 5
    assert not set(ids) & {one.findtext("id") for one in person}


def prefer(window: Window, number: int, kind: str, channel: str, opted: bool = True) -> None:
    preference = Preference(number, kind, channel, opted)
    window.books.record(PreferenceSaved("00016", ADA, preference))


async def test_destinations_are_where_alerts_go(window: Window) -> None:
    """By e-mail and by telephone, as far as the customer wants it and the institution does it."""

    async def told() -> list[tuple[str | None, str | None, list[str | None]]]:
        said = await window.ask("listDestinations")
        return [
            (
                one.findtext("protocol"),
                one.findtext("activated"),
                [kind.text for kind in one.findall("alertTypeName")],
            )
            for one in said.xml
        ]

    assert await told() == [("EMAIL", "false", []), ("SMS", "false", [])]
    prefer(window, 1, "SECURITY_NOTICE", "EMAIL")
    prefer(window, 2, "LOW_BALANCE", "EMAIL")
    prefer(window, 3, "TRANSFER_SENT", "SMS", opted=False)
    prefer(window, 4, "TRANSFER_SENT", "PUSH")
    assert await told() == [
        ("EMAIL", "true", ["LOW_BALANCE", "SECURITY_NOTICE"]),
        ("SMS", "false", []),
    ]
    window.books.record(AlertSettingSaved("00016", AlertSetting("LOW_BALANCE", True, ("SMS",))))
    window.books.record(AlertSettingSaved("00016", AlertSetting("SECURITY_NOTICE", False, ("EMAIL",))))
    assert await told() == [("EMAIL", "false", []), ("SMS", "false", [])]


async def test_a_base_path_precedes_everything(tmp_path: Path, clock: TestClock) -> None:
    window = Window(tmp_path, clock, base_path="/digitalbanking")
    asked = asking("getFiCustomer")
    assert await window.answer(asked.request()) is None
    asked.path = f"/digitalbanking{asked.path}"
    assert (await window.say(asked)).status == 200
    window.books.close()
