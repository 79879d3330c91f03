"""ES256 signatures as JWS writes them: r and s, 32 bytes each (RFC 7518 section 3.4)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_ES256 = ec.ECDSA(hashes.SHA256())
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def verify(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    """Raises InvalidSignature unless `key` signed `data`, r and s within the order."""
    if len(signature) != 64:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise InvalidSignature
    key.verify(encode_dss_signature(r, s), data, _ES256)
