"""Real client libraries, unchanged, through the whole code flow at the standard issuer."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet
from requests_oauthlib import OAuth2Session

from tests.bank import Bank
from tests.browser import CALLBACK, VERIFIER, Browser, Page, standard_application
from tests.drills.service import Laptop


async def test_authlib_signs_in_renews_introspects_and_revokes(bank: Bank) -> None:
    """Discovery, PKCE, state, iss; the id_token verified by joserfc against the key set."""
    secret = bank.add_application(standard_application())
    await bank.refresh()
    browser = Browser(bank)
    url = f"{browser.issuer}/.well-known/openid-configuration"
    metadata: Any = (await bank.http.get(url)).json()
    client = AsyncOAuth2Client(
        "portal",
        secret,
        scope="openid email offline_access",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        transport=bank.http._transport,
    )
    page, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-2"
    )
    await browser.send("GET", page)
    await browser.sign_in()
    await browser.press("allow")
    token = await client.fetch_token(
        metadata["token_endpoint"],
        authorization_response=browser.answer.headers["location"],
        code_verifier=VERIFIER,
        state=state,
    )
    keys = KeySet.import_key_set((await bank.http.get(metadata["jwks_uri"])).json())
    said = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
    assert (said["iss"], said["aud"], said["nonce"]) == (metadata["issuer"], "portal", "n-2")
    me = await client.get(metadata["userinfo_endpoint"])
    assert me.json() == {"sub": said["sub"], "email": "ada@example.com"}
    renewed = await client.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    assert renewed["refresh_token"] != token["refresh_token"]
    endpoint = metadata["introspection_endpoint"]
    active = await client.introspect_token(endpoint, token=renewed["access_token"])
    assert active.json()["active"] is True
    await client.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"])
    over = await client.introspect_token(endpoint, token=renewed["access_token"])
    assert over.json() == {"active": False}
    await client.aclose()


async def test_requests_oauthlib_signs_in_over_a_real_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A native application at a port of its own, with PKCE; the pages are sent by hand."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    server = Laptop(tmp_path / "bank")
    await server.start()
    try:
        client_id, secret = server.credentials("meridian-online")
        issuer = f"{server.base_url}/i/00016"
        redirect_uri = "http://127.0.0.1:49999/demo/callback"
        scope = ["openid", "accounts:read", "offline_access"]
        session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=scope, pkce="S256")
        url, _ = session.authorization_url(f"{issuer}/oauth2/authorize")
        person = next(c for c in server.card["customers"] if c["login_id"] == "ada.marsh")
        async with httpx.AsyncClient(base_url=server.base_url, trust_env=False) as http:
            page = Page((await http.get(url)).text)
            typed = {"username": person["login_id"], "password": person["password"]}
            for action, fields in (("sign-in", typed), ("allow", {})):
                form = {**page.hidden, **fields, "action": action}
                answer = await http.post(page.action, data=form)
                page = Page(answer.text)
        location = answer.headers["location"]
        assert location.startswith(redirect_uri)
        token = session.fetch_token(
            f"{issuer}/oauth2/token",
            authorization_response=location,
            auth=(client_id, secret),
            include_client_id=False,
        )
        renewed = session.refresh_token(f"{issuer}/oauth2/token", auth=(client_id, secret))
        assert renewed["refresh_token"] != token["refresh_token"]
        me = session.get(f"{issuer}/oauth2/userinfo").json()
        assert me["sub"] == person["institution_user_id"]
    finally:
        server.stop()
