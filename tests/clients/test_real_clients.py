"""Clients that others wrote, unchanged, against a real server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt as jose
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from requests_oauthlib import OAuth2Session

from tests.drills.ledger import Ledger
from tests.drills.load import ADA, Client
from tests.drills.service import Laptop

HEADERS = {"institutionId": "00016"}


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Laptop]:
    """A sandbox on loopback; the libraries are told that plain HTTP is meant."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    server = Laptop(tmp_path / "bank")
    await server.start()
    yield server
    server.stop()


def token_url(server: Laptop) -> str:
    return f"{server.base_url}/oauth2/v1/token"


def password_of(server: Laptop) -> str:
    return str(next(c for c in server.card["customers"] if c["login_id"] == "ada.marsh")["password"])


@pytest.mark.requirement("CA-01")
async def test_requests_oauthlib_takes_a_token_for_itself(server: Laptop) -> None:
    """The backend application flow of requests-oauthlib."""
    client_id, secret = server.credentials("meridian-back-office")
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
    token = session.fetch_token(token_url(server), auth=(client_id, secret), headers=HEADERS)
    assert token["token_type"] == "Bearer"
    await verify(server, token["access_token"], "client:meridian-back-office")


async def test_requests_oauthlib_signs_a_customer_in_and_renews(server: Laptop) -> None:
    """The legacy application flow; then the refresh of the same session."""
    client_id, secret = server.credentials("harbor-mobile")
    session = OAuth2Session(client=LegacyApplicationClient(client_id=client_id))
    first = session.fetch_token(
        token_url(server),
        username=ADA["username"],
        password=password_of(server),
        auth=(client_id, secret),
        headers=HEADERS,
        include_client_id=False,
    )
    renewed = session.refresh_token(
        token_url(server), auth=(client_id, secret), headers={**HEADERS, "Accept": "application/json"}
    )
    assert renewed["refresh_token"] != first["refresh_token"]
    await verify(server, renewed["access_token"], ADA["institution_user_id"])


async def test_authlib_does_all_four_grants(server: Laptop) -> None:
    """client_credentials, password, refresh_token, authorization_code, revocation, with Authlib."""
    page_id, page_secret = server.credentials("meridian-back-office")
    async with AsyncOAuth2Client(page_id, page_secret, headers=HEADERS) as machine:
        token = await machine.fetch_token(token_url(server), grant_type="client_credentials")
        await verify(server, token["access_token"], "client:meridian-back-office")
    mobile_id, mobile_secret = server.credentials("harbor-mobile")
    async with AsyncOAuth2Client(mobile_id, mobile_secret, headers=HEADERS) as mobile:
        signed_in = await mobile.fetch_token(
            token_url(server), username=ADA["username"], password=password_of(server)
        )
        renewed = await mobile.refresh_token(
            token_url(server), refresh_token=signed_in["refresh_token"]
        )
        assert renewed["refresh_token"] != signed_in["refresh_token"]
        revoked = await mobile.revoke_token(
            f"{server.base_url}/oauth2/v1/revoke", token=renewed["refresh_token"]
        )
        assert revoked.status_code == 204
    web_id, web_secret = server.credentials("northstar-budget")
    async with httpx.AsyncClient(trust_env=False) as http:
        code = await Client(server, Ledger(), http).code()
    async with AsyncOAuth2Client(web_id, web_secret, headers=HEADERS) as web:
        exchanged = await web.fetch_token(token_url(server), grant_type="authorization_code", code=code)
        await verify(server, exchanged["access_token"], ADA["institution_user_id"])


async def test_httpx_with_basic_credentials(server: Laptop) -> None:
    """Nothing but an HTTP client: every member of the answer is text."""
    async with httpx.AsyncClient(auth=server.credentials("meridian-back-office")) as http:
        answer = await http.post(
            token_url(server), headers=HEADERS, data={"grant_type": "client_credentials"}
        )
    assert all(isinstance(value, str) for value in answer.json().values())


async def verify(server: Laptop, token: str, subject: str) -> None:
    """The token verifies with two libraries, which find the keys through the issuer's metadata."""
    issuer = f"{server.base_url}/i/00016"
    async with httpx.AsyncClient(trust_env=False) as http:
        metadata: Any = (await http.get(f"{issuer}/.well-known/openid-configuration")).json()
        keys: Any = (await http.get(metadata["jwks_uri"])).json()
    assert metadata["issuer"] == issuer
    key_set = jwt.PyJWKSet.from_dict(keys)
    key = key_set[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=f"{issuer}/apis", issuer=issuer)
    assert claims["sub"] == subject
    decoded = jose.decode(token, KeySet.import_key_set(keys), algorithms=["ES256"])
    assert decoded.claims == claims
