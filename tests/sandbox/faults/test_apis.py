"""What is ordered on a call of an API is what the bank's real guard answers to the real thing."""

from typing import Any

import httpx
import pytest

from tests.cli.process import eventually
from tests.sandbox.faults.integrator import BACK_OFFICE, Integrator, applied

CALL = "6f1c1c1e-3d8e-4c0a-9a54-3d6a3e9c7f10"


def call(
    integrator: Integrator,
    token: str,
    fault: str | None = None,
    path: str = "/v1/transactions",
    headers: Any = None,
    **query: str,
) -> httpx.Response:
    """A call of an API; "" is no token."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    sent = {"transactionId": CALL, **bearer, **(headers or {})}
    return integrator.ask("GET", path, fault, sent, params=query)


def same(ordered: httpx.Response, real: httpx.Response) -> None:
    """But for the moment, the mark, and the end of the connection."""
    assert applied(ordered)
    assert applied(real) == ""
    assert (ordered.status_code, ordered.content) == (real.status_code, real.content)
    kept = [
        {k: v for k, v in answer.headers.items() if k not in {"date", "moneyer-fault", "connection"}}
        for answer in (ordered, real)
    ]
    assert kept[0] == kept[1]


@pytest.fixture(scope="module")
def ada(integrator: Integrator) -> str:
    return str(integrator.sign_in().json()["access_token"])


def test_no_token_and_one_that_opens_nothing(integrator: Integrator, ada: str) -> None:
    same(call(integrator, ada, "token-missing"), call(integrator, ""))
    same(call(integrator, ada, "token-invalid"), call(integrator, ada[:-4] + "AAAA"))


def test_a_token_that_has_expired_or_was_revoked(integrator: Integrator, ada: str) -> None:
    """The real ones are ordered too: one that was over when it came, one that was revoked."""
    expired = integrator.sign_in("expired-token=0").json()["access_token"]
    same(call(integrator, ada, "expired-token"), call(integrator, expired))
    revoked = integrator.sign_in("revoked-token").json()["access_token"]
    assert eventually(lambda: call(integrator, revoked).status_code == 401)
    same(call(integrator, ada, "revoked-token"), call(integrator, revoked))


def test_a_token_for_other_things(integrator: Integrator, ada: str) -> None:
    """With the scope that would have been enough."""
    form = {"grant_type": "client_credentials", "scopes": "accounts:read"}
    narrow = integrator.token(BACK_OFFICE, **form).json()["access_token"]
    same(call(integrator, ada, "forbidden"), call(integrator, narrow, hostUserId="H1000001"))


def test_another_institution_and_another_customer(integrator: Integrator, ada: str) -> None:
    there = {"institutionId": "00042"}
    same(call(integrator, ada, "institution-mismatch"), call(integrator, ada, headers=there))
    same(call(integrator, ada, "context-mismatch"), call(integrator, ada, hostUserId="H1000002"))
    both = {"hostUserId": "H1000001", "loginId": "ada.marsh"}
    same(call(integrator, ada, "context-malformed"), call(integrator, ada, **both))


def test_a_guard_that_meets_an_unknown_key_reads_the_set_again(integrator: Integrator) -> None:
    """A token under a key of a moment ago opens the APIs; so does one under the key before."""
    before = integrator.sign_in().json()["access_token"]
    after = integrator.sign_in("key-rotation").json()["access_token"]
    assert integrator.kid(before) != integrator.kid(after)
    assert eventually(lambda: call(integrator, after, path="/v1/accounts").status_code == 200)
    assert call(integrator, before, path="/v1/accounts").status_code == 200


def test_a_transfer_whose_answer_is_lost_has_moved_the_money_once(integrator: Integrator) -> None:
    """The retry with the same Idempotency-Key moves nothing more; a duplicate of it neither."""
    token = integrator.sign_in().json()["access_token"]
    checking, savings = (a["id"] for a in accounts(integrator, token)[:2])
    money = {"amount": 7.0, "currencyCode": "USD"}
    body = {"fromAccountId": checking, "toAccountId": savings, "amount": money}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}

    def transfer(fault: str | None = None) -> httpx.Response:
        return integrator.ask("POST", "/v1/transfers", fault, headers, json=body)

    before = balance(integrator, token)
    with pytest.raises(httpx.RemoteProtocolError):
        transfer("lost-answer")
    assert round(before - balance(integrator, token), 2) == 7.0
    assert transfer("duplicate").json()["id"] == transfer().json()["id"]
    assert round(before - balance(integrator, token), 2) == 7.0


def accounts(integrator: Integrator, token: str) -> list[dict[str, Any]]:
    return list(call(integrator, token, path="/v1/accounts").json()["accounts"])


def balance(integrator: Integrator, token: str) -> float:
    return float(accounts(integrator, token)[0]["availableBalance"]["amount"])


def test_by_a_clock_that_is_ahead_a_token_is_over(integrator: Integrator, ada: str) -> None:
    same(call(integrator, ada, "clock-skew=2000"), call(integrator, ada[:-4] + "AAAA"))
    fine = call(integrator, ada, "clock-skew=5", path="/v1/accounts")
    assert (fine.status_code, applied(fine)) == (200, "clock-skew")
