"""Keys of institutions and of callers, and what they sign: right, wrong, and what nobody would."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from moneyer.protocol.jws import encoded_header


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token: str) -> dict[str, Any]:
    return dict(json.loads(unb64(token.split(".")[1])))


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(unb64(token.split(".", maxsplit=1)[0])))


def ath(token: str) -> str:
    """What names a token in a proof (RFC 9449 section 4.2)."""
    return b64(hashlib.sha256(token.encode()).digest())


class P256:
    """A key on P-256."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.jwk = {
            "crv": "P-256",
            "kty": "EC",
            "x": b64(numbers.x.to_bytes(32)),
            "y": b64(numbers.y.to_bytes(32)),
        }

    @property
    def thumbprint(self) -> str:
        """RFC 7638 section 3."""
        members = json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()
        return b64(hashlib.sha256(members).digest())

    def private_number(self) -> str:
        return b64(self._key.private_numbers().private_value.to_bytes(32))

    def public_forms(self) -> list[bytes]:
        """Every form that somebody might take for a secret."""
        public = self._key.public_key()
        return [
            public.public_bytes(encoding, form)
            for encoding, form in (
                (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
                (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
                (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
            )
        ]

    def compact(self, header: bytes, payload: bytes) -> str:
        """A JWS; `header` is encoded already."""
        signed = header + b"." + b64(payload).encode()
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return f"{signed.decode()}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


class InstitutionsKey(P256):
    """One that is published in a key set."""

    @property
    def published(self) -> dict[str, str]:
        return {**self.jwk, "kid": self.thumbprint, "alg": "ES256", "use": "sig"}

    def header(self, typ: str) -> bytes:
        return encoded_header("ES256", typ, self.thumbprint)


class CallersKey(P256):
    """One of a caller's own, and the proofs that it signs."""

    def proof(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A proof; `header` replaces members of its header. None takes a member away."""
        head = _without_none({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk, **header})
        payload = json.dumps(_without_none(claims)).encode()
        return self.compact(b64(json.dumps(head).encode()).encode(), payload)


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
