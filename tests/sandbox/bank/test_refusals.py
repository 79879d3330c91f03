"""Every refusal that the document names can be had, and is what the document says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from moneyer.endpoints.http import Request
from moneyer.gateway.call import ApiCall, Verified
from moneyer.gateway.refusals import CannotTell
from moneyer.gateway.route import Route
from moneyer.protocol.failures import BodyTooLarge
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.document.refusals import NOWHERE, problems
from moneyer.sandbox.bank.problems import Problem
from moneyer.sandbox.bank.routes import OPERATIONS
from tests.sandbox.bank.counter import BAKERY, Asking, Counter, Said, Ticket, asking, transfer

Recipe = Callable[[Counter, Operation, Asking], Awaitable[Said]]

INSTITUTIONAL = {
    "createInstitutionDisclosure",
    "updateInstitutionDisclosure",
    "updateInstitutionAlertType",
}
"""Calls that only an institution's token may make."""

DOCUMENTED = [
    pytest.param(operation, problem, id=f"{operation.name}-{problem.status}-{problem.code}-{place}")
    for operation in OPERATIONS
    for place, problem in enumerate(dict.fromkeys(problems(operation)))
    if problem != NOWHERE
]


def spoiled(asked: Asking, **members: Any) -> Asking:
    """The same request with other query parameters; None takes one away."""
    query = {**asked.query, **members}
    kept = {name: value for name, value in query.items() if value is not None}
    return Asking(asked.method, asked.path, asked.token, kept, asked.body, asked.headers)


def with_body(asked: Asking, **members: Any) -> Asking:
    """The same request with other members in its body; None takes one away."""
    body = {**asked.body, **members}
    kept = {name: value for name, value in body.items() if value is not None}
    return Asking(asked.method, asked.path, asked.token, asked.query, kept, asked.headers)


def headed(asked: Asking, **headers: str) -> Asking:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asking(asked.method, asked.path, asked.token, asked.query, asked.body, named)


def business(operation: Operation, asked: Asking, token: str, business_id: str, **query: str) -> Asking:
    """The request about a business, named where this family names it."""
    asked = Asking(asked.method, asked.path, token, {**asked.query, **query}, asked.body)
    if operation.route.context_in_header:
        asked.headers = {"institutionCustomerId": business_id}
    else:
        asked.query["institutionCustomerId"] = business_id
    return asked


class Busy:
    async def check(self, call: ApiCall, route: Route) -> Verified:
        raise CannotTell("keys-unknown", 7)


async def too_large(counter: Counter, asked: Asking) -> Said:
    query = "&".join(f"{name}={value}" for name, value in asked.query.items())
    answer = await counter.bank.handle(
        Request(
            asked.method,
            asked.path,
            query.encode(),
            [
                (b"authorization", f"Bearer {asked.token}".encode()),
                (b"content-type", b"application/json"),
            ],
            b"",
            "127.0.0.1",
            secure=False,
            unread=BodyTooLarge("too-large"),
        )
    )
    assert answer is not None
    return Said(answer.status, {k.decode(): v.decode() for k, v in answer.headers}, answer.body)


async def generic(
    counter: Counter, operation: Operation, asked: Asking, problem: Problem
) -> Said | None:
    """The refusals that every call has; None for one of the call's own."""
    words, family = operation.words, operation.words.family
    if problem == words.query:
        return await spoiled(asked, surprise="1").send(counter)
    if problem == words.printable:
        return await spoiled(asked, surprise="é").send(counter)
    if problem == words.transaction:
        return await headed(asked, transactionId="7").send(counter)
    if problem == words.too_large:
        return await too_large(counter, asked)
    if problem == words.media_type:
        return await headed(asked, content_type="text/plain").send(counter)
    if problem == words.body:
        asked.body = b'{"a":1,"a":2}'
        return await asked.send(counter)
    if problem == words.unavailable:
        counter.bank._guard = Busy()
        return await asked.send(counter)
    if problem == words.customer:
        if "{customerId}" in operation.route.path:
            asked.path, asked.token = f"/v1/customers/{'0' * 32}:accounts", "bank"
            return await asked.send(counter)
        asked.token = "bank"
        return await spoiled(asked, loginId="nobody").send(counter)
    if problem == words.business:
        return await business(operation, asked, "bank", "f" * 32, loginId="clara.weiss").send(counter)
    if problem == words.retail:
        return await business(operation, asked, "bank", BAKERY, loginId="ada.marsh").send(counter)
    if problem.code == family.mismatch and problem.status == 400:
        asked.token = "bank"
        return await spoiled(asked, loginId="a", hostUserId="b").send(counter)
    if problem.code == family.mismatch and problem.status == 403:
        if "{customerId}" in operation.route.path:
            asked.token = "ben"
            return await asked.send(counter)
        asked.token = "ada"
        return await spoiled(asked, loginId="ben.okafor").send(counter)
    if problem.status == 401:
        asked.token = None if problem.message.startswith("Full") else "stolen"
        return await asked.send(counter)
    if problem.code == family.forbidden and "authentication" in problem.message:
        counter.guard.tickets["none"] = Ticket(scopes=("openid",))
        asked.token = "none"
        return await asked.send(counter)
    return None


