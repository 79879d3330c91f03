"""docs/gateway.md: the service in it runs under FastAPI and uvicorn, and is guarded."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from moneyer.gateway.facts import NAMES
from moneyer.sandbox.cast import APIS
from tests.cli.process import Sandbox, eventually, free_port, sandbox, serving

GUIDE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text()


class Service(NamedTuple):
    """The guide's service, and the bank whose tokens it takes."""

    bank: Sandbox
    base_url: str

    def get(self, path: str, token: str = "", **headers: str) -> httpx.Response:
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        return httpx.get(f"{self.base_url}{path}", headers=sent, trust_env=False)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """As it stands in the guide, but for its addresses, its name and its places."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    found = re.search(r"<!-- service -->\n```python\n(.*?)```", GUIDE, re.S)
    assert found is not None
    with sandbox(folder) as bank:
        (folder / "guard.secret").write_text(bank.secret(APIS) + "\n")
        program = found[1]
        for documented, here in (
            ("https://tokens.bank.example", bank.base_url),
            ("accounts-api", APIS),
            ("/etc/accounts/guard.secret", f"{folder}/guard.secret"),
            ("/var/lib/accounts/guard", f"{folder}/guard"),
        ):
            assert program.count(documented) == 1
            program = program.replace(documented, here)
        (folder / "service.py").write_text(program)
        with serving(
            *("-W", "error", "-m", "uvicorn", "service:app", "--port", str(port)),
            folder=folder,
            ready="Uvicorn running on",
            command=sys.executable,
        ):
            yield Service(bank, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def ada(service: Service) -> str:
    return str(service.bank.sign_in().json()["access_token"])


def test_the_service_is_told_who_calls(service: Service, ada: str) -> None:
    answer = service.get("/v1/accounts", ada)
    assert answer.status_code == 200, answer.text
    assert answer.json()["institution"] == "00016"
    assert len(answer.json()["customer"]) == 32


def test_the_token_of_an_institution_names_a_customer(service: Service) -> None:
    own = service.bank.token("meridian-back-office", grant_type="client_credentials")
    token = own.json()["access_token"]
    assert service.get("/v1/accounts?loginId=ada.marsh", token).json()["customer"] == ""
    answer = service.get("/v1/accounts", token)
    assert (answer.status_code, answer.json()["code"]) == (400, "ACC_00018")


@pytest.mark.requirement("GW-05")
def test_a_header_that_only_the_guard_may_send_changes_nothing(service: Service, ada: str) -> None:
    answer = service.get("/v1/accounts", ada, **{"Moneyer-Customer": "F" * 32})
    assert answer.json() == service.get("/v1/accounts", ada).json()


def test_nobody_else_gets_in(service: Service) -> None:
    """Nor to pages that FastAPI adds by itself; what is open is open."""
    answer = service.get("/v1/accounts")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="moneyer"')
    assert [service.get(path).status_code for path in ("/docs", "/openapi.json")] == [404, 404]
    assert service.get("/health").json() == {"status": "live"}


def test_what_is_revoked_is_refused(service: Service) -> None:
    tokens = service.bank.sign_in().json()
    assert service.get("/v1/accounts", tokens["access_token"]).status_code == 200
    mobile = service.bank.application("password")["client_id"]
    httpx.post(
        f"{service.bank.base_url}/oauth2/v1/revoke",
        data={"token": tokens["refresh_token"]},
        auth=(mobile, service.bank.secret(mobile)),
        trust_env=False,
    ).raise_for_status()
    assert eventually(lambda: service.get("/v1/accounts", tokens["access_token"]).status_code == 401)


@pytest.mark.requirement("GW-05")
def test_traefik_takes_the_facts_from_the_guard_alone() -> None:
    """It compares names as Go writes them; what the expression does not match stays the caller's."""
    found = re.search(r'authResponseHeadersRegex: "([^"]+)"', GUIDE)
    assert found is not None
    expression = re.compile(found[1])
    for name in NAMES:
        assert expression.search(name.title())
        assert expression.search(name.title().replace("-", "_"))
    assert not expression.search("Moneyerless")
