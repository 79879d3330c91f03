"""Schemathesis against the served document: no 5xx, no answer that it does not describe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from moneyer.endpoints.http import JSON, Answer, Request
from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.bank.counter import BAKERY, Counter

Message = MutableMapping[str, Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


NOT_FOUND = Answer(404, [JSON], b'{"code":"CMN_90011","message":"Request is invalid"}')
"""What the token service says of a path that is nobody's."""


class Served:
    """The counter as an ASGI application."""

    def __init__(self, counter: Counter) -> None:
        self._bank = counter.bank

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answer = await self._bank.handle(
            Request(
                scope["method"],
                scope["path"],
                scope["query_string"],
                list(scope["headers"]),
                body,
                "127.0.0.1",
                secure=False,
            )
        )
        status, headers, content = answer or NOT_FOUND
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def with_real_values(document: Any, values: dict[str, list[str]]) -> Any:
    """The document with things that exist where anything would do: half of what is asked then goes
    deeper than the first look-up."""

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            named = node.get("name")
            if "in" in node and named in values:
                node["schema"] = {"enum": values[named]}
            for name, schema in node.get("properties", {}).items():
                if name in values and isinstance(schema, dict):
                    node["properties"][name] = {"enum": values[name]}
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(document["paths"])
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Body"):
            walk(schema)
    return document


async def known(counter: Counter) -> dict[str, list[str]]:
    accounts = [one["id"] for one in (await counter.got("GET", "/v1/accounts"))["accounts"]]
    images = await counter.got("GET", "/v1/banking-images", accountId=accounts[0], imageType="CHECK")
    disclosures = (await counter.got("GET", "/v1/institution-disclosures"))["institutionDisclosures"]
    body = {"accountNumber": "99887766", "accountType": "SAVINGS", "nickName": "abroad"}
    recipient = (await counter.got("POST", "/v1/recipients", body=body))["id"]
    somewhere = [*accounts, recipient, "nowhere"]
    return {
        "accountId": somewhere,
        "fromAccountId": somewhere,
        "toAccountId": somewhere,
        "recipientId": [recipient, "nobody"],
        "bankingImageId": [images["bankingImages"][0]["id"], "none"],
        "institutionDisclosureId": [one["institutionDisclosureId"] for one in disclosures],
        "institutionDisclosureName": ["ESIGN", "OLS", "NEW"],
        "alertTypeName": ["LOW_BALANCE", "TRANSFER_SENT", "NONE"],
        "channelTypeName": ["EMAIL", "SMS", "TELEGRAM"],
        "eventType": ["LOW_BALANCE", "SECURITY_NOTICE", "NONE"],
        "loginId": ["ada.marsh", "clara.weiss", "nobody"],
        "hostUserId": ["H1000001", "H1000003"],
        "institutionCustomerId": [BAKERY, "none"],
        "memberNumber": ["700102", "1"],
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    counter = Counter(Path(tmp_path_factory.mktemp("bank")), TestClock())
    yield counter
    counter.bank.close()


@pytest.fixture(scope="module")
def plain(served: Counter) -> Any:
    """The document as it is served."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", Served(served))
    schema.config.update(base_url="http://b")
    return schema


@pytest.fixture(scope="module")
def real(served: Counter) -> Any:
    """The document with things that exist."""
    said = asyncio.run(served.ask("GET", "/v1/openapi.json", None))
    document = with_real_values(json.loads(said.body), asyncio.run(known(served)))
    schema = schemathesis.openapi.from_dict(document)
    schema.app = Served(served)
    schema.config.update(base_url="http://b")
    return schema


FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

CONTEXT = {"hostUserId", "loginId", "institutionCustomerId"}

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
each_mode = pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=str)


def drive(
    schema: Any,
    operation: Operation,
    token: str,
    mode: schemathesis.GenerationMode,
    without: Callable[[Any], set[str]],
) -> None:
    """Asks what Schemathesis makes of an operation's description; every answer has to fit it.

    `without` says which parameters are left out of a case.
    """
    described = schema[operation.route.path][operation.route.method]

    @given(case=described.as_strategy(generation_mode=mode))
    @FEW
    def ask(case: Any) -> None:
        dropped = without(case)
        case.query = {k: v for k, v in (case.query or {}).items() if k not in dropped}
        case.headers = {k: v for k, v in (case.headers or {}).items() if k not in dropped}
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {token}"})

    ask()


@each_mode
@each_operation
def test_any_values(plain: Any, operation: Operation, mode: Any) -> None:
    """The document as it is served, with a customer's token."""
    drive(plain, operation, "ada", mode, lambda _: CONTEXT)


@each_mode
@each_operation
def test_real_values_with_an_institutions_token(real: Any, operation: Operation, mode: Any) -> None:
    def without(case: Any) -> set[str]:
        return {"hostUserId"} if "loginId" in (case.query or {}) else set()

    drive(real, operation, "bank", mode, without)


@each_mode
@each_operation
def test_real_values_with_a_customers_token(real: Any, operation: Operation, mode: Any) -> None:
    drive(real, operation, "ada", mode, lambda _: CONTEXT)
