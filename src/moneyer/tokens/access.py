"""Access tokens: JWTs by RFC 9068, without personal data."""

from typing import Annotated

import msgspec

from moneyer.keys.ring import SigningKey
from moneyer.protocol import base64url
from moneyer.protocol.randomness import random_bytes

NumericDate = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Whole seconds since 1970, and nothing that a number could be besides (RFC 7519 section 2)."""


class AccessClaims(msgspec.Struct, frozen=True, omit_defaults=True):
    """The claims of an access token (RFC 9068 section 2.2). Times are whole seconds.

    `sub` is a customer's id as the application knows it, or `client:` and the client id, which no
    customer can have. `sid` is the family the token belongs to, in hexadecimal; `gty` is the grant that
    began it; `claims` are those that its userinfo was asked for by name.
    """

    iss: str
    sub: str
    aud: str
    exp: NumericDate
    iat: NumericDate
    jti: str
    client_id: str
    scope: str
    institution_id: str
    gty: str
    sid: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] | None = None
    auth_time: NumericDate | None = None
    claims: tuple[str, ...] | None = None


_encode = msgspec.json.Encoder().encode


def strike(key: SigningKey, claims: AccessClaims) -> str:
    """The signed compact token (RFC 7515 section 3.1): the same bytes for the same claims and key."""
    return key.compact(key.access_header, _encode(claims)).decode()


def application_subject(client_id: str) -> str:
    """The `sub` of a token without a customer (RFC 9068 section 5, RFC 9700 section 4.15)."""
    return f"client:{client_id}"


def api_audience(issuer: str) -> str:
    """The `aud` of tokens for the six current API families of an institution."""
    return f"{issuer}/apis"


def legacy_audience(issuer: str) -> str:
    """The `aud` of tokens for the legacy APIs: what opens one side opens nothing on the other."""
    return f"{issuer}/legacy-apis"


def new_token_id() -> str:
    """A random `jti` of 128 bits; the token's own strength is its signature."""
    return base64url.encode(random_bytes(16)).decode()
