"""State that changes: transfers, recipients, disclosures."""

from pathlib import Path
from typing import Any

import pytest

from moneyer.sandbox.bank.books.journal import NAME
from tests.sandbox.bank.counter import BAKERY, SHOP, Counter, cents, transfer

BEN_AS_RECIPIENT = {
    "accountNumber": "70010210",
    "accountType": "CHECKING",
    "memberNumber": "700102",
    "nickName": "Ben",
}
UUID = "8d9aa3c4-6f0e-4a53-b0a4-0c2f5f6a7b11"


async def two(counter: Counter) -> tuple[str, str]:
    accounts = await counter.accounts()
    return accounts["CHECKING"]["id"], accounts["SAVINGS"]["id"]


async def test_a_transfer_is_at_once_in_balances_and_transactions_of_both(counter: Counter) -> None:
    source, target = await two(counter)
    before = await counter.balance(source), await counter.balance(target)
    made = await counter.got("POST", "/v1/transfers", body=transfer(source, target, 12.34, memo="Boat"))
    assert (made["status"], made["amount"]) == ("SUCCESS", {"amount": 12.34, "currencyCode": "USD"})
    after = await counter.balance(source), await counter.balance(target)
    assert after == (before[0] - 1234, before[1] + 1234)
    for account, kind in ((source, "TRANSFER_DEBIT"), (target, "TRANSFER_CREDIT")):
        newest = (await counter.everything(account))[0]
        assert (newest["type"], newest["memo"], cents(newest["amount"])) == (kind, "Boat", 1234)


async def test_an_amount_may_be_text_and_pays_off_what_is_owed(counter: Counter) -> None:
    accounts = await counter.accounts()
    card, owed = accounts["CREDIT_CARD_LOAN"]["id"], accounts["CREDIT_CARD_LOAN"]["currentBalance"]
    body = transfer(accounts["CHECKING"]["id"], card, "5.00")
    await counter.got("POST", "/v1/transfers", body=body)
    assert await counter.balance(card) == cents(owed) - 500


@pytest.mark.parametrize("header", ["Idempotency-Key", "transactionId"])
async def test_the_same_request_again_moves_nothing_again(counter: Counter, header: str) -> None:
    source, target = await two(counter)
    body, headers = transfer(source, target, 3), {header: UUID}
    first = await counter.got("POST", "/v1/transfers", body=body, headers=headers)
    balance = await counter.balance(source)
    assert await counter.got("POST", "/v1/transfers", body=body, headers=headers) == first
    assert await counter.balance(source) == balance
    other = await counter.ask(
        "POST", "/v1/transfers", body=transfer(source, target, 4), headers=headers
    )
    assert (other.status, other.code) == (400, "TFR_10000")


async def test_a_key_is_its_callers_own(counter: Counter) -> None:
    source, target = await two(counter)
    headers = {"Idempotency-Key": "k"}
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 3), headers=headers)
    found = await counter.accounts("ben")
    bens = transfer(found["CHECKING"]["id"], found["SAVINGS"]["id"], 4)
    await counter.got("POST", "/v1/transfers", "ben", body=bens, headers=headers)
    again = transfer(source, target, 5)
    await counter.got("POST", "/v1/transfers", "bank", body=again, headers=headers, loginId="ada.marsh")


async def test_money_reaches_a_recipient_at_the_same_institution(counter: Counter) -> None:
    source, _ = await two(counter)
    bens = (await counter.accounts("ben"))["CHECKING"]["id"]
    before = await counter.balance(bens, "ben")
    recipient = await counter.got("POST", "/v1/recipients", body=BEN_AS_RECIPIENT)
    body = {
        "fromAccountId": source,
        "recipientId": recipient["id"],
        "amount": {"amount": 40},
    }
    made = await counter.got("POST", "/v1/transfers", body=body)
    assert await counter.balance(bens, "ben") == before + 4000
    newest = (await counter.everything(bens, "ben"))[0]
    assert newest["description"] == "TRANSFER FROM ADA MARSH"
    assert bens not in str(made)


