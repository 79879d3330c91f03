"""Schemathesis against the bank's document, as it is served and with things that exist."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.routes import OPERATIONS
from tests.bank import TestClock
from tests.sandbox.bank.counter import BAKERY, Counter
from tests.sandbox.described import Served, drive, each_mode, with_real_values


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
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", Served(served.bank.handle))
    schema.config.update(base_url="http://b")
    return schema


@pytest.fixture(scope="module")
def real(served: Counter) -> Any:
    """The document with things that exist."""
    said = asyncio.run(served.ask("GET", "/v1/openapi.json", None))
    document = with_real_values(json.loads(said.body), asyncio.run(known(served)))
    schema = schemathesis.openapi.from_dict(document)
    schema.app = Served(served.bank.handle)
    schema.config.update(base_url="http://b")
    return schema


CONTEXT = {"hostUserId", "loginId", "institutionCustomerId"}

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)


@each_mode
@each_operation
def test_any_values(plain: Any, operation: Operation, mode: Any) -> None:
    """The document as it is served, with a customer's token."""
    drive(plain, operation.route, "ada", mode, lambda _: CONTEXT)


@each_mode
@each_operation
def test_real_values_with_an_institutions_token(real: Any, operation: Operation, mode: Any) -> None:
    def without(case: Any) -> set[str]:
        return {"hostUserId"} if "loginId" in (case.query or {}) else set()

    drive(real, operation.route, "bank", mode, without)


@each_mode
@each_operation
def test_real_values_with_a_customers_token(real: Any, operation: Operation, mode: Any) -> None:
    drive(real, operation.route, "ada", mode, lambda _: CONTEXT)
