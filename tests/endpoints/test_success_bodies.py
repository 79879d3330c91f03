"""What the four grants answer when all is well: the members, their order, and that each is text."""

import uuid
from typing import Any

import httpx
import msgspec
import pytest

from tests.bank import DAY, PASSWORD, Bank
from tests.contract.wire import check_headers

SIGN_IN: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
RENEWABLE = ["access_token", "expires_in", "refresh_token", "refresh_token_expires_in", "token_type"]


def members_of(answer: httpx.Response) -> dict[str, str]:
    """The members in order. Every answer with a token is 200, all text, and nobody may keep it."""
    assert answer.status_code == 200, answer.text
    check_headers(list(answer.headers.raw))
    members = msgspec.json.decode(answer.content, type=dict[str, str])
    assert members["token_type"] == "Bearer"
    return members


@pytest.mark.requirement("TE-11", "TE-12", "CC-02", "BE-07")
async def test_client_credentials_answers_three_members(bank: Bank) -> None:
    members = members_of(await bank.token("machine", grant_type="client_credentials"))
    assert list(members) == ["access_token", "expires_in", "token_type"]
    assert members["expires_in"] == "1800"


@pytest.mark.requirement("TE-11", "TE-12", "BE-07")
async def test_password_answers_five_members_with_a_refresh_token(bank: Bank) -> None:
    members = members_of(await bank.token("mobile", **SIGN_IN))
    assert list(members) == RENEWABLE
    assert members["expires_in"] == "1800"
    assert members["refresh_token_expires_in"] == str(14 * DAY)


@pytest.mark.requirement("TE-11", "TE-12", "BE-07")
async def test_refresh_answers_five_members_with_a_new_refresh_token(bank: Bank) -> None:
    first = await bank.sign_in()
    members = members_of(await bank.renew(first["refresh_token"]))
    assert list(members) == RENEWABLE
    assert members["refresh_token"] != first["refresh_token"]
    assert members["access_token"] != first["access_token"]


@pytest.mark.requirement("TE-11", "TE-12", "BE-07")
@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("", ["access_token", "token_type", "expires_in"]),
        ("profile", ["access_token", "token_type", "expires_in"]),
        ("openid", ["access_token", "token_type", "expires_in", "id_token"]),
        ("offline_access", ["access_token", "refresh_token", "token_type", "expires_in"]),
        (
            "openid,profile,offline_access",
            ["access_token", "refresh_token", "token_type", "expires_in", "id_token"],
        ),
    ],
)
async def test_a_code_answers_what_was_granted_with_it(
    bank: Bank, identity: str, expected: list[str]
) -> None:
    """refresh_token only with offline_access, id_token only with openid."""
    code = await bank.code(requested_scopes=identity)
    members = members_of(await bank.exchange(code))
    assert list(members) == expected
    assert members["expires_in"] == "1800"


async def test_expires_in_counts_down_on_a_retry_and_the_tokens_stay_the_same(bank: Bank) -> None:
    first = (await bank.sign_in())["refresh_token"]
    one = members_of(await bank.renew(first))
    bank.clock.advance(7)
    two = members_of(await bank.renew(first))
    assert (one["expires_in"], two["expires_in"]) == ("1800", "1793")
    assert int(one["refresh_token_expires_in"]) - int(two["refresh_token_expires_in"]) == 7
    assert one["access_token"] == two["access_token"]
    assert one["refresh_token"] == two["refresh_token"]


async def test_refresh_token_expires_in_ends_with_the_family_and_never_says_more(bank: Bank) -> None:
    """14 days idle within 90 days in all: near the end what is left of the 90 counts."""
    token = (await bank.sign_in())["refresh_token"]
    for day in range(10, 90, 10):
        bank.clock.advance(10 * DAY)
        members = members_of(await bank.renew(token))
        token = members["refresh_token"]
        assert members["refresh_token_expires_in"] == str(min(14, 90 - day) * DAY)
    bank.clock.advance(10 * DAY)
    assert (await bank.renew(token)).status_code == 400


@pytest.mark.parametrize("seconds", [1, 600, 86400])
async def test_lifetimes_are_the_applications_own(bank: Bank, seconds: int) -> None:
    application = bank.admin.applications.get("machine")
    lifetimes = msgspec.structs.replace(application.lifetimes, access_token=seconds)
    bank.change_application("machine", lifetimes=lifetimes)
    await bank.refresh()
    members = members_of(await bank.token("machine", grant_type="client_credentials"))
    assert members["expires_in"] == str(seconds)


@pytest.mark.parametrize("name", ["transactionId", "transactionid", "TRANSACTIONID"])
async def test_the_transaction_is_echoed_as_it_was_sent(bank: Bank, name: str) -> None:
    sent = "7D5B7e2c-9f43-4c8e-8a51-0a1b2c3d4e5F"
    for form in ({"grant_type": "client_credentials"}, {"grant_type": "implicit"}):
        answer = await bank.token("machine", headers={name: sent}, **form)
        assert answer.headers["transactionId"] == sent
    assert {event["transaction_id"] for event in bank.events("token:issued")} == {sent}


async def test_without_a_transaction_one_is_made_and_returned(bank: Bank) -> None:
    answers = [await bank.token("machine", grant_type="client_credentials") for _ in range(3)]
    made = {answer.headers["transactionId"] for answer in answers}
    assert len(made) == 3
    assert all(str(uuid.UUID(text)) == text for text in made)
    assert {event["transaction_id"] for event in bank.events("token:issued")} == made


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_a_revocation_answers_204_with_nothing_in_it(bank: Bank, method: str) -> None:
    token = (await bank.sign_in())["refresh_token"]
    sent = str(uuid.uuid4())
    answer = await bank.revoke(token, method=method, transactionId=sent)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["transactionid"] == sent
    assert answer.headers["cache-control"] == "no-store"
    assert "content-length" not in answer.headers
    assert (await bank.renew(token)).status_code == 400


async def test_the_back_channel_answers_in_the_vendors_order(bank: Bank) -> None:
    bearer = await bank.page_token()
    answer = await bank.http.post(
        "/v1/client-authorization",
        data={"client_id": "web"},
        headers={"Authorization": f"Bearer {bearer}", "institutionId": "00016"},
    )
    check_headers(list(answer.headers.raw))
    assert answer.json() == {
        "scopes": "accounts:read,transactions:read,transfers:write",
        "appId": "web",
        "additional_info": {
            "secondary_authentication_enabled": False,
            "consent_enabled": False,
            "device_registration_enabled": False,
        },
    }
    assert list(answer.json()) == ["scopes", "appId", "additional_info"]
    code = await bank.ask_code(bearer=bearer)
    check_headers(list(code.headers.raw))
    assert list(code.json()) == ["redirect_uri", "code"]
    assert code.json()["redirect_uri"] == "https://web.example/callback"


async def test_scopes_are_read_with_commas_blanks_trimmed_and_scope_with_blanks(bank: Bank) -> None:
    grant = {"grant_type": "client_credentials"}
    for asked in (
        {"scopes": "accounts:read,transactions:read"},
        {"scopes": " transactions:read ,  accounts:read "},
        {"scope": "accounts:read transactions:read"},
    ):
        members_of(await bank.token("machine", headers=None, **grant, **asked))
    granted = {event["scope"] for event in bank.events("token:issued")}
    assert granted == {"accounts:read transactions:read"}
