"""The standard endpoints that programs call: PAR, introspection, userinfo, token errors."""

from typing import Any

import jwt
import pytest

from tests.bank import BASE, Bank
from tests.browser import CALLBACK, Browser, challenge, claims, standard_application

ISSUER = f"{BASE}/i/00016"


async def push(bank: Bank, **changes: str | None) -> Any:
    fields: dict[str, Any] = {
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "pushed",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    form = {name: value for name, value in fields.items() if value is not None}
    headers = {"Authorization": bank.basic("portal")}
    return await bank.http.post(f"{ISSUER}/oauth2/par", data=form, headers=headers)


@pytest.mark.requirement("PA-02", "PA-03", "PA-06")
async def test_a_pushed_request_is_good_once_for_its_application_and_a_while(
    bank: Bank, browser: Browser
) -> None:
    answer = await push(bank)
    assert answer.status_code == 201
    assert answer.json()["expires_in"] == 90
    uri = answer.json()["request_uri"]
    page = f"{ISSUER}/oauth2/authorize?request_uri={uri}&client_id="
    assert (await browser.send("GET", page + "partner")).status_code == 400
    await browser.send("GET", page + "portal&state=ignored&scope=openid+transfers:write")
    await browser.sign_in()
    assert browser.result()["state"] == "pushed"
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert tokens["scope"] == "openid"
    assert (await browser.send("GET", page + "portal")).status_code == 400
    late = (await push(bank)).json()["request_uri"]
    bank.clock.advance(91)
    url = f"{ISSUER}/oauth2/authorize?client_id=portal&request_uri={late}"
    assert (await browser.send("GET", url)).status_code == 400


@pytest.mark.requirement("PA-01")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
    ids=str,
)
async def test_what_is_wrong_with_a_pushed_request_is_told_at_once(
    bank: Bank, changes: dict[str, str | None], error: str
) -> None:
    answer = await push(bank, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    (event,) = bank.events("request:refused")
    assert event["client_id"] == "portal"


@pytest.mark.requirement("PA-05")
async def test_who_must_push_may_not_ask_openly(bank: Bank, browser: Browser) -> None:
    bank.change_application("portal", requires_pushed_requests=True)
    await bank.refresh()
    await browser.authorize()
    assert browser.result()["error"] == "invalid_request"


@pytest.mark.requirement("IN-01", "IN-02", "IN-04", "IN-03", "IN-05")
async def test_introspection_tells_its_own_and_resource_servers_and_nobody_else(
    bank: Bank, browser: Browser
) -> None:
    bank.add_application(
        standard_application(
            "api", grants=("client_credentials",), redirect_uris=(), is_resource_server=True
        )
    )
    await bank.refresh()
    tokens = await browser.tokens(scope="openid accounts:read offline_access")

    async def seen(client_id: str, token: str) -> Any:
        headers = {"Authorization": bank.basic(client_id)}
        url = f"{ISSUER}/oauth2/introspect"
        answer = await bank.http.post(url, data={"token": token}, headers=headers)
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    access, refresh = tokens["access_token"], tokens["refresh_token"]
    for client_id in ("portal", "api"):
        said = await seen(client_id, access)
        assert said["active"] is True
        assert said["client_id"] == "portal"
        assert said["sub"] == bank.customer_ids["00016", "ada"]
    assert (await seen("portal", refresh))["active"] is True
    nothing = {"active": False}
    assert await seen("partner", access) == nothing
    assert await seen("partner", refresh) == nothing
    assert await seen("api", refresh) == nothing
    for junk in ("x", "a.b.c", access[:-2], refresh[:-2] + "AA", tokens["id_token"]):
        assert await seen("portal", junk) == nothing
    unproven = await bank.http.post(f"{ISSUER}/oauth2/introspect", data={"token": access})
    assert unproven.status_code == 401
    bank.clock.advance(601)
    assert await seen("portal", access) == nothing
    await bank.http.post(
        f"{ISSUER}/oauth2/revoke",
        data={"token": refresh, "token_type_hint": "access_token"},
        headers={"Authorization": bank.basic("portal")},
    )
    assert await seen("portal", refresh) == nothing


@pytest.mark.requirement("IN-06")
async def test_introspection_is_signed_where_that_is_asked_for(bank: Bank, browser: Browser) -> None:
    tokens = await browser.tokens()
    answer = await bank.http.post(
        f"{ISSUER}/oauth2/introspect",
        data={"token": tokens["access_token"]},
        headers={
            "Authorization": bank.basic("portal"),
            "Accept": "application/token-introspection+jwt",
        },
    )
    assert answer.headers["content-type"] == "application/token-introspection+jwt"
    keys = jwt.PyJWKSet.from_dict((await bank.http.get(f"{ISSUER}/oauth2/jwks")).json())
    kid = jwt.get_unverified_header(answer.text)["kid"]
    options: Any = {"verify_exp": False, "verify_iat": False}
    said = jwt.decode(
        answer.text, keys[kid], ["ES256"], audience="portal", issuer=ISSUER, options=options
    )
    assert jwt.get_unverified_header(answer.text)["typ"] == "token-introspection+jwt"
    assert said["token_introspection"]["active"] is True


@pytest.mark.requirement("OC-08", "BE-03", "BE-04", "BE-05")
async def test_userinfo(bank: Bank, browser: Browser) -> None:
    tokens = await browser.tokens(scope="openid profile email phone")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    url = f"{ISSUER}/oauth2/userinfo"
    expected = {
        "sub": bank.customer_ids["00016", "ada"],
        "name": "Ada Marsh",
        "given_name": "Ada",
        "family_name": "Marsh",
        "preferred_username": "ada",
        "birthdate": "1984-03-09",
        "email": "ada@example.com",
        "phone_number": "+1 555 0100",
    }
    assert (await bank.http.get(url, headers=bearer)).json() == expected
    assert (await bank.http.post(url, headers=bearer)).json() == expected
    bare = await bank.http.get(url)
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, 'Bearer realm="moneyer"')
    wrong = await bank.http.get(url, headers={"Authorization": "Bearer x.y.z"})
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    twice = await bank.http.post(url, headers=bearer, data={"access_token": tokens["access_token"]})
    assert twice.status_code == 400
    plain = await browser.exchange(await browser.code(scope="accounts:read"))
    assert "id_token" not in plain.json()
    lacking = await bank.http.get(
        url, headers={"Authorization": f"Bearer {plain.json()['access_token']}"}
    )
    assert lacking.status_code == 403
    assert 'error="insufficient_scope", scope="openid"' in lacking.headers["www-authenticate"]


