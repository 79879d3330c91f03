"""Requests spoiled in the ways that one call has for itself: by code, or by operation and code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.sandbox.bank.asking import Asking
from tests.sandbox.bank.counter import Counter, Said, transfer
from tests.sandbox.bank.spoiling import headed, spoiled, with_body

Recipe = Callable[[Counter, Asking], Awaitable[Said]]


def query(**members: Any) -> Recipe:
    """Other query parameters."""
    return lambda counter, asked: spoiled(asked, **members).send(counter)


def body(**members: Any) -> Recipe:
    """Other members of the body."""
    return lambda counter, asked: with_body(asked, **members).send(counter)


def preference(**members: Any) -> Recipe:
    """Other details of an alert preference."""

    def spoil(counter: Counter, asked: Asking) -> Awaitable[Said]:
        inner = {**asked.body["alertPreferenceDetails"], **members}
        return with_body(asked, alertPreferenceDetails=inner).send(counter)

    return spoil


async def as_customer(counter: Counter, asked: Asking) -> Said:
    asked.token = "ada"
    return await asked.send(counter)


async def elsewhere(counter: Counter, asked: Asking) -> Said:
    """Something that is not there."""
    head, _, _ = asked.path.rpartition("/")
    asked.path = f"{head}/{'0' * 32}"
    return await asked.send(counter)


def moved(source: str, target: str, *amounts: Any) -> Recipe:
    """A transfer between kinds of account, or names that are no account's."""

    async def spoil(counter: Counter, asked: Asking) -> Said:
        ids = {name: one["id"] for name, one in (await counter.accounts()).items()}
        for amount in amounts or (1,):
            asked.body = transfer(ids.get(source, source), ids.get(target, target), amount)
            said = await asked.send(counter)
            assert said.status == 400, amount
        return said

    return spoil


async def key_reused(counter: Counter, asked: Asking) -> Said:
    asked = headed(asked, Idempotency_Key="k")
    await asked.send(counter)
    return await with_body(asked, memo="Another").send(counter)


async def key_too_long(counter: Counter, asked: Asking) -> Said:
    return await headed(asked, Idempotency_Key="a" * 129).send(counter)


async def twice(counter: Counter, asked: Asking) -> Said:
    await asked.send(counter)
    return await asked.send(counter)


def beside_another(**members: Any) -> Recipe:
    """Another recipient is there already."""

    async def spoil(counter: Counter, asked: Asking) -> Said:
        other = {"accountNumber": "5550001", "accountType": "SAVINGS", "nickName": "other"}
        await counter.got("POST", "/v1/recipients", body=other)
        return await with_body(asked, **members).send(counter)

    return spoil


async def crowded(counter: Counter, asked: Asking) -> Said:
    """As many recipients as there may be are there already."""
    for number in range(200):
        one = {"accountNumber": f"{number:06}", "accountType": "SAVINGS", "nickName": f"n{number}"}
        await counter.got("POST", "/v1/recipients", body=one)
    return await asked.send(counter)


async def many_wishes(counter: Counter, asked: Asking) -> Said:
    """As many preferences as there may be are there already: one for all accounts, then each."""
    accounts = [one["id"] for one in (await counter.got("GET", "/v1/accounts"))["accounts"]]
    kinds = ("TRANSFER_SENT", "TRANSFER_RECEIVED", "SECURITY_NOTICE", "LOW_BALANCE", "LARGE_DEPOSIT")
    wishes = [(k, c, a) for k in kinds for c in ("EMAIL", "SMS", "PUSH") for a in (None, *accounts)]
    for kind, channel, account in wishes[:100]:
        wish: dict[str, Any] = {
            "alertPreferenceDetails": {"alertTypeName": kind, "channelTypeName": channel},
            "additionalInfo": {"threshold": 1},
        }
        if account:
            wish["alertPreferenceAccountDetails"] = {"accountId": account}
        await counter.got("POST", "/v1/alert-preferences", body=wish)
    return await asked.send(counter)


async def switched_off(counter: Counter, asked: Asking) -> Said:
    off = {"alertTypeName": "LARGE_WITHDRAWAL", "channelsOptd": "SMS"}
    await counter.got("PUT", "/v1/institution-alert-types", "bank", body=off)
    return await asked.send(counter)


