"""Real client libraries, unchanged, through the whole code flow at the standard issuer."""

from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.bank import Bank
from tests.browser import CALLBACK, VERIFIER, Browser, standard_application


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