@pytest.mark.requirement("OC-01", "OA-03", "AC-06")
async def test_claims_by_name_scopes_and_lifetimes(bank: Bank, browser: Browser) -> None:
    """Claims asked for by name reach id_token and userinfo, after renewal too; a code has a minute."""
    wish = '{"id_token":{"email":null,"nonsense":null},"userinfo":{"given_name":{"essential":true}}}'
    await browser.authorize(scope="openid offline_access", claims=wish)
    await browser.sign_in()
    assert "Your email address" in browser.page.text
    await browser.press("allow")
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert claims(tokens["id_token"])["email"] == "ada@example.com"
    renewed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    for token in (tokens["access_token"], renewed.json()["access_token"]):
        headers = {"Authorization": f"Bearer {token}"}
        said = (await bank.http.get(f"{ISSUER}/oauth2/userinfo", headers=headers)).json()
        assert said == {"sub": bank.customer_ids["00016", "ada"], "given_name": "Ada"}
    code = await browser.code()
    bank.clock.advance(61)
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"


@pytest.mark.requirement("TE-09", "TE-13")
@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "nothing"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unauthorized_client"),
        ({"grant_type": "password"}, 400, "unauthorized_client"),
        ({"grant_type": "authorization_code"}, 400, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
    ],
    ids=str,
)
async def test_errors_of_the_token_endpoint_are_rfc_6749s_alone(
    browser: Browser, form: dict[str, str], status: int, error: str
) -> None:
    answer = await browser.token(**form)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.json()["error"] == error
    assert answer.headers["cache-control"] == "no-store"


async def test_a_back_channel_code_without_a_challenge_opens_nothing_here(
    bank: Bank, browser: Browser
) -> None:
    code = await bank.code()
    form = {"grant_type": "authorization_code", "code": code}
    for more in ({}, {"redirect_uri": "https://web.example/callback"}):
        answer = await browser.token("web", **form, **more)
        assert answer.json()["error"] == "invalid_grant"
    assert (await bank.exchange(code)).status_code == 200