_DISCLOSURE = "institutionDisclosureName"
_TAKEN = {"accountNumber": "5550001", "accountType": "SAVINGS", "memberNumber": None}
_CROSSED = {"statementStartDate": "2026-03-01", "statementEndDate": "2026-02-01"}

RECIPES: dict[str, Recipe] = {
    "ACC_00005": query(**{"$filter": "balance gt 5"}),
    "ACC_00012": elsewhere,
    "TXN_10001": query(startDate="2026-02-30"),
    "TXN_10007": query(accountId=None),
    "TXN_40001": query(cursor="AAAA"),
    "BIS_00004": query(imageType=""),
    "BIS_00005": query(imageType="PHOTO"),
    "BIS_00011": query(accountId=None),
    "BIS_00018": query(imageType="STATEMENT"),
    "BIS_00019": query(**_CROSSED),
    "listBankingImages BIS_30004": query(accountId="nowhere"),
    "getBankingImage BIS_30004": elsewhere,
    "DSC_10002": body(**{_DISCLOSURE: "ESIGN"}),
    "DSC_11003": as_customer,
    "DSC_12011": body(**{_DISCLOSURE: "A" * 129}),
    "DSC_13001": body(**{_DISCLOSURE: "NONE"}),
    "updateInstitutionDisclosure DSC_13001": elsewhere,
    "DSC_12012": body(institutionUserDisclosureId="x"),
    "updateInstitutionDisclosure DSC_12012": body(institutionDisclosureId="x"),
    "REC_10005": body(memberNumber="1"),
    "REC_10007": body(accountType="SAVINGS"),
    "REC_12009": body(email="nobody"),
    "REC_12011": body(nickName="A" * 41),
    "REC_12012": body(accountType="SOFA"),
    "REC_13001": beside_another(**_TAKEN),
    "REC_13002": beside_another(nickName="Other"),
    "REC_14004": elsewhere,
    "REC_40001": crowded,
    "TFR_10000": key_reused,
    "TFR_10003": moved("nowhere", "SAVINGS"),
    "TFR_10004": moved("CHECKING", "nowhere"),
    "TFR_10020": body(amount=None),
    "TFR_10021": moved("CHECKING", "SAVINGS", 0, -5, 0.001, 1e300, "x", None, 10**9),
    "TFR_10022": moved("CHECKING", "SAVINGS", 999_999),
    "TFR_10025": moved("CREDIT_CARD_LOAN", "SAVINGS"),
    "TFR_10026": moved("CHECKING", "CERT_OF_DEPOSIT"),
    "TFR_10029": moved("CHECKING", "CHECKING"),
    "TFR_10051": body(toAccountId=None, recipientId="x"),
    "TFR_10058": body(fromAccountId=None),
    "TFR_10059": body(toAccountId=None),
    "TFR_40001": key_too_long,
    "PRMSYS_11003": as_customer,
    "PRMVAL_10005": preference(channelTypeName="TELEGRAM"),
    "updateInstitutionAlertType PRMVAL_10005": body(channelsOptd="TELEGRAM"),
    "PRMVAL_10006": preference(alertTypeName="NONE"),
    "updateInstitutionAlertType PRMVAL_10006": body(alertTypeName="NONE"),
    "listAlertPreferences PRMVAL_10006": query(alertTypes="NONE"),
    "listAlertHistory PRMVAL_10006": query(alertTypeNames="NONE"),
    "publishEvent PRMVAL_10006": body(eventDetails={"eventType": "NONE"}),
    "PRMVAL_10008": body(alertPreferenceAccountDetails={"accountId": "nowhere"}),
    "publishEvent PRMVAL_10008": body(notification={"accountId": "nowhere"}),
    "PRMVAL_10014": query(startDate="yesterday"),
    "PRMVAL_10015": switched_off,
    "PRMVAL_40001": query(cursor="AAAA"),
    "PRMVAL_40002": many_wishes,
    "PRMAPS_10007": elsewhere,
    "PRMAPS_10008": preference(alertPrefId=999),
    "PRMSYS_10007": twice,
}
