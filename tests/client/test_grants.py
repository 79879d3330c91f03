"""Each grant, renewal and revocation, over HTTP at a running Moneyer, in both dialects."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from moneyer.client import (
    STANDARD,
    AuthorizationCode,
    ClientCredentials,
    Password,
    RefreshToken,
    Settings,
    SignInNeeded,
    TokenRefused,
    customer,
)
from tests.browser import VERIFIER, Page, challenge
from tests.cli.process import Sandbox
from tests.client.conftest import sandbox_settings
from tests.client.middleman import Middleman
from tests.client.subject import Workshop

BACK_OFFICE, MOBILE, WEB, PAGE = (
    "meridian-back-office",
    "harbor-mobile",
    "northstar-budget",
    "meridian-sign-in",
)
HOUR = 3600


def ada(sandbox: Sandbox) -> Password:
    card = next(c for c in sandbox.card["customers"] if c["login_id"] == "ada.marsh")
    return Password(card["login_id"], card["password"])


def code_for(sandbox: Sandbox, scopes: str = "openid,profile,offline_access") -> str:
    """A code for the web application, over the back channel."""
    page = sandbox.token(PAGE, grant_type="client_credentials").json()
    card = next(c for c in sandbox.card["customers"] if c["login_id"] == "ada.marsh")
    answer = httpx.post(
        f"{sandbox.base_url}/v1/auth-code",
        headers={"Authorization": f"Bearer {page['access_token']}", "institutionId": "00016"},
        data={
            "client_id": WEB,
            "scopes": "accounts:read",
            "username": card["login_id"],
            "institution_user_id": card["institution_user_id"],
            "requested_scopes": scopes,
        },
        trust_env=False,
    )
    return str(answer.json()["code"])


async def test_client_credentials_in_v2(sandbox: Sandbox, front: Middleman, workshop: Workshop) -> None:
    """The scopes with commas; the token serves until it is due, then there is another."""
    scopes = ("accounts:read", "transactions:read")
    settings = sandbox_settings(sandbox, front.base_url, BACK_OFFICE, scopes=scopes)
    client = workshop.make(settings, ClientCredentials)
    first = await client.token()
    assert first.scopes == scopes
    assert first.expires_at is not None
    assert (first.expires_at - first.obtained_at) // 1_000_000 in (1799, 1800)
    assert await client.token() is first
    (seen,) = front.asked()
    assert seen.form == {
        "grant_type": "client_credentials",
        "scopes": "accounts:read,transactions:read",
    }
    workshop.clock.advance(HOUR)
    assert (await client.token()).access_token != first.access_token
    assert len(front.asked()) == 2
    ids = {seen.headers["transactionid"] for seen in front.asked()}
    assert len(ids) == 2


async def test_client_credentials_in_the_standard_dialect(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """The scopes with blanks, under the issuer; the service says which it gave."""
    scopes = ("accounts:read", "transactions:read")
    settings = sandbox_settings(sandbox, front.base_url, BACK_OFFICE, scopes=scopes, dialect=STANDARD)
    tokens = await workshop.make(settings, ClientCredentials).token()
    assert tokens.scopes == scopes
    (seen,) = front.seen
    assert seen.path == "/i/00016/oauth2/token"
    assert seen.form["scope"] == "accounts:read transactions:read"
    assert not {"institutionid", "transactionid"} & seen.headers.keys()


async def test_a_customer_signs_in_is_renewed_and_signs_out(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """password, refresh_token, DELETE with a body; afterwards the refresh token opens nothing."""
    settings = sandbox_settings(sandbox, front.base_url, MOBILE)
    client = workshop.make(settings)
    with pytest.raises(SignInNeeded):
        await client.token()
    first = await client.sign_in(ada(sandbox))
    workshop.clock.advance(HOUR)
    second = await client.token()
    assert front.seen[-1].form == {
        "grant_type": "refresh_token",
        "refresh_token": first.refresh_token,
    }
    assert second.refresh_token not in (None, first.refresh_token)
    await client.revoke()
    assert (front.seen[-1].method, front.seen[-1].path) == ("DELETE", "/oauth2/v1/revoke")
    assert sandbox.renew(second.refresh_token or "").status_code == 400
    with pytest.raises(SignInNeeded):
        await client.token()
    assert len(front.asked()) == 2


async def test_a_code_is_exchanged(sandbox: Sandbox, workshop: Workshop) -> None:
    """With offline_access and openid there is a refresh token and an id_token."""
    client = workshop.make(sandbox_settings(sandbox, sandbox.base_url, WEB))
    tokens = await client.sign_in(AuthorizationCode(code_for(sandbox)))
    assert tokens.id_token is not None
    assert tokens.refresh_token is not None
    workshop.clock.advance(HOUR)
    assert (await client.token()).access_token != tokens.access_token
    with pytest.raises(SignInNeeded) as refused:
        await client.sign_in(AuthorizationCode("00016.nothing"))
    assert (refused.value.status, refused.value.code) == (400, "CMN_90016")


async def test_a_refresh_token_from_elsewhere_is_taken_over(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """Without `institutionId`, where the settings say so."""
    signed_in = sandbox.sign_in().json()
    settings = sandbox_settings(sandbox, front.base_url, MOBILE, institution_on_refresh=False)
    client = workshop.make(settings)
    tokens = await client.sign_in(RefreshToken(signed_in["refresh_token"]))
    assert tokens.refresh_token != signed_in["refresh_token"]
    assert "institutionid" not in front.seen[-1].headers


async def test_the_password_grant_follows_a_refused_refresh_only_where_credentials_are_given(
    sandbox: Sandbox, workshop: Workshop
) -> None:
    """The family is revoked behind the client's back."""
    asked: list[int] = []

    def credentials() -> Password:
        asked.append(1)
        return ada(sandbox)

    settings = sandbox_settings(sandbox, sandbox.base_url, MOBILE)
    for given in (None, credentials):
        client = workshop.make(settings, given)
        tokens = await client.sign_in(ada(sandbox))
        revoke(sandbox, MOBILE, tokens.refresh_token or "")
        workshop.clock.advance(HOUR)
        if given is None:
            with pytest.raises(SignInNeeded, match="CMN_90016"):
                await client.token()
        else:
            assert (await client.token()).access_token != tokens.access_token
    assert asked == [1]


