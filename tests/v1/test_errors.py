"""The error table of V1, row by row, to the byte; and the order in which the rows are reached."""

import asyncio
import base64
from itertools import combinations
from typing import Any, NamedTuple

import msgspec
import pytest
import sqlalchemy as sa
import structlog

from moneyer.institutions.institution import Policy
from moneyer.store.engine import is_postgresql, writing
from tests.bank import PASSWORD, Bank
from tests.v1 import classic
from tests.v1.classic import CC, Row, refused

SIGN_IN: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
PASSWORD_FORM = "grant_type=password&username=ada&password=x"


class Fault(NamedTuple):
    """One thing that is wrong with a request, and what is answered. `part` is what it spoils."""

    row: Row
    sent: dict[str, Any]
    part: str = ""


WRONG = "Basic Y2xhc3NpYzp3cm9uZw=="

FAULTS = {
    "another method": Fault(classic.METHOD, {"method": "PUT"}),
    "another media type": Fault(classic.HEADER, {"changes": {"Content-Type": "text/plain"}}, "media"),
    "no media type": Fault(classic.HEADER, {"changes": {"Content-Type": None}}, "media"),
    "compressed": Fault(classic.HEADER, {"changes": {"Content-Encoding": "gzip"}}, "media"),
    "too large": Fault(classic.SIZE, {"body": CC + "&p=" + "x" * 40_000}, "body"),
    "a secret in the URL": Fault(classic.FORM, {"query": "?password=x"}),
    "no di_tid": Fault(classic.TRANSACTION, {"changes": {"di_tid": None}}, "di_tid"),
    "di_tid no UUID": Fault(classic.TRANSACTION, {"changes": {"di_tid": "42"}}, "di_tid"),
    "di_fiid malformed": Fault(classic.INSTITUTION, {"changes": {"di_fiid": "0-1"}}, "di_fiid"),
    "originating_ip": Fault(classic.ORIGINATING, {"changes": {"originating_ip": "here"}}),
    "no di_fiid": Fault(classic.INSTITUTION, {"changes": {"di_fiid": None}}, "di_fiid"),
    "no credentials": Fault(classic.CLIENT, {"changes": {"Authorization": None}}, "client"),
    "wrong secret": Fault(classic.CLIENT, {"changes": {"Authorization": WRONG}}, "client"),
    "not legacy": Fault(classic.NOT_PERMITTED, {"client_id": "mobile"}, "client"),
    "not entitled": Fault(classic.NOT_ENTITLED, {"institution_id": "00099"}, "di_fiid"),
    "a broken form": Fault(classic.FORM, {"body": CC + "&x=%"}, "body"),
    "a parameter twice": Fault(classic.FORM, {"body": CC + "&a=1&a=2"}, "body"),
    "two identities": Fault(classic.FORM, {"body": CC + "&client_secret=x"}, "body"),
    "another client_id": Fault(classic.FORM, {"body": CC + "&client_id=x"}, "body"),
    "no grant_type": Fault(classic.GRANT_TYPE, {"body": ""}, "body"),
    "grant_type unknown": Fault(classic.GRANT_TYPE, {"body": "grant_type=implicit"}, "body"),
    "grant_type not of V1": Fault(
        classic.GRANT_TYPE, {"body": "grant_type=refresh_token&refresh_token=x"}, "body"
    ),
    "grant_type of the second factor": Fault(
        classic.GRANT_TYPE, {"body": "grant_type=urn:moneyer:grant-type:mfa-otp"}, "body"
    ),
    "grant_type not ASCII": Fault(classic.GRANT_TYPE, {"body": "grant_type=%C3%A9"}, "body"),
    "no username": Fault(classic.USERNAME, {"body": "grant_type=password&password=x"}, "body"),
    "username malformed": Fault(
        classic.USERNAME, {"body": "grant_type=password&username=a%0Ab&password=x"}, "body"
    ),
    "no password": Fault(classic.PASSWORD, {"body": "grant_type=password&username=ada"}, "body"),
    "password malformed": Fault(
        classic.PASSWORD, {"body": "grant_type=password&username=ada&password=a%00b"}, "body"
    ),
    "a wrong password": Fault(classic.CUSTOMER, {"body": PASSWORD_FORM}, "body"),
    "nobody": Fault(
        classic.CUSTOMER, {"body": "grant_type=password&username=nobody&password=x"}, "body"
    ),
}
"""In the order in which they are found out."""


