"""The legacy APIs of a running sandbox, over HTTP: the whole way, as an old client goes it."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from moneyer.sandbox.legacy.registration import EXAMPLE
from tests.cli.process import Sandbox, eventually
from tests.cli.process import sandbox as start
from tests.sandbox.legacy.window import ADA, BEN, HARBOR_ADA, NAMESPACE, Said
from tests.v1 import classic

CLASSIC, BACK_OFFICE = "meridian-classic", "meridian-back-office"
CUSTOMER = "/bankingservices/v2/fis/{}/fiCustomers/{}"
ACCOUNTS = CUSTOMER + "/accounts"
EVENTS = "/subscriptions/v1/fis/{}/fiCustomers/{}/events"
DESTINATIONS = "/subscriptions/v1/fis/{}/fiCustomers/{}/destinations"
REGISTRATION = "/registration/v4/fis/{}/fiCustomers"
NOTICE = b"<Events><Event><eventType>SECURITY_NOTICE</eventType></Event></Events>"
PASSWORD = "sandbox-noor-paints-walls"


class Client:
    """An old client of a running sandbox, and a new one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def token(self, institution: str = "00016", login: str = "", password: str = "") -> str:
        """Of the institution, or of a customer who signs in."""
        form = {"grant_type": "client_credentials"}
        if login:
            form = {"grant_type": "password", "username": login, "password": password}
        answer = self.sandbox.legacy_token(CLASSIC, institution=institution, **form)
        assert answer.status_code == 200, answer.text
        return classic.tag(answer.text, "access_token")

    def ada(self) -> str:
        return self.token("00016", "ada.marsh", "sandbox-ada-opens-doors")

    def call(self, method: str, path: str, token: str, **rest: Any) -> Said:
        """One legacy call."""
        headers = {
            "Authorization": f"Bearer {token}",
            "di_tid": str(uuid.uuid4()),
            **rest.pop("headers", {}),
        }
        url = f"{self.sandbox.base_url}{path}"
        answer = httpx.request(method, url, headers=headers, trust_env=False, timeout=30, **rest)
        return Said(answer.status_code, dict(answer.headers), answer.content)

    def send(self, token: str, path: str, body: bytes, tid: str = "") -> Said:
        headers = {"Content-Type": "application/xml", "di_tid": tid or str(uuid.uuid4())}
        return self.call("POST", path, token, content=body, headers=headers)

    def current(self, institution: str = "00016") -> str:
        """A token of the institution for the current APIs."""
        answer = self.sandbox.token(
            BACK_OFFICE, institution=institution, grant_type="client_credentials"
        )
        return str(answer.json()["access_token"])

    def now(self, method: str, path: str, token: str, **rest: Any) -> Any:
        """The JSON of a current call that must succeed."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.sandbox.base_url}{path}"
        answer = httpx.request(method, url, headers=headers, trust_env=False, timeout=30, **rest)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with start(tmp_path_factory.mktemp("sandbox")) as running:
        yield Client(running)


def test_all_calls_answer_with_both_kinds_of_token(client: Client) -> None:
    """A registration is the institution's business, and a customer is told so."""
    for token in (client.token(), client.ada()):
        assert client.call("GET", CUSTOMER.format("00016", ADA), token).text("id") == ADA
        by_login = CUSTOMER.format("00016", "ada%2Emarsh") + "?fiCustomerIdType=LOGINID"
        assert client.call("GET", by_login, token).text("id") == ADA
        assert len(client.call("GET", ACCOUNTS.format("00016", ADA), token).xml) == 6
        assert len(client.call("GET", DESTINATIONS.format("00016", ADA), token).xml) == 2
        assert client.send(token, EVENTS.format("00016", ADA), NOTICE).status == 202
    refused = client.call("POST", REGISTRATION.format("00016"), client.ada(), json=EXAMPLE)
    assert refused.refusal[:2] == (403, "90002")


@pytest.mark.requirement("V1-04")
def test_each_side_takes_its_own_tokens_alone(client: Client) -> None:
    """V2's at every legacy call, V1's at the current ones: never more than a 401."""
    signed_in = client.sandbox.sign_in().json()["access_token"]
    for token in (client.current(), signed_in):
        for method, path in (
            ("POST", REGISTRATION.format("00016")),
            ("GET", CUSTOMER.format("00016", ADA)),
            ("GET", ACCOUNTS.format("00016", ADA)),
            ("POST", EVENTS.format("00016", ADA)),
            ("GET", DESTINATIONS.format("00016", ADA)),
        ):
            said = client.call(method, path, token)
            assert said.refusal == (401, "90001", "access token is not valid", "APP_ERROR")
            assert 'error="invalid_token"' in said.headers["www-authenticate"]
    for token in (client.token(), client.ada()):
        for path in ("/v1/accounts?loginId=ada.marsh", "/v1/recipients", "/v1/alert-history"):
            assert client.call("GET", path, token).status == 401


def test_what_the_current_apis_move_the_legacy_ones_show(client: Client) -> None:
    """One set of books: a transfer there is a balance here."""

    def balances() -> dict[str, float]:
        accounts = client.call("GET", ACCOUNTS.format("00016", BEN), client.token()).xml
        return {
            one.findtext("id") or "": float(one.findtext("currentBalance/amount") or "")
            for one in accounts
        }

    token, before = client.current(), balances()
    listed = client.now("GET", "/v1/accounts?loginId=ben.okafor", token)["accounts"]
    source, target = (
        next(one["id"] for one in listed if one["type"]["value"] == kind)
        for kind in ("CHECKING", "SAVINGS")
    )
    assert {one["id"]: one["currentBalance"]["amount"] for one in listed} == before
    transfer = {
        "fromAccountId": source,
        "toAccountId": target,
        "amount": {"amount": 12.34, "currencyCode": "USD"},
    }
    client.now("POST", "/v1/transfers?loginId=ben.okafor", token, json=transfer)
    after = balances()
    assert round(before[source] - after[source], 2) == 12.34
    assert round(after[target] - before[target], 2) == 12.34


