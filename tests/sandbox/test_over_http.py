"""The bank in a running sandbox: real tokens, the real guard, a real connection."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

import httpx
import pytest
import schemathesis

from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.routes import OPERATIONS
from moneyer.sandbox.cast import RESIDENTS
from moneyer.sandbox.legacy.call import Operation as LegacyOperation
from moneyer.sandbox.legacy.routes import OPERATIONS as LEGACY_OPERATIONS
from tests.pages.conftest import serving
from tests.sandbox.bank.test_schemathesis import CONTEXT
from tests.sandbox.described import drive, each_mode

PASSWORDS = {(one.institution_id, one.login_id): one.password for one in RESIDENTS}
BAKERY, SHOP = RESIDENTS[2].businesses


class Sandbox(NamedTuple):
    base: str
    secrets: dict[str, str]

    def token(self, client_id: str, institution_id: str = "00016", **form: str) -> str:
        answer = httpx.post(
            f"{self.base}/oauth2/v1/token",
            data={"grant_type": "client_credentials", **form},
            auth=(client_id, self.secrets[client_id]),
            headers={"institutionId": institution_id},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def bank(self, institution_id: str = "00016") -> str:
        return self.token("meridian-back-office", institution_id)

    def customer(self, login_id: str) -> str:
        password = PASSWORDS["00016", login_id]
        return self.token("harbor-mobile", grant_type="password", username=login_id, password=password)

    def legacy(self, institution_id: str = "00016") -> str:
        """A V1 token of the institution."""
        answer = httpx.post(
            f"{self.base}/v1/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("meridian-classic", self.secrets["meridian-classic"]),
            headers={"di_fiid": institution_id, "di_tid": str(uuid.uuid4())},
        )
        assert answer.status_code == 200, answer.text
        return str(ElementTree.fromstring(answer.content).findtext("{*}access_token"))

    def ask(self, method: str, path: str, token: str, body: Any = None, **query: Any) -> httpx.Response:
        return httpx.request(
            method,
            f"{self.base}{path}",
            params=query,
            json=body,
            headers={"Authorization": f"Bearer {token}", "transactionId": str(uuid.uuid4())},
        )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with serving(tmp_path_factory.mktemp("sandbox"), "127.0.0.1") as card:
        secrets = {one["client_id"]: one["client_secret"] for one in card["applications"]}
        yield Sandbox(card["base_url"], secrets)


READS = (
    "/v1/accounts",
    "/v1/transactions",
    "/v1/banking-images",
    "/v1/institution-disclosures",
    "/v1/institution-user-disclosures",
    "/v1/recipients",
    "/v1/alert-types",
    "/v1/alert-preferences",
    "/v1/alert-history",
)


@pytest.mark.parametrize("path", READS)
def test_each_family_answers_both_kinds_of_token_alike(sandbox: Sandbox, path: str) -> None:
    bank, ada = sandbox.bank(), sandbox.customer("ada.marsh")
    account = sandbox.ask("GET", "/v1/accounts", ada).json()["accounts"][0]["id"]
    more = {"accountId": account} if path.endswith(("transactions", "images")) else {}
    if path.endswith("images"):
        more["imageType"] = "CHECK"
    own = sandbox.ask("GET", path, ada, **more)
    assert own.status_code == 200, own.text
    for named in ({"loginId": "ada.marsh"}, {"hostUserId": "H1000001"}):
        told = sandbox.ask("GET", path, bank, **more, **named)
        assert told.status_code == 200, told.text
        if path != "/v1/accounts":
            assert told.json() == own.json()
        else:
            whole = [one["accountNumber"] for one in told.json()["accounts"]]
            masked = [one["accountNumber"] for one in own.json()["accounts"]]
            assert masked == [number[-4:] for number in whole] != whole


def test_a_business_is_reached_by_both_kinds_of_token(sandbox: Sandbox) -> None:
    bank, clara = sandbox.bank(), sandbox.customer("clara.weiss")
    named = {"loginId": "clara.weiss", "institutionCustomerId": SHOP}
    told = sandbox.ask("GET", "/v1/accounts", bank, **named).json()["accounts"]
    own = sandbox.ask("GET", "/v1/accounts", clara, institutionCustomerId=SHOP).json()["accounts"]
    assert [one["id"] for one in told] == [one["id"] for one in own]
    for wrong in (
        {"loginId": "clara.weiss"},
        {"loginId": "clara.weiss", "institutionCustomerId": "f" * 32},
        {"hostUserId": "H1000003"},
    ):
        refused = sandbox.ask("GET", "/v1/accounts", bank, **wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "ACC_00410")
    foreign = sandbox.ask("GET", "/v1/accounts", clara, institutionCustomerId="f" * 32)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "ACC_00018")


def test_a_transfer_with_each_kind_of_token(sandbox: Sandbox) -> None:
    bank, ada = sandbox.bank(), sandbox.customer("ada.marsh")
    accounts = {
        one["type"]["value"]: one for one in sandbox.ask("GET", "/v1/accounts", ada).json()["accounts"]
    }
    source, target = accounts["CHECKING"], accounts["SAVINGS"]
    body = {
        "fromAccountId": source["id"],
        "toAccountId": target["id"],
        "amount": {"amount": 10.25, "currencyCode": "USD"},
    }
    assert sandbox.ask("POST", "/v1/transfers", ada, body).status_code == 200
    assert sandbox.ask("POST", "/v1/transfers", bank, body, loginId="ada.marsh").status_code == 200
    after = sandbox.ask("GET", f"/v1/accounts/{source['id']}", ada).json()
    before = round(source["currentBalance"]["amount"] * 100)
    assert round(after["currentBalance"]["amount"] * 100) == before - 2050


def test_an_institution_sees_no_other_institutions_customers(sandbox: Sandbox) -> None:
    harbor = sandbox.bank("00042")
    refused = sandbox.ask("GET", "/v1/accounts", harbor, loginId="ben.okafor")
    assert (refused.status_code, refused.json()["code"]) == (404, "ACC_00101")
    ada = sandbox.ask("GET", "/v1/accounts", sandbox.bank(), loginId="ada.marsh").json()
    foreign = sandbox.ask(
        "GET", f"/v1/accounts/{ada['accounts'][0]['id']}", harbor, loginId="ada.marsh"
    )
    assert (foreign.status_code, foreign.json()["code"]) == (404, "ACC_00012")


@pytest.fixture(scope="module")
def schema(sandbox: Sandbox) -> Any:
    return schemathesis.openapi.from_url(f"{sandbox.base}/v1/openapi.json")


@pytest.fixture(scope="module")
def ada(sandbox: Sandbox) -> str:
    return sandbox.customer("ada.marsh")


@each_mode
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_schemathesis_on_the_running_sandbox(
    schema: Any, ada: str, operation: Operation, mode: Any
) -> None:
    """The served document, a real token; no 5xx, no answer that the document does not describe."""
    drive(schema, operation.route, ada, mode, lambda _: CONTEXT)


@pytest.fixture(scope="module")
def legacy_schema(sandbox: Sandbox) -> Any:
    return schemathesis.openapi.from_url(f"{sandbox.base}/v1/legacy-openapi.json")


@each_mode
@pytest.mark.parametrize("operation", LEGACY_OPERATIONS, ids=lambda o: o.name)
def test_schemathesis_on_the_running_sandboxs_legacy_apis(
    sandbox: Sandbox, legacy_schema: Any, operation: LegacyOperation, mode: Any
) -> None:
    drive(legacy_schema, operation.route, sandbox.legacy(), mode)
