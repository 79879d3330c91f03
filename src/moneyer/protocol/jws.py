"""Compact JWS (RFC 7515 section 7.1) as far as signer and verifier share it."""

import msgspec

from moneyer.protocol import base64url


def encoded_header(algorithm: str, typ: str, kid: str) -> bytes:
    """The protected header of our tokens of type `typ`, byte for byte: every one begins with it."""
    return base64url.encode(msgspec.json.encode({"alg": algorithm, "typ": typ, "kid": kid}))