@pytest.mark.requirement("V1-02", "TE-18", "TE-14", "TE-10")
@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_answered_by_its_row(bank: Bank, name: str) -> None:
    fault = FAULTS[name]
    answer = await classic.send(bank, **fault.sent)
    refused(answer, fault.row)
    assert answer.headers.get("allow") == ("POST" if fault.row is classic.METHOD else None)


@pytest.mark.requirement("V1-02", "TE-10")
async def test_of_two_faults_the_earlier_one_is_told(bank: Bank) -> None:
    """Nothing about the form is revealed before the application has proven itself."""
    for one, two in combinations(FAULTS.values(), 2):
        if one.part and one.part == two.part:
            continue
        sent = {**two.sent, **one.sent}
        sent["changes"] = {**two.sent.get("changes", {}), **one.sent.get("changes", {})}
        refused(await classic.send(bank, **sent), one.row)
        bank.clock.advance(61)


@pytest.mark.requirement("V1-06", "TE-17")
async def test_what_an_application_may_not_do(bank: Bank) -> None:
    """Each kind of grant that is missing, off or at its end; an address; an application disabled."""
    cc: dict[str, Any] = {"grant_type": "client_credentials"}
    for changes, form, row in (
        ({"grants": ("password",)}, cc, classic.NO_CREDENTIALS_GRANT),
        ({"grants": ("client_credentials",)}, SIGN_IN, classic.NOT_PERMITTED),
        ({"password_until": None}, SIGN_IN, classic.NOT_PERMITTED),
        ({"password_until": bank.clock.now()}, SIGN_IN, classic.NOT_PERMITTED),
        ({"allowed_addresses": ("198.51.100.0/24",)}, cc, classic.ADDRESS),
        ({"status": "disabled"}, cc, classic.NOT_PERMITTED),
        ({"is_legacy": False}, cc, classic.NOT_PERMITTED),
        ({"institutions": ("00042",)}, cc, classic.NOT_ENTITLED),
    ):
        before = bank.admin.applications.get("classic")
        bank.change_application("classic", **changes)
        await bank.refresh()
        refused(await classic.ask(bank, **form), row)
        bank.admin.applications.save(before)
    institution = bank.admin.institutions.get("00016")
    policy = Policy(grants=("refresh_token",))
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()
    refused(await classic.ask(bank, **cc), classic.NO_CREDENTIALS_GRANT)
    refused(await classic.ask(bank, **SIGN_IN), classic.NOT_PERMITTED)
    assert not bank.events("token:issued")
    refused_then = bank.events("request:refused")
    assert len(refused_then) == 8, "what is refused before the application is proven is no decision"


@pytest.mark.requirement("CA-04", "CA-08", "CA-10")
async def test_only_basic_proves_an_application_and_a_failure_says_no_more(bank: Bank) -> None:
    """Unknown, wrong, malformed, of another scheme: the same bytes; two at once are 400."""
    secret = bank.secrets["classic"]
    pairs = ("classic:wrong", "nobody:wrong", f"nobody:{secret}", "%zz:x", "classic", "classic:", "")
    values = [f"Basic {base64.b64encode(pair.encode()).decode()}" for pair in pairs]
    values += ["Basic", "Basic !!!", f"Bearer {await classic.token(bank)}", "Digest x", ""]
    answers = [await classic.send(bank, CC, {"Authorization": value}) for value in values]
    for answer in answers:
        refused(answer, classic.CLIENT)
    good = bank.basic("classic")
    refused(await classic.send(bank, CC, {"Authorization": f"{good}, {good}"}), classic.HEADER)
    body = f"{CC}&client_id=classic&client_secret={secret}"
    refused(await classic.send(bank, body, {"Authorization": None}), classic.CLIENT)


