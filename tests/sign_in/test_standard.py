"""The standard endpoints that programs call: client authentication, PAR, introspection, revocation."""

import base64
import hmac
import uuid
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from moneyer.protocol.clock import SECOND
from tests.bank import BASE, Bank
from tests.browser import CALLBACK, Browser, challenge, claims, standard_application

ISSUER = f"{BASE}/i/00016"
URN = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def jwks(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    document = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return msgspec.json.encode({"keys": [{**document, "kid": "k1", "alg": "ES256"}]}).decode()


def assertion(bank: Bank, key: Any = KEY, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    now = bank.clock.now() // SECOND
    said = {
        "iss": "signer",
        "sub": "signer",
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
        **changes,
    }
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, "ES256", headers={"kid": "k1", **(headers or {})})


@pytest.fixture
async def signer(bank: Bank) -> Bank:
    bank.add_application(
        standard_application(
            "signer",
            grants=("client_credentials",),
            redirect_uris=(),
            auth_method="private_key_jwt",
            jwks=jwks(),
        )
    )
    await bank.refresh()
    return bank


async def call(bank: Bank, path: str = "token", **form: str) -> Any:
    return await bank.http.post(f"{ISSUER}/oauth2/{path}", data=form)


async def with_assertion(bank: Bank, text: str, **more: str) -> Any:
    form = {"grant_type": "client_credentials", "client_assertion_type": URN, **more}
    return await call(bank, client_assertion=text, **form)


@pytest.mark.requirement("CA-15")
async def test_a_signed_assertion_authenticates_once(signer: Bank) -> None:
    text = assertion(signer)
    answer = await with_assertion(signer, text)
    assert answer.status_code == 200, answer.text
    assert isinstance(answer.json()["expires_in"], int)
    again = await with_assertion(signer, text)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" not in again.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": f"{ISSUER}/oauth2/token"},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": f"{BASE}/i/00042"},
        {"aud": None},
        {"iss": "portal"},
        {"sub": "portal"},
        {"exp": None},
        {"exp": 1},
        {"exp": 1_800_000_000 + 3600},
        {"exp": 1_800_000_060.5},
        {"iat": 1_800_000_000 + 61},
        {"nbf": 1_800_000_000 + 61},
        {"jti": None},
        {"jti": 7},
        {"key": OTHER},
        {"headers": {"kid": "k2"}},
        {"headers": {"typ": "at+jwt"}},
        {"headers": {"jwk": {"kty": "EC"}}},
        {"headers": {"crit": ["x"]}},
    ],
    ids=str,
)
async def test_an_assertion_that_is_not_exactly_right_is_refused(
    signer: Bank, changes: dict[str, Any]
) -> None:
    answer = await with_assertion(signer, assertion(signer, **changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.requirement("JW-01", "JW-02")
async def test_no_other_algorithm_passes_for_the_registered_one(signer: Bank) -> None:
    """alg none in every spelling, HS256 over the public key in each form, another key type."""
    header, payload, _ = assertion(signer).split(".")
    public = KEY.public_key()
    forms = [
        public.public_bytes(encoding, form)
        for encoding, form in (
            (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
        )
    ]

    def head(**members: Any) -> str:
        encoded = msgspec.json.encode({"typ": "JWT", "kid": "k1", **members})
        return base64.urlsafe_b64encode(encoded).rstrip(b"=").decode()

    tried = [f"{head(alg=alg)}.{payload}." for alg in ("none", "None", "nOnE", "", None, ["none"])]
    tried += [f"{head(alg=alg)}.{payload}.AAAA" for alg in ("none", "ES256", "RS256")]
    for raw in forms:
        signed = f"{head(alg='HS256')}.{payload}"
        mac = base64.urlsafe_b64encode(hmac.digest(raw, signed.encode(), "sha256")).rstrip(b"=")
        tried.append(f"{signed}.{mac.decode()}")
    zero = base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode()
    der = base64.urlsafe_b64encode(KEY.sign(f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256())))
    tried += [f"{header}.{payload}.{zero}", f"{header}.{payload}.{der.rstrip(b'=').decode()}"]
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    tried.append(jwt.encode({"sub": "signer"}, weak, "RS256", headers={"kid": "k1"}))
    for text in tried:
        answer = await with_assertion(signer, text)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), text


@pytest.mark.requirement("CA-07", "CA-08", "CA-05")
async def test_each_application_proves_itself_by_its_one_method(bank: Bank) -> None:
    """Basic, the body and none, each tried by those that registered another; and two at once."""
    cc: dict[str, Any] = {"grants": ("client_credentials",), "redirect_uris": ()}
    bank.add_application(standard_application("poster", auth_method="client_secret_post", **cc))
    bank.add_application(standard_application("basic", **cc))
    await bank.refresh()
    form = {"grant_type": "client_credentials"}

    async def posted(client_id: str) -> int:
        answer = await call(bank, client_id=client_id, client_secret=bank.secrets[client_id], **form)
        return int(answer.status_code)

    async def by_basic(named: str, **more: str) -> int:
        headers = {"Authorization": bank.basic(named)}
        url = f"{ISSUER}/oauth2/token"
        answer = await bank.http.post(url, data={**form, **more}, headers=headers)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Basic")
        return int(answer.status_code)

    assert [await posted("poster"), await posted("basic")] == [200, 401]
    assert [await by_basic("poster"), await by_basic("basic")] == [401, 200]
    assert await by_basic("basic", client_secret=bank.secrets["basic"]) == 400
    assert await by_basic("basic", client_assertion_type=URN) == 400
    assert await by_basic("basic", client_id="poster") == 400
    assert (await call(bank, client_id="basic", **form)).status_code == 401
    assert (await call(bank, **form)).status_code == 401
    v2 = await bank.token("poster", grant_type="client_credentials")
    assert v2.status_code == 401


@pytest.mark.requirement("CC-01", "CA-14")
async def test_a_public_application_has_codes_and_renewal_alone(bank: Bank) -> None:
    bank.add_application(standard_application("app", auth_method="none"))
    await bank.refresh()
    browser = Browser(bank)
    code = await browser.code(client_id="app", scope="openid offline_access")
    form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": "v" * 43, "client_id": "app"}
    answer = await call(bank, grant_type="authorization_code", **form)
    assert answer.status_code == 200, answer.text
    token = answer.json()["refresh_token"]
    renewed = await call(bank, grant_type="refresh_token", refresh_token=token, client_id="app")
    assert renewed.status_code == 200
    assert (await call(bank, "introspect", token=token, client_id="app")).status_code == 401
    refused = await call(bank, grant_type="client_credentials", client_id="app")
    assert refused.json()["error"] == "invalid_client"
    newest = renewed.json()["refresh_token"]
    assert (await call(bank, "revoke", token=newest, client_id="app")).status_code == 200
    ended = await call(bank, grant_type="refresh_token", refresh_token=newest, client_id="app")
    assert ended.json()["error"] == "invalid_grant"


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


@pytest.mark.requirement("PA-02")
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


async def test_who_must_push_may_not_ask_openly(bank: Bank, browser: Browser) -> None:
    bank.change_application("portal", requires_pushed_requests=True)
    await bank.refresh()
    await browser.authorize()
    assert browser.result()["error"] == "invalid_request"


@pytest.mark.requirement("IN-01", "IN-02", "IN-04")
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