async def filter_(counter: Counter, asked: Asking) -> Said:
    return await spoiled(asked, **{"$filter": "balance gt 5"}).send(counter)


async def path(counter: Counter, asked: Asking) -> Said:
    """Somewhere that is not there."""
    head, _, _ = asked.path.rpartition("/")
    asked.path = f"{head}/{'0' * 32}"
    return await asked.send(counter)


async def moved(counter: Counter, asked: Asking, source: str, target: str, amount: Any = 1) -> Said:
    """A transfer between kinds of account."""
    accounts = await counter.accounts()
    ids = {name: one["id"] for name, one in accounts.items()}
    asked.body = transfer(ids.get(source, source), ids.get(target, target), amount)
    return await asked.send(counter)


async def reused(counter: Counter, asked: Asking) -> Said:
    asked = headed(asked, Idempotency_Key="k")
    await asked.send(counter)
    return await with_body(asked, memo="Another").send(counter)


async def twice(counter: Counter, asked: Asking, **second: Any) -> Said:
    await asked.send(counter)
    return await with_body(asked, **second).send(counter)


async def second_recipient(counter: Counter, asked: Asking, **first: Any) -> Said:
    """Another recipient is there already."""
    other = {"accountNumber": "5550001", "accountType": "SAVINGS", "nickName": "other"}
    await counter.got("POST", "/v1/recipients", body=other)
    return await with_body(asked, **first).send(counter)


async def crowd(counter: Counter, asked: Asking) -> Said:
    """As many as there may be are there already."""
    for number in range(200):
        body = {"accountNumber": f"{number:06}", "accountType": "SAVINGS", "nickName": f"n{number}"}
        await counter.got("POST", "/v1/recipients", body=body)
    return await asked.send(counter)


