"""Each application proves itself at the standard endpoints by the one method it registered."""

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
from tests.browser import CALLBACK, Browser, standard_application

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


@pytest.mark.requirement("BU-01")
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
    ids=lambda change: "other-key" if "key" in change else str(change),
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


@pytest.mark.requirement("CC-01", "CA-14", "NA-04")
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
