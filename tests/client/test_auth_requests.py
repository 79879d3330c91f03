"""The auth object for requests, against the plain service and a running Moneyer."""

import io
from collections.abc import Iterator

import pytest
import requests

from moneyer.client import (
    ClientCredentials,
    InsecureAddress,
    Password,
    RefreshToken,
    TokenClient,
    customer,
)
from moneyer.client.requests_auth import RequestsAuth
from tests.cli.process import Sandbox
from tests.client.conftest import sandbox_settings, settings_for
from tests.client.middleman import Middleman, Reply, says
from tests.client.plain_v2 import PASSWORD, PlainV2

ACCOUNTS = "/v1/accounts"


@pytest.fixture
def tokens(service: Middleman) -> Iterator[TokenClient]:
    """Of an application for itself."""
    with TokenClient(settings_for(service), ClientCredentials) as client:
        yield client


def test_a_session_carries_the_token_the_institution_and_an_id_of_its_own(
    service: Middleman, tokens: TokenClient
) -> None:
    """One token for all calls; the customer in the query."""
    with requests.Session() as session:
        session.auth = RequestsAuth(tokens, customer(host_user_id="H1"))
        for _ in range(3):
            assert session.get(service.base_url + ACCOUNTS, params={"page": "1"}).status_code == 200
    calls = service.asked(ACCOUNTS)
    assert {seen.headers["authorization"] for seen in calls} == {"Bearer at-1"}
    assert {seen.headers["institutionid"] for seen in calls} == {"00016"}
    assert len({seen.headers["transactionid"] for seen in calls}) == 3
    assert [seen.query for seen in calls] == [[("page", "1"), ("hostUserId", "H1")]] * 3
    assert len(service.asked()) == 1


def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(
    service: Middleman, plain: PlainV2, tokens: TokenClient
) -> None:
    """With its body; the first answer stays in the history."""
    tokens.token()
    plain.revoke_all()
    answer = requests.post(service.base_url + ACCOUNTS, json={"a": 1}, auth=RequestsAuth(tokens))
    assert answer.status_code == 200
    assert [first.status_code for first in answer.history] == [401]
    first, second = service.asked(ACCOUNTS)
    assert first.body == second.body == b'{"a": 1}'
    assert second.headers["authorization"] == "Bearer at-2"
    assert first.headers["transactionid"] != second.headers["transactionid"]


def test_an_api_that_always_refuses_is_asked_twice(service: Middleman, tokens: TokenClient) -> None:
    """There is no loop."""
    tokens.token()
    service.spoil(says(401), lambda seen, plain: plain(seen), says(401))
    answer = requests.get(service.base_url + ACCOUNTS, auth=RequestsAuth(tokens))
    assert answer.status_code == 401
    assert len(service.asked(ACCOUNTS)) == 2


def test_a_file_is_not_sent_again(service: Middleman, plain: PlainV2, tokens: TokenClient) -> None:
    """It has been read."""
    tokens.token()
    plain.revoke_all()
    url = service.base_url + ACCOUNTS
    answer = requests.post(url, data=io.BytesIO(b"once"), auth=RequestsAuth(tokens))
    assert answer.status_code == 401
    assert len(service.asked(ACCOUNTS)) == 1


def test_the_token_stays_behind_on_a_redirect_to_another_origin(
    service: Middleman, tokens: TokenClient
) -> None:
    """And a 401 from there renews nothing."""
    tokens.token()
    with Middleman(lambda _seen: Reply(401, {}, b"")) as other:
        service.spoil(says(302, Location=f"{other.base_url}/v1/accounts"))
        answer = requests.get(service.base_url + ACCOUNTS, auth=RequestsAuth(tokens))
    assert answer.status_code == 401
    (seen,) = other.seen
    assert "authorization" not in seen.headers
    assert len(service.asked()) == 1


def test_what_must_not_be_sent_is_not_sent(service: Middleman, tokens: TokenClient) -> None:
    """Plain HTTP to another machine; a second name for the customer."""
    with pytest.raises(InsecureAddress):
        requests.get("http://bank.example/v1/accounts", auth=RequestsAuth(tokens))
    auth = RequestsAuth(tokens, customer(login_id="ada"))
    with pytest.raises(ValueError, match="already"):
        requests.get(service.base_url + ACCOUNTS + "?hostUserId=H1", auth=auth)
    assert service.seen == []


def test_at_a_running_moneyer_a_revoked_token_is_renewed(
    sandbox: Sandbox, front: Middleman, service: Middleman
) -> None:
    """The tokens come from Moneyer; the API is one that has heard of the revocation."""
    family = sandbox.sign_in().json()
    settings = sandbox_settings(sandbox, front.base_url, "harbor-mobile")
    with TokenClient(settings) as tokens:
        first = tokens.sign_in(RefreshToken(family["refresh_token"]))
        service.spoil(says(401, WWW_Authenticate='Bearer error="invalid_token"'), says(200))
        answer = requests.get(service.base_url + ACCOUNTS, auth=RequestsAuth(tokens))
    assert answer.status_code == 200
    first_call, second_call = service.asked(ACCOUNTS)
    assert first_call.headers["authorization"] == f"Bearer {first.access_token}"
    assert second_call.headers["authorization"] != first_call.headers["authorization"]
    assert len(front.asked()) == 2


def test_a_sign_in_is_served_to_requests_too(service: Middleman) -> None:
    """A customer's token names the customer itself."""
    with TokenClient(settings_for(service)) as tokens:
        tokens.sign_in(Password("ada", PASSWORD))
        answer = requests.get(service.base_url + ACCOUNTS, auth=RequestsAuth(tokens))
    assert answer.json() == {"accounts": []}
    assert service.asked(ACCOUNTS)[0].query == []
