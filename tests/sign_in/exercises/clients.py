"""Who asks: methods of authentication, algorithms of assertions, grants."""

import json
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from moneyer.applications.application import Application
from moneyer.protocol.clock import SECOND
from tests.browser import CALLBACK, standard_application
from tests.sign_in.exercises.registry import Stage, exercises

URN = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EDWARDS = ed25519.Ed25519PrivateKey.generate()
KEYS: dict[str, Any] = {
    "ES256": (jwt.algorithms.ECAlgorithm, ec.generate_private_key(ec.SECP256R1())),
    "Ed25519": (jwt.algorithms.OKPAlgorithm, _EDWARDS),
    "EdDSA": (jwt.algorithms.OKPAlgorithm, _EDWARDS),
    "PS256": (jwt.algorithms.RSAAlgorithm, rsa.generate_private_key(65537, 2048)),
    "RS256": (jwt.algorithms.RSAAlgorithm, rsa.generate_private_key(65537, 2048)),
}
SCOPES = (
    *("accounts:read", "transactions:read", "transfers:write"),
    *("openid", "profile", "email", "phone", "offline_access"),
)
"""All that any application of the bank holds."""
MACHINE: dict[str, Any] = {"grants": ("client_credentials",), "redirect_uris": ()}


def applications() -> tuple[Application, ...]:
    """An application for each method and each algorithm, beside `portal` and `partner`."""
    return (
        standard_application("basic", **MACHINE),
        standard_application("poster", auth_method="client_secret_post", **MACHINE),
        standard_application("app", auth_method="none"),
        standard_application("reader", scopes=SCOPES),
        *(
            standard_application(
                f"signer-{alg}", auth_method="private_key_jwt", jwks=_key_set(alg), **MACHINE
            )
            for alg in KEYS
        ),
    )


def _key_set(alg: str) -> str:
    kind, key = KEYS[alg]
    public = kind.to_jwk(key.public_key(), as_dict=True)
    return json.dumps({"keys": [{**public, "alg": alg, "kid": alg}]})


def proof(stage: Stage, method: str, alg: str = "ES256") -> dict[str, str]:
    """What an application of `method` sends to prove who it is; `basic` goes into the header."""
    if method == "client_secret_basic":
        return {"basic": "basic"}
    if method == "client_secret_post":
        return {"client_id": "poster", "client_secret": stage.bank.secrets["poster"]}
    client_id, now = f"signer-{alg}", stage.bank.clock.now() // SECOND
    said = {
        "iss": client_id,
        "sub": client_id,
        "aud": stage.issuer,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
    }
    return {"client_assertion_type": URN, "client_assertion": signed(said, alg)}


def signed(said: dict[str, Any], alg: str) -> str:
    """The assertion under the name that `alg` has; PyJWT knows Ed25519 by its older name alone."""
    key = KEYS[alg][1]
    if alg != "Ed25519":
        return jwt.encode(said, key, alg, headers={"kid": alg})
    jws = jwt.PyJWS()
    jws.register_algorithm("Ed25519", jwt.algorithms.OKPAlgorithm())
    return jws.encode(json.dumps(said).encode(), key, "Ed25519", headers={"kid": alg})


async def machine_token(stage: Stage, method: str, alg: str = "ES256") -> str:
    given = proof(stage, method, alg)
    answer = await stage.post("token", grant_type="client_credentials", **given)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@exercises(
    "token_endpoint_auth_methods_supported",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
)
async def prove_at_token_endpoint(stage: Stage, method: str) -> None:
    await machine_token(stage, method)


@exercises("token_endpoint_auth_methods_supported", "none")
async def public_at_token_endpoint(stage: Stage, _method: str) -> None:
    answer = await stage.post("token", client_id="app", **await _public_code(stage))
    assert answer.status_code == 200, answer.text


async def _public_code(stage: Stage, scope: str = "openid") -> dict[str, str]:
    code = await stage.browser.code(client_id="app", scope=scope)
    verifier = {"redirect_uri": CALLBACK, "code_verifier": "v" * 43}
    return {"grant_type": "authorization_code", "code": code, **verifier}


@exercises("token_endpoint_auth_signing_alg_values_supported", *KEYS)
async def sign_at_token_endpoint(stage: Stage, alg: str) -> None:
    await machine_token(stage, "private_key_jwt", alg)


@exercises(
    "introspection_endpoint_auth_methods_supported",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
)
async def prove_at_introspection(stage: Stage, method: str) -> None:
    await introspect_as(stage, method)


async def introspect_as(stage: Stage, method: str, alg: str = "ES256") -> None:
    token = await machine_token(stage, method, alg)
    seen = await stage.post("introspect", token=token, **proof(stage, method, alg))
    assert seen.json()["active"] is True


@exercises("introspection_endpoint_auth_signing_alg_values_supported", *KEYS)
async def sign_at_introspection(stage: Stage, alg: str) -> None:
    await introspect_as(stage, "private_key_jwt", alg)


@exercises(
    "revocation_endpoint_auth_methods_supported",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
)
async def prove_at_revocation(stage: Stage, method: str) -> None:
    await revoke_as(stage, method)


async def revoke_as(stage: Stage, method: str, alg: str = "ES256") -> None:
    token = await machine_token(stage, method, alg)
    revoked = await stage.post("revoke", token=token, **proof(stage, method, alg))
    assert revoked.status_code == 200
    seen = await stage.post("introspect", token=token, **proof(stage, method, alg))
    assert seen.json() == {"active": False}


@exercises("revocation_endpoint_auth_methods_supported", "none")
async def public_at_revocation(stage: Stage, _method: str) -> None:
    form = await _public_code(stage, "openid offline_access")
    token = (await stage.post("token", client_id="app", **form)).json()["refresh_token"]
    assert (await stage.post("revoke", token=token, client_id="app")).status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert (await stage.post("token", client_id="app", **form)).json()["error"] == "invalid_grant"


@exercises("revocation_endpoint_auth_signing_alg_values_supported", *KEYS)
async def sign_at_revocation(stage: Stage, alg: str) -> None:
    await revoke_as(stage, "private_key_jwt", alg)


@exercises("grant_types_supported", "client_credentials")
async def grant_to_a_machine(stage: Stage, _grant: str) -> None:
    await machine_token(stage, "client_secret_basic")


@exercises("grant_types_supported", "authorization_code", "refresh_token")
async def grant_to_a_customer(stage: Stage, _grant: str) -> None:
    tokens = await stage.browser.tokens(scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await stage.post("token", basic="portal", **form)).status_code == 200
