"""npm's openid-client, unchanged, at a bank that serves over TLS in a process of its own."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from moneyer.applications.application import Application
from tests.browser import CALLBACK, standard_application
from tests.clients.live import LiveBank, walk
from tests.clients.openid_client import OpenidClient, Refused

OUT = "https://portal.example/out"
OFFLINE = "openid email accounts:read offline_access"
KEYS: dict[str, Any] = {
    "ES256": (jwt.algorithms.ECAlgorithm, ec.generate_private_key(ec.SECP256R1())),
    "EdDSA": (jwt.algorithms.OKPAlgorithm, ed25519.Ed25519PrivateKey.generate()),
    "PS256": (jwt.algorithms.RSAAlgorithm, rsa.generate_private_key(65537, 2048)),
    "RS256": (jwt.algorithms.RSAAlgorithm, rsa.generate_private_key(65537, 2048)),
}


def jwk(alg: str, *, private: bool) -> dict[str, Any]:
    kind, key = KEYS[alg]
    given = key if private else key.public_key()
    return {**kind.to_jwk(given, as_dict=True), "alg": alg, "use": "sig", "kid": alg}


def signer(alg: str) -> Application:
    return standard_application(
        f"signer-{alg.lower()}",
        grants=("authorization_code", "refresh_token", "client_credentials"),
        auth_method="private_key_jwt",
        jwks=json.dumps({"keys": [jwk(alg, private=False)]}),
        requires_pushed_requests=True,
    )


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> Iterator[LiveBank]:
    bank = LiveBank(tmp_path_factory.mktemp("bank"))
    for application in (
        standard_application(),
        standard_application("poster", auth_method="client_secret_post"),
        standard_application("app", auth_method="none"),
        *map(signer, KEYS),
    ):
        secrets[application.client_id] = bank.add(application)
    with bank.serving():
        yield bank


@pytest.fixture
def party(bank: LiveBank) -> Iterator[OpenidClient]:
    with OpenidClient(bank.certificate) as party:
        yield party


def register(party: OpenidClient, bank: LiveBank, client_id: str, method: str, **more: Any) -> Any:
    """Discovers the issuer; gives its metadata."""
    metadata = {
        "client_id": client_id,
        "token_endpoint_auth_method": method,
        "id_token_signed_response_alg": "ES256",
        **more,
    }
    return party.ask("discover", issuer=bank.issuer, metadata=metadata)


def request(party: OpenidClient, *, pushed: bool = False, **parameters: str) -> str:
    asked = {"scope": OFFLINE, "redirect_uri": CALLBACK, **parameters}
    return str(party.ask("authorize", parameters=asked, pushed=pushed))


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def lives_and_ends(party: OpenidClient, tokens: Any) -> None:
    """Userinfo, renewal, introspection and revocation; after that nothing opens anything."""
    assert party.ask("userinfo", token=tokens["access_token"])["email"] == "ada.marsh@example.com"
    renewed = party.ask("refresh", token=tokens["refresh_token"])
    assert renewed["refresh_token"] != tokens["refresh_token"]
    seen = party.ask("introspect", token=renewed["access_token"])
    assert (seen["active"], seen["sub"]) == (True, tokens["claims"]["sub"])
    party.ask("revoke", token=renewed["refresh_token"])
    assert party.ask("introspect", token=renewed["access_token"]) == {"active": False}
    with pytest.raises(Refused) as refused:
        party.ask("refresh", token=renewed["refresh_token"])
    assert refused.value.error == "invalid_grant"


@pytest.mark.parametrize(
    ("client_id", "method"), [("portal", "client_secret_basic"), ("poster", "client_secret_post")]
)
def test_code_with_pkce_from_discovery_to_revocation(
    bank: LiveBank, party: OpenidClient, secrets: dict[str, str], client_id: str, method: str
) -> None:
    """State, nonce, iss and the id_token's signature are openid-client's to check."""
    register(party, bank, client_id, method, client_secret=secrets[client_id])
    with bank.browser() as browser:
        location = walk(browser, request(party), "sign-in", "allow")
    tokens = party.ask("callback", location=location)
    assert tokens["claims"]["aud"] == client_id
    lives_and_ends(party, tokens)


@pytest.mark.parametrize("alg", KEYS)
def test_signed_assertions_and_pushed_requests(bank: LiveBank, party: OpenidClient, alg: str) -> None:
    """private_key_jwt at every endpoint; this application may not ask without pushing."""
    client_id = f"signer-{alg.lower()}"
    metadata = {
        "client_id": client_id,
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": alg,
        "id_token_signed_response_alg": "ES256",
    }
    keys = {"keys": [jwk(alg, private=True)]}
    party.ask("discover", issuer=bank.issuer, metadata=metadata, jwks=keys)
    page = request(party, pushed=True)
    assert query_of(page).keys() == {"client_id", "request_uri"}
    with bank.browser() as browser:
        tokens = party.ask("callback", location=walk(browser, page, "sign-in", "allow"))
    lives_and_ends(party, tokens)
    machine = party.ask("machine", scope="accounts:read")
    assert party.ask("introspect", token=machine["access_token"])["active"] is True


def test_a_public_application_proves_itself_by_pkce_alone(bank: LiveBank, party: OpenidClient) -> None:
    register(party, bank, "app", "none")
    with bank.browser() as browser:
        tokens = party.ask("callback", location=walk(browser, request(party), "sign-in", "allow"))
    renewed = party.ask("refresh", token=tokens["refresh_token"])
    party.ask("revoke", token=renewed["refresh_token"])
    with pytest.raises(Refused) as refused:
        party.ask("refresh", token=renewed["refresh_token"])
    assert refused.value.error == "invalid_grant"


def test_sign_out_ends_the_session_and_comes_back(
    bank: LiveBank, party: OpenidClient, secrets: dict[str, str]
) -> None:
    """RP-Initiated Logout; afterwards nobody is signed in, which openid-client hears as an error."""
    register(party, bank, "portal", "client_secret_basic", client_secret=secrets["portal"])
    with bank.browser() as browser:
        location = walk(browser, request(party, scope="openid"), "sign-in")
        tokens = party.ask("callback", location=location)
        silent = walk(browser, request(party, scope="openid", prompt="none"))
        assert party.ask("callback", location=silent)["claims"]["sub"] == tokens["claims"]["sub"]
        url = party.ask(
            "signOut", id_token_hint=tokens["id_token"], post_logout_redirect_uri=OUT, state="bye"
        )
        assert walk(browser, url) == f"{OUT}?state=bye"
        silent = walk(browser, request(party, scope="openid", prompt="none"))
        with pytest.raises(Refused) as refused:
            party.ask("callback", location=silent)
    assert refused.value.error == "login_required"


def test_what_the_customer_refuses_is_an_error_at_the_application(
    bank: LiveBank, party: OpenidClient, secrets: dict[str, str]
) -> None:
    register(party, bank, "portal", "client_secret_basic", client_secret=secrets["portal"])
    with bank.browser() as browser:
        location = walk(browser, request(party, prompt="consent"), "sign-in", "deny")
    with pytest.raises(Refused) as refused:
        party.ask("callback", location=location)
    assert refused.value.error == "access_denied"