async def test_a_wrong_secret_is_an_error_of_the_application(
    sandbox: Sandbox, workshop: Workshop
) -> None:
    """Never taken for a sign-in that has ended: the customer could do nothing about it."""
    settings = sandbox_settings(sandbox, sandbox.base_url, BACK_OFFICE, client_secret="not-the-secret")
    with pytest.raises(TokenRefused) as refused:
        await workshop.make(settings, ClientCredentials).token()
    assert not isinstance(refused.value, SignInNeeded)
    told = refused.value
    assert (told.status, told.code, told.error) == (401, "CMN_90004", "invalid_client")
    assert told.message == "Invalid credentials"
    assert told.description == "client authentication is missing or wrong"


async def test_the_standard_code_flow_with_pkce_renewal_and_revocation(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """A customer signs in on the bank's own pages; revocation is a POST."""
    settings = sandbox_settings(sandbox, front.base_url, "meridian-online", dialect=STANDARD)
    client = workshop.make(settings)
    code, redirect_uri = await sign_in_on_the_page(sandbox, settings)
    tokens = await client.sign_in(AuthorizationCode(code, redirect_uri, VERIFIER))
    assert tokens.id_token is not None
    me = await client.call("GET", f"{sandbox.base_url}/i/00016/oauth2/userinfo")
    assert me.json()["sub"]
    workshop.clock.advance(HOUR)
    renewed = await client.token()
    assert renewed.refresh_token not in (None, tokens.refresh_token)
    await client.revoke()
    assert (front.seen[-1].method, front.seen[-1].path) == ("POST", "/i/00016/oauth2/revoke")
    again = workshop.make(settings)
    with pytest.raises(SignInNeeded, match="invalid_grant"):
        await again.sign_in(RefreshToken(renewed.refresh_token or ""))


async def sign_in_on_the_page(sandbox: Sandbox, settings: Settings) -> tuple[str, str]:
    """The code, and where it was sent."""
    redirect_uri = "http://127.0.0.1:49999/demo/callback"
    request = {
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid accounts:read offline_access",
        "state": "s",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    grant = ada(sandbox)
    async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http:
        answer = await http.get("/i/00016/oauth2/authorize", params=request)
        typed = {"username": grant.username, "password": grant.password}
        for action, fields in (("sign-in", typed), ("allow", {})):
            page = Page(answer.text)
            if action in page.buttons:
                form: Any = {**page.hidden, **fields, "action": action}
                answer = await http.post(page.action, data=form)
    found = re.search(r"[?&]code=([^&]+)", answer.headers["location"])
    assert found
    return found[1], redirect_uri


def revoke(
    sandbox: Sandbox,
    client_id: str,
    token: str,
    method: str = "DELETE",
    path: str = "/oauth2/v1/revoke",
) -> None:
    """Behind the client's back."""
    answer = httpx.request(
        method,
        sandbox.base_url + path,
        data={"token": token},
        auth=(client_id, sandbox.secret(client_id)),
        trust_env=False,
    )
    assert answer.is_success


async def test_an_api_that_refuses_a_revoked_token_is_asked_again_with_another(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """userinfo at a running Moneyer: 401 with invalid_token, one renewal, 200."""
    settings = sandbox_settings(sandbox, front.base_url, "meridian-online", dialect=STANDARD)
    client = workshop.make(settings)
    code, redirect_uri = await sign_in_on_the_page(sandbox, settings)
    tokens = await client.sign_in(AuthorizationCode(code, redirect_uri, VERIFIER))
    userinfo = f"{front.base_url}/i/00016/oauth2/userinfo"
    assert (await client.call("GET", userinfo)).status_code == 200
    revoke(sandbox, settings.client_id, tokens.access_token, "POST", "/i/00016/oauth2/revoke")
    answer = await client.call("GET", userinfo)
    assert answer.status_code == 200
    assert [seen.path for seen in front.seen[-3:]] == [
        "/i/00016/oauth2/userinfo",
        "/i/00016/oauth2/token",
        "/i/00016/oauth2/userinfo",
    ]


async def test_the_sandbox_banks_own_api_answers_for_the_customer_that_is_named(
    sandbox: Sandbox, front: Middleman, workshop: Workshop
) -> None:
    """With an institution's token each call says whom it is about. When the token is revoked behind
    the client's back the bank refuses it within a second or so, and no call notices."""
    settings = sandbox_settings(sandbox, front.base_url, BACK_OFFICE)
    client = workshop.make(settings, ClientCredentials)
    accounts = f"{front.base_url}/v1/accounts"
    first, by_login = [
        await client.call("GET", accounts, named)
        for named in (customer(host_user_id="H1000001"), customer(login_id="ada.marsh"))
    ]
    assert first.status_code == 200, first.text
    assert first.json() == by_login.json()
    assert len(front.asked()) == 1
    revoke(sandbox, BACK_OFFICE, (await client.token()).access_token)
    async with asyncio.timeout(30):
        while len(front.asked()) == 1:
            answer = await client.call("GET", accounts, customer(host_user_id="H1000001"))
            assert answer.status_code == 200
