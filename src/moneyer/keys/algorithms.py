"""The signature algorithms, each deterministic, so that a retry strikes the same token.

ES256 (RFC 7518 section 3.4, nonces by RFC 6979), Ed25519 (RFC 9864), RS256 (RFC 7518 section 3.3).
"""

import hashlib
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from moneyer.institutions.institution import Algorithm
from moneyer.protocol import base64url, es256

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

_ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_SHA256 = hashes.SHA256()
_PKCS1 = padding.PKCS1v15()


class Signer(Protocol):
    """Signs bytes with one private key. Where hardware signs, it implements this."""

    def __call__(self, data: bytes) -> bytes: ...


def generate(algorithm: Algorithm) -> PrivateKey:
    """A new private key: P-256, Ed25519, or RSA with 2,048 bits."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signer(key: PrivateKey) -> Signer:
    """A function that makes JWS signatures with `key` (RFC 7515 section 5.1)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):

        def sign_es256(data: bytes) -> bytes:
            r, s = decode_dss_signature(key.sign(data, _ES256))
            return r.to_bytes(32) + s.to_bytes(32)

        return sign_es256
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign

    def sign_rs256(data: bytes) -> bytes:
        return key.sign(data, _PKCS1, _SHA256)

    return sign_rs256


def verify(key: PrivateKey, signature: bytes, data: bytes) -> None:
    """Raises InvalidSignature unless `signature` over `data` was made with `key`."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        es256.verify(key.public_key(), signature, data)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        key.public_key().verify(signature, data)
    else:
        key.public_key().verify(signature, data, _PKCS1, _SHA256)


def public_jwk(key: PrivateKey) -> dict[str, str]:
    """The public members of a JWK (RFC 7517, RFC 7518 section 6, RFC 8037)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": base64url.encode(point.x.to_bytes(32)).decode(),
            "y": base64url.encode(point.y.to_bytes(32)).decode(),
        }
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(raw).decode()}
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "n": base64url.encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)).decode(),
        "e": base64url.encode(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)).decode(),
    }


def thumbprint(jwk: dict[str, str]) -> str:
    """The key id: SHA-256 over the required members in order (RFC 7638 section 3)."""
    required = {
        "EC": ("crv", "kty", "x", "y"),
        "OKP": ("crv", "kty", "x"),
        "RSA": ("e", "kty", "n"),
    }
    members = {name: jwk[name] for name in required[jwk["kty"]]}
    return base64url.encode(hashlib.sha256(msgspec.json.encode(members)).digest()).decode()
