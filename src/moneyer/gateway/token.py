"""Checking an access token without asking anyone (RFC 9068 section 4, RFC 8725)."""

import hashlib
import secrets
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature

from moneyer.gateway.keys import PublicKey
from moneyer.gateway.refusals import TokenInvalid, TokenMissing
from moneyer.gateway.standing import Standing
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.tokens.access import AccessClaims

MAX_TOKEN_LENGTH = 16 * 1024
MAX_SKEW = 10 * SECOND
"""How far ahead of our clock the token service's may be (FAPI 2.0 section 5.3.2.1)."""
MOST_KEPT = 50_000
"""Tokens whose signature is remembered to hold."""


class Claims(AccessClaims, frozen=True, omit_defaults=True):
    """The claims of an access token; `cnf` says who alone may present it (RFC 7800 section 3.1)."""

    cnf: dict[str, str] | None = None


class Presented(NamedTuple):
    """A token as a call carries it, and by which scheme (RFC 6750 section 2.1, RFC 9449 section 7)."""

    scheme: str
    text: str

    def __repr__(self) -> str:
        return f"Presented({self.scheme!r})"


_decode = msgspec.json.Decoder(Claims).decode


def presented_token(headers: list[tuple[bytes, bytes]]) -> Presented:
    """The one token of a call. Raises TokenMissing, and TokenInvalid for two or a malformed one."""
    sent = [value for name, value in headers if name == b"authorization"]
    if not sent:
        raise TokenMissing("no-authorization")
    scheme, _, token = sent[0].partition(b" ")
    name = scheme.lower()
    if name not in {b"bearer", b"dpop"}:
        raise TokenMissing("other-scheme")
    text = token.strip(b" ")
    if len(sent) > 1 or not text or b"," in text or b" " in text or not text.isascii():
        raise TokenInvalid("authorization-malformed")
    if len(text) > MAX_TOKEN_LENGTH:
        raise TokenInvalid("token-too-long")
    return Presented(name.decode(), text.decode())


class Signed(NamedTuple):
    """A token taken apart; its claims are not to be believed before `SignatureCache.verify` gave them.

    `name` is its keyed digest, `header` its first segment. `signed_by` is the key that is known to have
    signed it.
    """

    name: bytes
    header: bytes
    claims: Claims
    signed_by: PublicKey | None = None

    def __repr__(self) -> str:
        return "Signed(…)"


class SignatureCache:
    """Tokens whose signature held, by a keyed digest: it holds while the key does that made it."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._key = secrets.token_bytes(32)
        self._most = most
        self._found: dict[bytes, Signed] = {}

    def read(self, text: str) -> Signed:
        """The token, and whose it is or says it is. Raises TokenInvalid."""
        name = hashlib.blake2b(text.encode(), key=self._key, digest_size=32).digest()
        if (found := self._found.get(name)) is not None:
            return found
        try:
            header, payload, _ = text.encode().split(b".")
            return Signed(name, header, _decode(base64url.decode(payload)))
        except ValueError:
            raise TokenInvalid("token-malformed") from None

    def verify(self, text: str, token: Signed, key: PublicKey) -> Claims:
        """The claims, if `key` signed `token`, which was read from `text`. Raises TokenInvalid."""
        if token.signed_by is key:
            return token.claims
        signed, _, signature = text.encode().rpartition(b".")
        try:
            key.verify(base64url.decode(signature), signed)
        except (InvalidSignature, ValueError):
            raise TokenInvalid("signature-wrong") from None
        if len(self._found) >= self._most:
            del self._found[next(iter(self._found))]
        self._found[token.name] = token._replace(signed_by=key)
        return token.claims


def require_claims(claims: Claims, standing: Standing, audience: str, now: int) -> None:
    """Raises TokenInvalid unless the token holds at `now`, here, for this audience."""
    if claims.iss != standing.issuer or not claims.iss.endswith(f"/i/{claims.institution_id}"):
        raise TokenInvalid("other-issuer")
    if claims.aud != f"{claims.iss}/{audience}":
        raise TokenInvalid("other-audience")
    if now >= claims.exp * SECOND:
        raise TokenInvalid("token-expired")
    if claims.iat * SECOND > now + MAX_SKEW:
        raise TokenInvalid("token-from-the-future")
