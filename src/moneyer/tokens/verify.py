"""Checking an access token of our own (RFC 9068 section 4, RFC 8725)."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature

from moneyer.keys.ring import Ring, SigningKey
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadBearer
from moneyer.tokens.access import AccessClaims

MAX_TOKEN_LENGTH = 16 * 1024
MAX_SKEW = 10 * SECOND
"""How far ahead of our clock another node's may be (FAPI 2.0 section 5.3.2.1)."""


class SignedClaims(AccessClaims, frozen=True, omit_defaults=True):
    """Claims whose signature and issuer are checked; expiry, audience and revocation are not."""


class VerifiedClaims(SignedClaims, frozen=True, omit_defaults=True):
    """Claims that are checked but for revocation, which is the store's to know."""


class TokenParts(NamedTuple):
    """A compact JWS, taken apart."""

    header: bytes
    payload: bytes
    signature: bytes
    signed: bytes

    def __repr__(self) -> str:
        return "TokenParts(…)"


_decode = msgspec.json.Decoder(SignedClaims).decode


def split_token(text: str) -> TokenParts:
    """The three segments of a compact token. Raises BadBearer for any other form."""
    if len(text) > MAX_TOKEN_LENGTH or not text.isascii():
        raise BadBearer("token-malformed")
    segments = text.encode().split(b".")
    if len(segments) != 3 or not all(segments):
        raise BadBearer("token-malformed")
    header, payload, signature = segments
    return TokenParts(header, payload, signature, header + b"." + payload)


def find_key(parts: TokenParts, rings: Iterable[tuple[str, Ring]], now: int) -> tuple[str, SigningKey]:
    """The institution and the key that wrote this header. Raises BadBearer when none of ours did."""
    for institution_id, ring in rings:
        key = ring.by_access_header(parts.header, now)
        if key is not None:
            return institution_id, key
    raise BadBearer("token-not-ours")


def check_signature(
    parts: TokenParts, key: SigningKey, institution_id: str, issuer: str
) -> SignedClaims:
    """The claims, if `key` signed them for `institution_id`; raises BadBearer.

    The payload is read only after its signature: what is read was written here, once for each name.
    """
    try:
        key.verify(base64url.decode(parts.signature), parts.signed)
        claims = _decode(base64url.decode(parts.payload))
    except (InvalidSignature, ValueError):
        raise BadBearer("signature-wrong") from None
    if claims.iss != issuer or claims.institution_id != institution_id:
        raise BadBearer("other-institution")
    return claims


def check_time_and_audience(claims: SignedClaims, audience: str, now: int) -> VerifiedClaims:
    """The claims, if they hold at `now` for `audience`; raises BadBearer."""
    if claims.aud != audience:
        raise BadBearer("other-audience")
    if now >= claims.exp * SECOND:
        raise BadBearer("token-expired")
    if claims.iat * SECOND > now + MAX_SKEW:
        raise BadBearer("token-from-the-future")
    return VerifiedClaims(*msgspec.structs.astuple(claims))
