"""id_tokens (OpenID Connect Core section 2): as V2 applications know them, and by the standard."""

import hashlib
from collections.abc import Iterable

import msgspec

from moneyer.customers.customer import Customer
from moneyer.keys.ring import SigningKey
from moneyer.protocol import base64url
from moneyer.protocol.scopes import Scopes

LIFETIME = 300
"""Seconds."""


class IdClaims(msgspec.Struct, frozen=True, omit_defaults=True):
    """`birthday` is spelled as V2 clients expect it. Times are whole seconds."""

    sub: str
    iss: str
    aud: str | tuple[str, ...]
    iat: int
    exp: int
    auth_time: int
    azp: str = ""
    nonce: str = ""
    preferred_username: str = ""
    given_name: str = ""
    family_name: str = ""
    birthday: str = ""
    email: str = ""
    phone_number: str = ""

    def __repr__(self) -> str:
        return f"IdClaims({self.iss!r})"


def id_claims(
    customer: Customer,
    *,
    issuer: str,
    subject: str,
    client_id: str,
    audience: str,
    identity: Scopes,
    nonce: str,
    auth_time: int,
    issued_at: int,
) -> IdClaims:
    """What an id_token says; who the customer is only when `profile` was granted.

    `audience` is one more recipient, asked for by the bank's sign-in page, or "".
    """
    others = bool(audience) and audience != client_id
    claims = IdClaims(
        sub=subject,
        iss=issuer,
        aud=(client_id, audience) if others else client_id,
        azp=client_id if others else "",
        iat=issued_at,
        exp=issued_at + LIFETIME,
        auth_time=auth_time,
        nonce=nonce,
    )
    if "profile" not in identity:
        return claims
    person = customer.person
    return msgspec.structs.replace(
        claims,
        preferred_username=customer.login_id,
        given_name=person.given_name,
        family_name=person.family_name,
        birthday=person.birthdate,
        email=person.email,
        phone_number=person.phone_number,
    )


CLAIMS_OF_SCOPE = {
    "profile": ("name", "given_name", "family_name", "preferred_username", "birthdate"),
    "email": ("email",),
    "phone": ("phone_number",),
}
"""OpenID Connect Core section 5.4, as far as a bank knows it of its customer."""

CLAIMS = tuple(name for names in CLAIMS_OF_SCOPE.values() for name in names)


def customer_claims(customer: Customer, names: Iterable[str]) -> dict[str, str]:
    """The claims called `names` that are known of the customer (OpenID Connect Core section 5.1)."""
    person = customer.person
    known = {
        "name": f"{person.given_name} {person.family_name}".strip(),
        "given_name": person.given_name,
        "family_name": person.family_name,
        "preferred_username": customer.login_id,
        "birthdate": person.birthdate,
        "email": person.email,
        "phone_number": person.phone_number,
    }
    return {name: known[name] for name in names if known.get(name)}


class Authentication(msgspec.Struct, frozen=True):
    """How and when the customer was authenticated. `auth_time` in whole seconds."""

    auth_time: int
    acr: str = ""
    amr: tuple[str, ...] = ()
    session_id: str = ""


def standard_id_claims(
    *,
    issuer: str,
    subject: str,
    client_id: str,
    nonce: str,
    authentication: Authentication,
    issued_at: int,
    access_token: str,
    about_customer: dict[str, str],
) -> dict[str, object]:
    """The claims of a standard id_token; members without a value are left out. Seconds.

    `at_hash` is the left half of the access token's SHA-256 (section 3.1.3.6).
    """
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
        "auth_time": authentication.auth_time,
        "nonce": nonce,
        "acr": authentication.acr,
        "amr": authentication.amr,
        "sid": authentication.session_id,
        "at_hash": base64url.encode(hashlib.sha256(access_token.encode()).digest()[:16]).decode(),
        **about_customer,
    }
    return {name: value for name, value in claims.items() if value}


def strike_id_token(key: SigningKey, claims: IdClaims | dict[str, object]) -> str:
    """The signed compact id_token."""
    return key.compact(key.id_token_header, msgspec.json.encode(claims)).decode()
