"""The auth objects for httpx: what stands on each call, and what a 401 leads to."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from moneyer.client import (
    AsyncBearerAuth,
    AsyncTokenClient,
    BearerAuth,
    ClientCredentials,
    InsecureAddress,
    Password,
    SignInNeeded,
    TokenClient,
    customer,
)
from tests.client.conftest import settings_for
from tests.client.middleman import Middleman, Reply, Seen, says
from tests.client.plain_v2 import PASSWORD, PlainV2
from tests.client.subject import Workshop

ACCOUNTS = "/v1/accounts"


async def test_each_call_carries_the_token_the_institution_and_an_id_of_its_own(
    service: Middleman, workshop: Workshop
) -> None:
    """One token for all of them."""
    client = workshop.make(settings_for(service), ClientCredentials)
    for _ in range(3):
        assert (await client.call("GET", service.base_url + ACCOUNTS)).status_code == 200
    calls = service.asked(ACCOUNTS)
    assert {seen.headers["authorization"] for seen in calls} == {"Bearer at-1"}
    assert {seen.headers["institutionid"] for seen in calls} == {"00016"}
    assert len({seen.headers["transactionid"] for seen in service.seen}) == 4
    assert len(service.asked()) == 1


async def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(
    service: Middleman, plain: PlainV2, workshop: Workshop
) -> None:
    """With its body, its query, and a `transactionId` of its own."""
    client = workshop.make(settings_for(service), ClientCredentials)
    await client.token()
    plain.revoke_all()
    url = service.base_url + ACCOUNTS + "?page=2"
    answer = await client.call("POST", url, customer(login_id="ada"), json={"amount": 1})
    assert answer.status_code == 200
    first, second = service.asked(ACCOUNTS)
    assert first.body == second.body == b'{"amount":1}'
    assert first.query == second.query == [("page", "2"), ("loginId", "ada")]
    assert [seen.headers["authorization"] for seen in (first, second)] == [
        "Bearer at-1",
        "Bearer at-2",
    ]
    assert first.headers["transactionid"] != second.headers["transactionid"]


async def test_an_api_that_always_refuses_is_asked_twice(
    service: Middleman, workshop: Workshop
) -> None:
    """There is no loop."""
    client = workshop.make(settings_for(service), ClientCredentials)
    await client.token()
    service.spoil(says(401), lambda seen, plain: plain(seen), says(401))
    assert (await client.call("GET", service.base_url + ACCOUNTS)).status_code == 401
    assert len(service.asked(ACCOUNTS)) == 2
    assert len(service.asked()) == 2


@pytest.mark.parametrize(
    ("challenge", "calls"),
    [
        ('Bearer realm="bank"', 2),
        ('Bearer realm="bank", error="invalid_token"', 2),
        ('bearer error=invalid_token, error_description="expired"', 2),
        ('Basic realm="x", Bearer error="invalid_token"', 2),
        ('Bearer error="insufficient_user_authentication", acr_values="mfa"', 1),
        ('Bearer error="insufficient_scope"', 1),
        ('Basic realm="bank"', 1),
        ("DPoP", 1),
    ],
)
async def test_only_a_401_about_the_token_leads_to_another_token(
    service: Middleman, workshop: Workshop, challenge: str, calls: int
) -> None:
    """RFC 6750 section 3.1; step-up (RFC 9470) needs a customer, not a renewal."""
    client = workshop.make(settings_for(service), ClientCredentials)
    await client.token()
    service.spoil(says(401, WWW_Authenticate=challenge))
    await client.call("GET", service.base_url + ACCOUNTS)
    assert len(service.asked(ACCOUNTS)) == calls
    assert len(service.asked()) == calls


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
async def test_other_answers_are_the_applications_to_judge(
    service: Middleman, workshop: Workshop, status: int
) -> None:
    """An API call is never repeated for them: it may have happened."""
    client = workshop.make(settings_for(service), ClientCredentials)
    await client.token()
    service.spoil(says(status))
    answer = await client.call("POST", service.base_url + ACCOUNTS, json={})
    assert answer.status_code == status
    assert len(service.asked(ACCOUNTS)) == 1


async def test_a_body_that_was_streamed_is_not_sent_again(
    service: Middleman, plain: PlainV2, workshop: Workshop
) -> None:
    """It is gone; the application sees the 401, and its next call has another token."""

    def pieces() -> Iterator[bytes]:
        yield b"once"

    async def pieces_async() -> AsyncIterator[bytes]:
        yield b"once"

    client = workshop.make(settings_for(service), ClientCredentials)
    await client.token()
    plain.revoke_all()
    body: Any = pieces() if workshop.kind == "threads" else pieces_async()
    headers = {"Content-Length": "4"}
    answer = await client.call("POST", service.base_url + ACCOUNTS, content=body, headers=headers)
    assert answer.status_code == 401
    assert len(service.asked(ACCOUNTS)) == 1


async def test_what_stands_in_the_way_of_another_token_reaches_the_caller(
    service: Middleman, plain: PlainV2, workshop: Workshop
) -> None:
    """The customer has to sign in: no answer of the API says so."""
    client = workshop.make(settings_for(service))
    await client.sign_in(Password("ada", PASSWORD))
    plain.revoke_all()
    plain.refresh_tokens.clear()
    with pytest.raises(SignInNeeded):
        await client.call("GET", service.base_url + ACCOUNTS)


async def test_the_token_stays_behind_on_a_redirect_to_another_origin(
    service: Middleman, workshop: Workshop
) -> None:
    """And a 401 from there renews nothing."""

    def elsewhere(_seen: Seen) -> Reply:
        return Reply(401, {}, b"")

    with Middleman(elsewhere) as other:
        client = workshop.make(settings_for(service), ClientCredentials)
        await client.token()
        service.spoil(says(302, Location=f"{other.base_url}/v1/accounts"))
        answer = await client.call("GET", service.base_url + ACCOUNTS, follow_redirects=True)
    assert answer.status_code == 401
    (seen,) = other.seen
    assert "authorization" not in seen.headers
    assert len(service.asked()) == 1


async def test_no_token_goes_over_plain_http_to_another_machine(
    service: Middleman, workshop: Workshop
) -> None:
    """It is not even asked for."""
    client = workshop.make(settings_for(service), ClientCredentials)
    for url in (
        "http://bank.example/v1/accounts",
        "http://127.0.0.1.evil.example/",
        "ftp://127.0.0.1/",
    ):
        with pytest.raises(InsecureAddress):
            await client.call("GET", url)
    assert service.seen == []


async def test_a_call_names_its_customer_once(service: Middleman, workshop: Workshop) -> None:
    """In the query; a second name beside it is refused before anything is sent."""
    client = workshop.make(settings_for(service), ClientCredentials)
    url = service.base_url + ACCOUNTS
    business = customer(login_id="clara.weiss", institution_customer_id="3f2a")
    await client.call("GET", url, customer(host_user_id="H 1&2"))
    await client.call("GET", url, business)
    assert [seen.query for seen in service.asked(ACCOUNTS)] == [
        [("hostUserId", "H 1&2")],
        [("loginId", "clara.weiss"), ("institutionCustomerId", "3f2a")],
    ]
    with pytest.raises(ValueError, match="already"):
        await client.call("GET", url + "?hostUserId=H1", business)
    assert len(service.asked(ACCOUNTS)) == 2


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"host_user_id": "H1", "login_id": "ada"},
        {"host_user_id": "H1", "institution_customer_id": "3f"},
        {"institution_customer_id": "3f"},
    ],
)
def test_a_customer_has_one_name(names: dict[str, str]) -> None:
    """By the host's user id, or by login id with or without a business entity."""
    with pytest.raises(ValueError, match=r"host_user_id|login_id"):
        customer(**names)


async def test_each_auth_object_is_for_its_own_kind_of_client(service: Middleman) -> None:
    """The other kind would block the event loop, or has none."""
    settings = settings_for(service)
    url = service.base_url + ACCOUNTS
    with TokenClient(settings, ClientCredentials) as client:
        async with httpx.AsyncClient(auth=BearerAuth(client)) as http:
            with pytest.raises(TypeError, match="AsyncBearerAuth"):
                await http.get(url)
    async with AsyncTokenClient(settings, ClientCredentials) as tasks:
        with (
            httpx.Client(auth=AsyncBearerAuth(tasks)) as sync,
            pytest.raises(TypeError, match="BearerAuth"),
        ):
            sync.get(url)  # noqa: ASYNC212 - it must not get that far
    assert service.seen == []