async def test_money_for_another_bank_leaves(counter: Counter) -> None:
    source, _ = await two(counter)
    abroad = {"accountNumber": "55512345", "accountType": "SAVINGS", "nickName": "Aunt"}
    recipient = await counter.got("POST", "/v1/recipients", body=abroad)
    before = await counter.balance(source)
    await counter.got("POST", "/v1/transfers", body=transfer(source, recipient["id"], 7))
    assert await counter.balance(source) == before - 700
    assert counter.bank.books.state.outside["00016"] == 700


async def test_recipients_are_kept_changed_and_forgotten(counter: Counter) -> None:
    made = await counter.got("POST", "/v1/recipients", body={**BEN_AS_RECIPIENT, "passCode": "1234"})
    assert "1234" not in str(made)
    path = f"/v1/recipients/{made['id']}"
    changed = await counter.got("PUT", path, body={**BEN_AS_RECIPIENT, "nickName": "Benny"})
    assert changed == {**made, "nickName": "Benny"}
    assert await counter.got("GET", path) == changed
    assert await counter.got("GET", "/v1/recipients") == {"recipients": [changed]}
    assert (await counter.ask("GET", path, "ben")).code == "REC_14004"
    assert await counter.got("DELETE", path) is None
    assert await counter.got("GET", "/v1/recipients") == {"recipients": []}
    journal = (Path(counter.folder) / NAME).read_text()
    assert "1234" not in journal


async def test_a_recipient_belongs_to_the_business_that_is_named(counter: Counter) -> None:
    named = {"loginId": "clara.weiss", "institutionCustomerId": SHOP}
    made = await counter.got("POST", "/v1/recipients", "bank", body=BEN_AS_RECIPIENT, **named)
    assert made["institutionCustomerId"] == SHOP
    other = {"loginId": "clara.weiss", "institutionCustomerId": BAKERY}
    assert await counter.got("GET", "/v1/recipients", "bank", **other) == {"recipients": []}
    assert len((await counter.got("GET", "/v1/recipients", "clara"))["recipients"]) == 1


async def said_to(counter: Counter, name: str, token: str = "ada") -> Any:
    found = await counter.got("GET", "/v1/institution-user-disclosures", token)
    return next(
        one for one in found["institutionUserDisclosures"] if one["institutionDisclosureName"] == name
    )


async def test_a_disclosure_is_accepted_changed_and_taken_back(counter: Counter) -> None:
    path = "/v1/institution-user-disclosures"
    body = {"institutionDisclosureName": "ESIGN", "institutionUserDisclosureStatus": "ACCEPTED"}
    assert (await said_to(counter, "ESIGN"))["institutionUserDisclosureStatus"] == "NOT_ACCEPTED"
    assert (await counter.ask("PUT", path, body=body)).code == "DSC_13001"
    await counter.got("POST", path, body=body)
    assert (await said_to(counter, "ESIGN"))["institutionUserDisclosureStatus"] == "ACCEPTED"
    assert (await said_to(counter, "ESIGN", "ben"))["institutionUserDisclosureStatus"] != "ACCEPTED"
    await counter.got("PUT", path, body={**body, "institutionUserDisclosureStatus": "NOT_ENROLLED"})
    kept = await said_to(counter, "ESIGN")
    assert kept["institutionUserDisclosureStatus"] == "NOT_ENROLLED"
    assert kept["institutionUserDisclosureStatusUpdateDateTime"] == "2027-01-15T08:00:00Z"
    await counter.got("DELETE", path, body={"institutionDisclosureName": "ESIGN"})
    assert (await said_to(counter, "ESIGN"))["institutionUserDisclosureStatus"] == "NOT_ACCEPTED"


async def test_an_institution_adds_a_disclosure_and_switches_one_off(counter: Counter) -> None:
    path = "/v1/institution-disclosures"
    made = await counter.got("POST", path, "bank", body={"institutionDisclosureName": "BOATS"})
    assert await said_to(counter, "BOATS")
    off = {"institutionDisclosureName": "BOATS", "institutionDisclosureStatus": False}
    one = f"{path}/{made['institutionDisclosureId']}"
    await counter.got("PUT", one, "bank", body=off)
    left = await counter.got("GET", "/v1/institution-user-disclosures")
    assert "BOATS" not in str(left)
    theirs = await counter.got("GET", path, "harbor")
    assert "BOATS" not in str(theirs)
    assert (await counter.ask("POST", path, "ada", body=off)).status == 403
