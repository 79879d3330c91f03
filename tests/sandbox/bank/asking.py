"""A request for each call that would succeed, for a test to spoil."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.routes import OPERATIONS
from tests.sandbox.bank.counter import ADA, Counter, Said

INSTITUTIONAL = {
    "createInstitutionDisclosure",
    "updateInstitutionDisclosure",
    "updateInstitutionAlertType",
}
"""Calls that only an institution's token may make."""


class Asking(msgspec.Struct):
    """A request that would succeed, for a test to spoil."""

    method: str
    path: str
    token: str | None
    query: dict[str, Any]
    body: Any
    headers: dict[str, str] = {}

    async def send(self, counter: Counter) -> Said:
        return await counter.ask(
            self.method,
            self.path,
            self.token,
            body=self.body,
            headers=self.headers,
            **self.query,
        )


async def asking(counter: Counter, operation: Operation, token: str = "ada") -> Asking:
    """What `operation` needs is made first: an account, a recipient, something to take back."""
    accounts = await counter.accounts()
    source, target = accounts["CHECKING"]["id"], accounts["SAVINGS"]["id"]
    values = {"accountId": source, "anotherAccountId": target, "customerId": ADA}
    by_name = {one.name: one for one in OPERATIONS}
    path = operation.route.path
    if "{bankingImageId}" in path:
        images = await counter.got("GET", "/v1/banking-images", accountId=source, imageType="CHECK")
        values["bankingImageId"] = images["bankingImages"][0]["id"]
    if "{institutionDisclosureId}" in path:
        found = await counter.got("GET", "/v1/institution-disclosures")
        first = found["institutionDisclosures"][0]
        values["institutionDisclosureId"] = first["institutionDisclosureId"]
    if "{recipientId}" in path:
        body = by_name["createRecipient"].example
        values["recipientId"] = (await counter.got("POST", "/v1/recipients", body=body))["id"]
    if "{alertPreferenceId}" in path:
        body = by_name["createAlertPreference"].example
        made = await counter.got("POST", "/v1/alert-preferences", body=body)
        values["alertPreferenceId"] = str(made["alertPreferenceDetails"]["alertPrefId"])
    if operation.name in {"deleteUserDisclosure", "updateUserDisclosure"}:
        await counter.got("POST", path, body=by_name["createUserDisclosure"].example)
    sent = json.dumps(operation.example) if operation.body else "null"
    for name, value in values.items():
        path, sent = (text.replace(f"{{{name}}}", value) for text in (path, sent))
    query: dict[str, Any] = {}
    if operation.name in {"listTransactions", "listBankingImages"}:
        query["accountId"] = source
    if operation.name == "listBankingImages":
        query["imageType"] = "CHECK"
    if token == "bank" and operation.route.customer == "required":
        query["loginId"] = "ada.marsh"
    return Asking(operation.route.method, path, token, query, json.loads(sent))