async def many_preferences(counter: Counter, asked: Asking, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setattr("moneyer.sandbox.bank.calls.preferences.MOST", 0)
    return await asked.send(counter)


async def switched_off(counter: Counter, asked: Asking) -> Said:
    off = {"alertTypeName": "LARGE_WITHDRAWAL", "channelsOptd": "SMS"}
    await counter.got("PUT", "/v1/institution-alert-types", "bank", body=off)
    return await asked.send(counter)


def details(asked: Asking, **members: Any) -> Asking:
    inner = {**asked.body["alertPreferenceDetails"], **members}
    return with_body(asked, alertPreferenceDetails=inner)


async def own(counter: Counter, operation: Operation, asked: Asking, code: str) -> Said:
    """The refusals that a call has for itself."""
    disclosure = "institutionDisclosureName"
    match operation.name, code:
        case _, "ACC_00005":
            return await filter_(counter, asked)
        case _, "TXN_10001":
            return await spoiled(asked, startDate="2026-02-30").send(counter)
        case _, "TXN_10007":
            return await spoiled(asked, accountId=None).send(counter)
        case _, "TXN_40001":
            return await spoiled(asked, cursor="AAAA").send(counter)
        case "listBankingImages", "BIS_00004":
            return await spoiled(asked, imageType="").send(counter)
        case _, "BIS_00005":
            return await spoiled(asked, imageType="PHOTO").send(counter)
        case _, "BIS_00011":
            return await spoiled(asked, accountId=None).send(counter)
        case _, "BIS_00018":
            return await spoiled(asked, imageType="STATEMENT").send(counter)
        case _, "BIS_00019":
            crossed = {"statementStartDate": "2026-03-01", "statementEndDate": "2026-02-01"}
            return await spoiled(asked, **crossed).send(counter)
        case "listBankingImages", "BIS_30004":
            return await spoiled(asked, accountId="nowhere").send(counter)
        case "createInstitutionDisclosure" | "updateInstitutionDisclosure", "DSC_10002":
            return await with_body(asked, **{disclosure: "ESIGN"}).send(counter)
        case "createInstitutionDisclosure" | "updateInstitutionDisclosure", "DSC_12011":
            return await with_body(asked, **{disclosure: "A" * 65}).send(counter)
        case "createInstitutionDisclosure" | "updateInstitutionDisclosure", "DSC_11003":
            asked.token = "ada"
            return await asked.send(counter)
        case "updateInstitutionDisclosure", "DSC_13001":
            return await path(counter, asked)
        case "updateInstitutionDisclosure", "DSC_12012":
            return await with_body(asked, institutionDisclosureId="x").send(counter)
        case _, "DSC_13001":
            return await with_body(asked, **{disclosure: "NONE"}).send(counter)
        case _, "DSC_12012":
            return await with_body(asked, institutionUserDisclosureId="x").send(counter)
        case _, "DSC_12011":
            return await with_body(asked, **{disclosure: "A" * 129}).send(counter)
        case _, "REC_10005":
            return await with_body(asked, memberNumber="1").send(counter)
        case _, "REC_10007":
            return await with_body(asked, accountType="SAVINGS").send(counter)
        case _, "REC_12009":
            return await with_body(asked, email="nobody").send(counter)
        case _, "REC_12011":
            return await with_body(asked, nickName="A" * 41).send(counter)
        case _, "REC_12012":
            return await with_body(asked, accountType="SOFA").send(counter)
        case _, "REC_13001":
            taken = {"accountNumber": "5550001", "accountType": "SAVINGS", "memberNumber": None}
            return await second_recipient(counter, asked, **taken)
        case _, "REC_13002":
            return await second_recipient(counter, asked, nickName="Other")
        case _, "REC_40001":
            return await crowd(counter, asked)
        case _, "TFR_10000":
            return await reused(counter, asked)
        case _, "TFR_10003":
            return await moved(counter, asked, "nowhere", "SAVINGS")
        case _, "TFR_10004":
            return await moved(counter, asked, "CHECKING", "nowhere")
        case _, "TFR_10020":
            return await with_body(asked, amount=None).send(counter)
        case _, "TFR_10021":
            for amount in (0, -5, 0.001, 1e300, "x", None):
                said = await moved(counter, asked, "CHECKING", "SAVINGS", amount)
                assert said.code == "TFR_10021"
            return said
        case _, "TFR_10022":
            return await moved(counter, asked, "CHECKING", "SAVINGS", 999_999)
        case _, "TFR_10025":
            return await moved(counter, asked, "CREDIT_CARD_LOAN", "SAVINGS")
        case _, "TFR_10026":
            return await moved(counter, asked, "CHECKING", "CERT_OF_DEPOSIT")
        case _, "TFR_10029":
            return await moved(counter, asked, "CHECKING", "CHECKING")
        case _, "TFR_10051":
            return await with_body(asked, toAccountId=None, recipientId="x").send(counter)
        case _, "TFR_10058":
            return await with_body(asked, fromAccountId=None).send(counter)
        case _, "TFR_10059":
            return await with_body(asked, toAccountId=None).send(counter)
        case _, "TFR_40001":
            return await headed(asked, Idempotency_Key="a" * 129).send(counter)
        case "updateInstitutionAlertType", "PRMSYS_11003":
            asked.token = "ada"
            return await asked.send(counter)
        case "updateInstitutionAlertType", "PRMVAL_10006":
            return await with_body(asked, alertTypeName="NONE").send(counter)
        case "updateInstitutionAlertType", "PRMVAL_10005":
            return await with_body(asked, channelsOptd="TELEGRAM").send(counter)
        case "listAlertPreferences", "PRMVAL_10006":
            return await spoiled(asked, alertTypes="NONE").send(counter)
        case "listAlertHistory", "PRMVAL_10006":
            return await spoiled(asked, alertTypeNames="NONE").send(counter)
        case "publishEvent", "PRMVAL_10006":
            return await with_body(asked, eventDetails={"eventType": "NONE"}).send(counter)
        case "publishEvent", "PRMVAL_10008":
            return await with_body(asked, notification={"accountId": "nowhere"}).send(counter)
        case _, "PRMVAL_10006":
            return await details(asked, alertTypeName="NONE").send(counter)
        case _, "PRMVAL_10005":
            return await details(asked, channelTypeName="TELEGRAM").send(counter)
        case _, "PRMVAL_10008":
            elsewhere = {"accountId": "nowhere"}
            return await with_body(asked, alertPreferenceAccountDetails=elsewhere).send(counter)
        case _, "PRMVAL_10014":
            return await spoiled(asked, startDate="yesterday").send(counter)
        case _, "PRMVAL_10015":
            return await switched_off(counter, asked)
        case _, "PRMVAL_40001":
            return await spoiled(asked, cursor="AAAA").send(counter)
        case _, "PRMAPS_10008":
            return await details(asked, alertPrefId=999).send(counter)
        case _, "PRMSYS_10007":
            return await twice(counter, asked)
        case _, _ if asked.path.count("/") == 3:
            return await path(counter, asked)
    raise AssertionError(f"no way to {code}")


@pytest.mark.requirement("BE-04", "BE-05")
@pytest.mark.parametrize(("operation", "problem"), DOCUMENTED)
async def test_a_documented_refusal(
    counter: Counter, operation: Operation, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    institutional = operation.name in INSTITUTIONAL
    asked = await asking(counter, operation, "bank" if institutional else "ada")
    if problem.code == "PRMVAL_40002":
        said = await many_preferences(counter, asked, monkeypatch)
    else:
        said = await generic(counter, operation, asked, problem) or await own(
            counter, operation, asked, problem.code
        )
    assert (said.status, said.code) == (problem.status, problem.code), said
    assert said.json["message"] == problem.message
    assert said.headers["cache-control"] == "no-store"
    assert len(said.headers["transactionid"]) == 36
    challenge = said.headers.get("www-authenticate", "")
    if problem.status == 401:
        missing = problem.message.startswith("Full")
        assert challenge == 'Bearer realm="moneyer"' + ("" if missing else ', error="invalid_token"')
    if problem.status == 403 and "does not authorize" in problem.message:
        scopes = " ".join(operation.route.scopes)
        assert challenge == f'Bearer realm="moneyer", error="insufficient_scope", scope="{scopes}"'
    assert said.headers.get("retry-after") == ("7" if problem.status == 503 else None)


async def test_a_call_that_a_path_does_not_have(counter: Counter) -> None:
    for method, path_, allowed, code in (
        ("POST", "/v1/accounts", "HEAD, GET", "ACC_40500"),
        ("PATCH", "/v1/recipients/x", "HEAD, DELETE, GET, PUT", "REC_40500"),
        ("GET", "/v1/transfers", "POST", "TFR_40500"),
    ):
        said = await counter.ask(method, path_)
        assert (said.status, said.code, said.headers["allow"]) == (405, code, allowed)


async def test_a_head_is_answered_as_a_get_is(counter: Counter) -> None:
    assert (await counter.ask("HEAD", "/v1/accounts")).status == 200


async def test_the_callers_transaction_id_comes_back(counter: Counter) -> None:
    sent = "8D9AA3C4-6F0E-4A53-B0A4-0C2F5F6A7B11"
    for token in ("ada", None):
        said = await counter.ask("GET", "/v1/accounts", token, headers={"transactionId": sent})
        assert said.headers["transactionid"] == sent


async def test_a_strict_bank_demands_a_transaction_id(tmp_path: Any, clock: Any) -> None:
    counter = Counter(tmp_path, clock, require_transaction_id=True)
    said = await counter.ask("GET", "/v1/accounts")
    assert (said.status, said.code) == (400, "ACC_99998")
    counter.bank.close()


async def test_no_refusal_echoes_what_was_sent(counter: Counter) -> None:
    said = await counter.ask("GET", "/v1/accounts", marker4711="marker4712")
    assert b"marker" not in said.body
    said = await counter.ask("POST", "/v1/transfers", body={"marker4711": {"marker4712": 1}})
    assert b"marker" not in said.body
    assert json.loads(said.body)["code"] == "TFR_40004"
