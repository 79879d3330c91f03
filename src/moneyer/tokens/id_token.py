"""id_tokens as V2 applications know them (OpenID Connect Core section 2)."""

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
        sub=customer.customer_id,
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


def strike_id_token(key: SigningKey, claims: IdClaims) -> str:
    """The signed compact id_token."""
    signed = key.id_token_header + b"." + base64url.encode(msgspec.json.encode(claims))
    return (signed + b"." + base64url.encode(key.sign(signed))).decode()