async def test_an_institution_that_is_anothers_unknown_or_disabled_is_one_answer(bank: Bank) -> None:
    bank.change_application("classic", institutions=("00016",))
    other = bank.admin.institutions.get("00042")
    for status in ("active", "disabled"):
        bank.admin.institutions.save(msgspec.structs.replace(other, status=status))
        await bank.refresh()
        for place in ("00042", "99999"):
            refused(await classic.ask(bank, place, **SIGN_IN), classic.NOT_ENTITLED)


@pytest.mark.requirement("TE-02")
async def test_plain_http_is_refused(bank: Bank) -> None:
    headers = classic.headers_of(bank)
    answer = await bank.http.post(f"http://bank.test{classic.PATH}", content=CC, headers=headers)
    refused(answer, classic.TRANSPORT)


@pytest.mark.requirement("V1-02", "TE-18", "CA-09")
async def test_the_21st_wrong_secret_within_a_minute_is_a_quota(bank: Bank) -> None:
    for _ in range(20):
        refused(await classic.send(bank, CC, {"Authorization": WRONG}), classic.CLIENT)
    answer = await classic.send(bank, CC, {"Authorization": WRONG})
    refused(answer, classic.QUOTA)
    refused(await classic.send(bank), classic.QUOTA)
    bank.clock.advance(int(answer.headers["retry-after"]))
    assert (await classic.send(bank)).status_code == 200


@pytest.mark.requirement("V1-02", "TE-18")
async def test_a_full_password_queue_is_a_spike(closed_bank: Bank) -> None:
    small = msgspec.structs.replace(closed_bank.settings.passwords, threads=1, queue=0)
    async with closed_bank.open(passwords=small) as bank:
        answers = await asyncio.gather(*(classic.ask(bank, **SIGN_IN) for _ in range(6)))
        waiting = [answer for answer in answers if answer.status_code != 200]
        assert 1 <= len(waiting) < 6
        for answer in waiting:
            refused(answer, classic.SPIKE)
        assert (await classic.ask(bank, **SIGN_IN)).status_code == 200


@pytest.mark.requirement("V1-02", "TE-18")
async def test_a_store_that_cannot_commit_is_503(bank: Bank) -> None:
    with writing(bank.engine) as other, structlog.testing.capture_logs() as lines:
        if is_postgresql(other):
            other.exec_driver_sql("LOCK TABLE events")
        refused(await classic.send(bank), classic.UNAVAILABLE)
    assert [line["event"] for line in lines] == ["unavailable"]
    assert (await classic.send(bank)).status_code == 200


@pytest.mark.requirement("V1-02")
async def test_errors_that_are_ours_are_internal_and_say_no_more(bank: Bank) -> None:
    """A damaged row; then a key that does not open. The log has the request's id and no value."""
    with bank.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customers SET person = '{\"given_name\": ada-was-here'")
    with structlog.testing.capture_logs() as lines:
        answer = await classic.ask(bank, **SIGN_IN)
        refused(answer, classic.UNFORESEEN)
        await classic.token(bank)
        with bank.engine.begin() as connection:
            connection.execute(sa.text("UPDATE signing_keys SET sealed = :junk"), {"junk": bytes(150)})
            connection.exec_driver_sql("UPDATE directory_version SET version = version + 1")
        await bank.refresh()
        refused(await classic.send(bank), classic.CANNOT_SIGN)
    assert [line["event"] for line in lines] == ["unhandled-exception", "cannot-sign"]
    assert lines[0]["transaction_id"] == answer.headers["di_tid"]
    assert "ada-was-here" not in str(lines)
