"""The bytes of each request, by the settings, and the settings that are refused."""

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest

from moneyer.client import (
    STANDARD,
    V2,
    AuthorizationCode,
    ClientCredentials,
    InsecureAddress,
    Margin,
    Password,
    RefreshToken,
    Retry,
    SecondFactor,
    Settings,
)
from moneyer.client.grants import Grant
from moneyer.client.wire import basic, revocation_request, token_request
from moneyer.protocol.basic import parse_basic


def settings(**changes: Any) -> Settings:
    given = {
        "base_url": "https://bank.example/digitalbanking/",
        "client_id": "app",
        "client_secret": "s3cret",
        "institution_id": "00016",
        "scopes": ("accounts:read", "transfers:write"),
        **changes,
    }
    return Settings(**given)


BODIES: list[tuple[Grant, str]] = [
    (ClientCredentials(), "grant_type=client_credentials&SCOPES"),
    (
        Password("ada", "a b&c=é"),
        "grant_type=password&username=ada&password=a+b%26c%3D%C3%A9&SCOPES",
    ),
    (AuthorizationCode("c1"), "grant_type=authorization_code&code=c1"),
    (
        AuthorizationCode("c1", "https://app.example/cb", "v" * 43),
        "grant_type=authorization_code&code=c1&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"
        f"&code_verifier={'v' * 43}",
    ),
    (RefreshToken("r1"), "grant_type=refresh_token&refresh_token=r1"),
    (
        SecondFactor("mmt_1", otp="123456"),
        "grant_type=urn%3Amoneyer%3Agrant-type%3Amfa-otp&mfa_token=mmt_1&otp=123456",
    ),
]


@pytest.mark.parametrize(("grant", "body"), BODIES, ids=lambda value: type(value).__name__)
def test_the_body_of_each_grant(grant: Grant, body: str) -> None:
    """In V2 scopes stand under `scopes` with commas, else under `scope` with blanks."""
    v2 = token_request(settings(), grant).body.decode()
    assert v2 == body.replace("SCOPES", "scopes=accounts%3Aread%2Ctransfers%3Awrite")
    standard = token_request(settings(dialect=STANDARD), grant).body.decode()
    assert standard == body.replace("SCOPES", "scope=accounts%3Aread+transfers%3Awrite")


def test_no_scopes_ask_for_all() -> None:
    """The parameter is left out."""
    request = token_request(settings(scopes=()), ClientCredentials())
    assert request.body == b"grant_type=client_credentials"


def test_where_requests_go() -> None:
    """Below the base URL by the dialect, or to the URLs that were given."""
    v2, standard = settings(), settings(dialect=STANDARD)
    base = "https://bank.example/digitalbanking"
    assert v2.token_endpoint == f"{base}/oauth2/v1/token"
    assert v2.revocation_endpoint == f"{base}/oauth2/v1/revoke"
    assert standard.token_endpoint == f"{base}/i/00016/oauth2/token"
    assert standard.revocation_endpoint == f"{base}/i/00016/oauth2/revoke"
    given = settings(base_url=None, token_url="https://id.example/t")
    assert given.token_endpoint == "https://id.example/t"
    with pytest.raises(ValueError, match="revocation_url"):
        _ = given.revocation_endpoint
    both = settings(
        base_url=None, token_url="https://a.example/t", revocation_url="https://a.example/r"
    )
    assert both.revocation_endpoint == "https://a.example/r"


def test_the_headers_of_v2_and_of_the_standard() -> None:
    """`institutionId` and `transactionId` are V2's; each can be switched off where V2 allows it."""
    grants = (ClientCredentials(), RefreshToken("r1"))
    for chosen, expected in (
        (settings(), [{"institutionId", "transactionId"}] * 2),
        (settings(send_transaction_id=False), [{"institutionId"}] * 2),
        (
            settings(institution_on_refresh=False),
            [{"institutionId", "transactionId"}, {"transactionId"}],
        ),
        (settings(dialect=STANDARD), [set(), set()]),
        (settings(dialect=V2._replace(has_headers=False)), [set(), set()]),
    ):
        sent = [set(token_request(chosen, grant).headers) for grant in grants]
        assert [names & {"institutionId", "transactionId"} for names in sent] == expected
        assert all("Authorization" in names for names in sent)


def test_revocation_is_a_delete_with_a_body_or_a_post() -> None:
    """V2 and RFC 7009."""
    v2, standard = (
        revocation_request(settings(dialect=dialect), "mrt_1/+") for dialect in (V2, STANDARD)
    )
    assert (v2.method, standard.method) == ("DELETE", "POST")
    assert v2.body == standard.body == b"token=mrt_1%2F%2B"


def test_a_public_application_names_itself_in_the_body() -> None:
    """Without an Authorization header (RFC 6749 section 3.2.1)."""
    request = token_request(settings(client_secret=None, dialect=STANDARD), RefreshToken("r1"))
    assert request.body.endswith(b"&client_id=app")
    assert "Authorization" not in request.headers


@pytest.mark.requirement("CA-02", "CA-03")
def test_credentials_are_encoded_before_they_are_joined() -> None:
    """The vector of RFC 6749 section 2.3.1, and read back by the server's own parser."""
    client_id, secret = "s6Bh:dRkqt3", "7Fjf p0ZBr1K+%é"
    header = basic(client_id, secret)
    pair = base64.b64decode(header.removeprefix("Basic ")).decode()
    assert pair == f"{quote_plus(client_id)}:{quote_plus(secret)}"
    assert parse_basic(header.encode()) == (client_id, secret)
    assert basic("plain-id", "plain_secret~1.") == "Basic " + base64.b64encode(
        b"plain-id:plain_secret~1."
    ).decode("ascii")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"institution_id": "00 16"},
        {"institution_id": ""},
        {"scopes": "accounts:read, transfers:write"},
        {"scopes": ("accounts:read,transfers:write",)},
        {"token_url": "https://bank.example/token"},
        {"base_url": None},
        {"base_url": "https://user@bank.example"},
        {"base_url": "https://bank.example/?x=1"},
        {"base_url": "https://bank.example/#x"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_at_once(changes: dict[str, Any]) -> None:
    """Not with the first token."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        settings(**changes)


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://[::ffff:8.8.8.8]",
        "http://0.0.0.0",
        "http://2130706433",
        "http://[::1",
        "http://bank.example:99999",
        "ftp://127.0.0.1",
        "bank.example",
        "https://",
    ],
)
def test_secrets_go_by_https_or_stay_on_this_machine(url: str) -> None:
    """Whatever looks like this machine and is none is refused."""
    for name in ("base_url", "token_url", "revocation_url"):
        given = {"base_url": None, "token_url": "https://a.example", name: url}
        if name == "base_url":
            given["token_url"] = None
        with pytest.raises(InsecureAddress):
            settings(**given)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:1", "http://localhost:8080"]
)
def test_this_machine_may_be_spoken_to_in_the_clear(url: str) -> None:
    """A sandbox has no certificate."""
    assert settings(base_url=url).token_endpoint.startswith(url)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Margin(seconds=-1),
        lambda: Margin(share=0.6),
        lambda: Margin(share=-0.1),
        lambda: Retry(attempts=0),
        lambda: Retry(first_wait=-1),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(make: Any) -> None:
    """With what would make sense."""
    with pytest.raises(ValueError, match="at least"):
        make()
