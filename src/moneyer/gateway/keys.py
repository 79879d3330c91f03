"""The keys of an institution as its key set publishes them (RFC 7517)."""

from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from moneyer.protocol import base64url, es256
from moneyer.protocol.jws import encoded_header
from moneyer.tokens.bulletin import TYPE as BULLETIN

MAX_KEYS = 64
_SHA256 = hashes.SHA256()
_PKCS1 = padding.PKCS1v15()
_MIN_RSA_BITS = 2048

Verify = Callable[[bytes, bytes], None]
"""Takes a signature and what was signed; raises InvalidSignature."""


class PublicKey:
    """One key, for one algorithm (RFC 8725 section 3.1), and how everything under it begins."""

    def __init__(self, jwk: "Jwk", verify: Verify) -> None:
        self.jwk = jwk
        self.kid = jwk.kid
        self.verify = verify
        self.access_header = encoded_header(jwk.alg, "at+jwt", jwk.kid)
        self.bulletin_header = encoded_header(jwk.alg, BULLETIN, jwk.kid)

    def __repr__(self) -> str:
        return f"PublicKey({self.kid!r})"


class Jwk(msgspec.Struct, frozen=True):
    """The members of a public key that matter here (RFC 7517 section 4, RFC 7518 section 6)."""

    kty: str
    kid: str
    alg: str
    use: str = "sig"
    crv: str = ""
    x: str = ""
    y: str = ""
    n: str = ""
    e: str = ""


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


def read_key_set(body: bytes) -> tuple[PublicKey, ...]:
    """The keys of a key set that sign tokens here; those of other kinds are passed over.

    Raises ValueError for what is no key set, and for two keys of one id.
    """
    try:
        found = msgspec.json.decode(body, type=_KeySet).keys
    except msgspec.DecodeError as error:
        raise ValueError("not a key set") from error
    if len(found) > MAX_KEYS:
        raise ValueError("a key set of more than 64 keys")
    keys = tuple(key for document in found if (key := _read(document)) is not None)
    if len({key.kid for key in keys}) != len(keys):
        raise ValueError("two keys of one id")
    return keys


def _read(document: dict[str, Any]) -> PublicKey | None:
    try:
        jwk = msgspec.convert(document, Jwk)
    except msgspec.ValidationError:
        return None
    kinds: dict[tuple[str, str], Callable[[Jwk], Verify]] = {
        ("EC", "ES256"): _es256,
        ("OKP", "Ed25519"): _ed25519,
        ("RSA", "RS256"): _rs256,
    }
    build = kinds.get((jwk.kty, jwk.alg))
    if build is None or jwk.use != "sig":
        return None
    return PublicKey(jwk, build(jwk))


def _number(text: str) -> int:
    return int.from_bytes(base64url.decode(text.encode("ascii")))


def _es256(jwk: Jwk) -> Verify:
    if jwk.crv != "P-256":
        raise ValueError("ES256 with another curve than P-256")
    key = ec.EllipticCurvePublicNumbers(_number(jwk.x), _number(jwk.y), ec.SECP256R1()).public_key()
    return lambda signature, data: es256.verify(key, signature, data)


def _ed25519(jwk: Jwk) -> Verify:
    if jwk.crv != "Ed25519":
        raise ValueError("Ed25519 with another curve")
    key = ed25519.Ed25519PublicKey.from_public_bytes(base64url.decode(jwk.x.encode("ascii")))
    return key.verify


def _rs256(jwk: Jwk) -> Verify:
    key = rsa.RSAPublicNumbers(_number(jwk.e), _number(jwk.n)).public_key()
    if key.key_size < _MIN_RSA_BITS:
        raise ValueError("an RSA key of less than 2,048 bits")
    return lambda signature, data: key.verify(signature, data, _PKCS1, _SHA256)


__all__ = ["InvalidSignature", "PublicKey", "read_key_set"]
