"""Requests spoiled in the ways that any call refuses."""

from __future__ import annotations

import json
from typing import Any

from moneyer.endpoints.http import Request
from moneyer.gateway.call import ApiCall, Verified
from moneyer.gateway.refusals import CannotTell
from moneyer.gateway.route import Route
from moneyer.protocol.failures import BodyTooLarge
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.problems import Problem
from tests.sandbox.bank.asking import Asking
from tests.sandbox.bank.counter import BAKERY, Counter, Said, Ticket


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
        # A good body in which one name stands twice.
        first = json.dumps(dict([next(iter(asked.body.items()))]))
        asked.body = f"{first[:-1]},{json.dumps(asked.body)[1:]}".encode()
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