def test_an_event_shows_in_the_current_alert_history(client: Client) -> None:
    """For who asked for it; and a destination is where it goes."""
    token, who = client.current(), "?loginId=ben.okafor"
    wanted = {
        "alertPreferenceDetails": {"alertTypeName": "SECURITY_NOTICE", "channelTypeName": "EMAIL"}
    }
    client.now("POST", f"/v1/alert-preferences{who}", token, json=wanted)
    tid = str(uuid.uuid4())
    first = client.send(client.token(), EVENTS.format("00016", BEN), NOTICE, tid)
    again = client.send(client.token(), EVENTS.format("00016", BEN), NOTICE, tid)
    assert (first.status, again.status) == (202, 202)
    assert first.body == again.body
    (told,) = client.now("GET", f"/v1/alert-history{who}", token)["alertHistorySummaryResources"]
    assert told["eventId"] == first.text("Event/eventId")
    places = client.call("GET", DESTINATIONS.format("00016", BEN), client.token()).xml
    assert [(one.findtext("protocol"), one.findtext("activated")) for one in places] == [
        ("EMAIL", "true"),
        ("SMS", "false"),
    ]


def test_who_registers_signs_in_at_once_and_has_accounts(client: Client) -> None:
    """At V1 and at V2, with the password chosen; a second registration is refused."""
    made = client.call("POST", REGISTRATION.format("00016"), client.token(), json=EXAMPLE)
    assert made.status == 201, made.body
    assert made.headers["location"].startswith(client.sandbox.base_url)
    path = made.headers["location"].removeprefix(client.sandbox.base_url)
    own = client.token("00016", "noor.haddad", PASSWORD)
    assert client.call("GET", path, own).text("memberNumber") == "700199"
    old = client.call("GET", f"{path}/accounts", own).xml.findall("account")
    mobile = client.sandbox.token(
        "harbor-mobile", grant_type="password", username="noor.haddad", password=PASSWORD
    )
    new = client.now("GET", "/v1/accounts", mobile.json()["access_token"])["accounts"]
    assert [one.findtext("id") for one in old] == [one["id"] for one in new]
    assert len(new) == 6
    again = client.call("POST", REGISTRATION.format("00016"), client.token(), json=EXAMPLE)
    assert again.refusal[:2] == (400, "26201")
    assert PASSWORD not in client.sandbox.server.said()


def test_two_institutions_know_nothing_of_each_other(client: Client) -> None:
    here, there = client.token("00016"), client.token("00042")
    assert client.call("GET", CUSTOMER.format("00042", HARBOR_ADA), there).text("fiId") == "00042"
    for token, path, message in (
        (here, CUSTOMER.format("00042", HARBOR_ADA), "di_fiid not authorized"),
        (there, CUSTOMER.format("00016", ADA), "di_fiid not authorized"),
        (client.ada(), ACCOUNTS.format("00016", BEN), "di_ficustomer not authorized"),
    ):
        assert client.call("GET", path, token).refusal == (401, "90001", message, "APP_ERROR")
    stranger = client.call("GET", CUSTOMER.format("00016", HARBOR_ADA), here)
    assert stranger.refusal[:2] == (404, "90002")


def test_a_revoked_v1_token_opens_nothing_more(client: Client) -> None:
    token = client.token()
    path = CUSTOMER.format("00016", ADA)
    assert client.call("GET", path, token).status == 200
    httpx.post(
        f"{client.sandbox.base_url}/oauth2/v1/revoke",
        data={"token": token},
        auth=(CLASSIC, client.sandbox.secret(CLASSIC)),
        trust_env=False,
    ).raise_for_status()
    assert eventually(lambda: client.call("GET", path, token).status == 401)


def test_harmful_and_endless_bodies_are_refused_on_the_wire(client: Client) -> None:
    token, path = client.token(), EVENTS.format("00016", ADA)
    bomb = b'<!DOCTYPE a [<!ENTITY b "b">]><Events><Event><eventType>&b;</eventType></Event></Events>'
    assert client.send(token, path, bomb).refusal[:2] == (400, "90002")
    assert client.send(token, path, b"<a>" * 20_000).status == 413


def test_both_documents_and_both_pages_are_served(client: Client) -> None:
    for path in ("/docs", "/docs/legacy"):
        assert client.sandbox.get(path).headers["content-type"] == "text/html; charset=utf-8"
    legacy = json.loads(client.sandbox.get("/v1/legacy-openapi.json").content)
    assert legacy["servers"] == [{"url": client.sandbox.base_url}]
    assert len(legacy["paths"]) == 5


def test_customers_and_events_outlive_the_process(tmp_path: Path) -> None:
    """The same event under the same di_tid is known after a restart, and so is who registered."""
    tid = str(uuid.uuid4())
    with start(tmp_path) as running:
        client = Client(running)
        first = client.send(client.token(), EVENTS.format("00016", ADA), NOTICE, tid)
        made = client.call("POST", REGISTRATION.format("00016"), client.token(), json=EXAMPLE)
        assert running.server.stop() == 0
    with start(tmp_path) as running:
        client = Client(running)
        again = client.send(client.token(), EVENTS.format("00016", ADA), NOTICE, tid)
        assert again.body == first.body
        own = client.token("00016", "noor.haddad", PASSWORD)
        path = CUSTOMER.format("00016", made.text("id"))
        assert client.call("GET", path, own).body == made.body
        assert NAMESPACE.encode() not in made.body
        running.server.stop()
