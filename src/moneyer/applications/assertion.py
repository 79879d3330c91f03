"""Client assertions: an application proves who it is by a signature (RFC 7523, OIDC Core section 9)."""

import hashlib
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from moneyer.applications.client_keys import ClientKey, ClientKeys
from moneyer.protocol import base64url, es256
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadClient
from moneyer.protocol.identifiers import is_client_id
from moneyer.protocol.strict_json import read_object

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LENGTH = 16 * 1024
LONGEST_LIFE = 600 * SECOND
MAX_SKEW = 10 * SECOND
"""How far ahead of ours an application's clock may be (FAPI 2.0 section 5.3.2.1)."""

_TYPES = frozenset({"JWT", "client-authentication+jwt"})
_KEY_SOURCES = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_SHA256 = hashes.SHA256()


class Assertion(msgspec.Struct, frozen=True):
    """An assertion that holds. `token_id` is its `jti`, good once until the instant `expires_at`."""

    client_id: str
    token_id: str
    expires_at: int


def claimed_client_id(assertion: str) -> str:
    """Whose assertion it says it is; nothing is proven yet. Raises BadClient."""
    _, payload, _, _ = _split(assertion)
    subject = payload.get("sub")
    if not isinstance(subject, str) or not is_client_id(subject):
        raise BadClient("assertion-subject")
    return subject


def verify_assertion(
    assertion: str, client_id: str, keys: ClientKeys, issuer: str, now: int
) -> Assertion:
    """The assertion, if one of `keys` signed it for `issuer` and it holds at `now`. Raises BadClient.

    Its audience is the issuer and nothing else: one meant for a URL, or for several, could have been
    made for another server.
    """
    header, payload, signed, signature = _split(assertion)
    if not _KEY_SOURCES.isdisjoint(header):
        raise BadClient("assertion-header")
    if header.get("typ", "JWT") not in _TYPES:
        raise BadClient("assertion-type")
    key = _find_key(header, keys)
    try:
        _check_signature(key, signature, signed)
    except InvalidSignature:
        raise BadClient("assertion-signature") from None
    if payload.get("iss") != client_id or payload.get("sub") != client_id:
        raise BadClient("assertion-subject")
    if payload.get("aud") not in (issuer, [issuer]):
        raise BadClient("assertion-audience")
    expires_at = _instant(payload, "exp")
    if expires_at is None or now >= expires_at:
        raise BadClient("assertion-expired")
    if expires_at > now + LONGEST_LIFE:
        raise BadClient("assertion-lives-too-long")
    for name in ("iat", "nbf"):
        begins_at = _instant(payload, name)
        if begins_at is not None and begins_at > now + MAX_SKEW:
            raise BadClient("assertion-from-the-future")
    token_id = payload.get("jti")
    if not isinstance(token_id, str) or not 1 <= len(token_id) <= 128 or not token_id.isprintable():
        raise BadClient("assertion-without-jti")
    return Assertion(client_id, token_id, expires_at)


def replay_name(client_id: str, token_id: str) -> str:
    """The name under which a used assertion is remembered."""
    digest = hashlib.sha256(f"{client_id}\x00{token_id}".encode()).hexdigest()
    return f"jti:{digest[:48]}"


def _split(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, payload, what was signed, and the signature of a compact JWS. Raises BadClient."""
    if len(assertion) > MAX_LENGTH or not assertion.isascii():
        raise BadClient("assertion-malformed")
    segments = assertion.encode().split(b".")
    if len(segments) != 3 or not all(segments):
        raise BadClient("assertion-malformed")
    try:
        header, payload = (read_object(base64url.decode(part)) for part in segments[:2])
        return header, payload, b".".join(segments[:2]), base64url.decode(segments[2])
    except ValueError:
        raise BadClient("assertion-malformed") from None


def _find_key(header: dict[str, Any], keys: ClientKeys) -> ClientKey:
    """The key the header names, if its algorithm is the header's. Raises BadClient."""
    kid = header.get("kid")
    if kid is None and len(keys.keys) == 1:
        (key,) = keys.keys.values()
    elif isinstance(kid, str) and len(kid) <= 128 and kid in keys.keys:
        key = keys.keys[kid]
    else:
        raise BadClient("assertion-key-unknown")
    is_same = header.get("alg") == key.algorithm or {header.get("alg"), key.algorithm} == {
        "EdDSA",
        "Ed25519",
    }
    if not is_same:
        raise BadClient("assertion-algorithm")
    return key


def _check_signature(key: ClientKey, signature: bytes, signed: bytes) -> None:
    """Raises InvalidSignature."""
    raw = key.key.public_key
    if isinstance(raw, ec.EllipticCurvePublicKey):
        es256.verify(raw, signature, signed)
    elif isinstance(raw, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(_SHA256), padding.PSS.DIGEST_LENGTH)
        raw.verify(signature, signed, pss if key.algorithm == "PS256" else padding.PKCS1v15(), _SHA256)
    elif isinstance(raw, ed25519.Ed25519PublicKey):
        raw.verify(signature, signed)
    else:
        raise InvalidSignature


def _instant(payload: dict[str, Any], name: str) -> int | None:
    """A NumericDate as an instant; None when it is not there. Raises BadClient for anything else."""
    value = payload.get(name)
    if value is None and name not in payload:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**53:
        raise BadClient("assertion-time")
    return value * SECOND
