"""Tokens that one caller alone may present: bound to a certificate (RFC 8705) or a key (RFC 9449)."""

import hashlib
import hmac

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from moneyer.gateway.call import ApiCall
from moneyer.gateway.refusals import TokenInvalid
from moneyer.gateway.token import Claims, Presented
from moneyer.protocol import base64url, es256
from moneyer.protocol.clock import SECOND

MAX_PROOF_LENGTH = 4096
MAX_AGE = 60 * SECOND
MAX_SKEW = 10 * SECOND
MOST_PROOFS = 100_000


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public key in a proof: on P-256, without any private member."""

    kty: str
    crv: str
    x: str
    y: str
    alg: str = "ES256"
    use: str = "sig"
    kid: str = ""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    typ: str
    alg: str
    jwk: _Key


class _Proof(msgspec.Struct, frozen=True):
    jti: str
    htm: str
    htu: str
    iat: int
    ath: str = ""


class SenderProof:
    """Checks who presents a token, and remembers the proofs that were used."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], int] = {}

    def require(self, claims: Claims, presented: Presented, call: ApiCall, now: int) -> None:
        """Raises TokenInvalid unless the caller proves what the token asks of it.

        A token bound to a key goes by the scheme DPoP and no other (RFC 9449 section 7.2), and one that
        is bound to nothing by Bearer.
        """
        bound = claims.cnf
        if (presented.scheme == "dpop") != (bound is not None and "jkt" in bound):
            raise TokenInvalid("other-scheme-than-bound")
        if bound is None:
            return
        if not bound or not bound.keys() <= {"x5t#S256", "jkt"}:
            raise TokenInvalid("confirmation-unknown")
        if "x5t#S256" in bound:
            _require_certificate(call.certificate, bound["x5t#S256"])
        if "jkt" in bound:
            self._require_proof(call, presented.text, bound["jkt"], now)

    def _require_proof(self, call: ApiCall, token: str, thumbprint: str, now: int) -> None:
        sent = [value for name, value in call.headers if name == b"dpop"]
        if len(sent) != 1 or len(sent[0]) > MAX_PROOF_LENGTH or not sent[0].isascii():
            raise TokenInvalid("proof-missing")
        proof = _read_proof(sent[0], thumbprint)
        if proof.htm != call.method or proof.htu != call.url:
            raise TokenInvalid("proof-for-another-call")
        digest = base64url.encode(hashlib.sha256(token.encode()).digest()).decode()
        if not hmac.compare_digest(proof.ath, digest):
            raise TokenInvalid("proof-for-another-token")
        issued = proof.iat * SECOND
        if issued > now + MAX_SKEW or issued < now - MAX_AGE:
            raise TokenInvalid("proof-too-old")
        self._use(thumbprint, proof.jti, now)

    def _use(self, thumbprint: str, token_id: str, now: int) -> None:
        """Raises TokenInvalid for a proof that was used before (RFC 9449 section 11.1)."""
        if len(self._used) >= MOST_PROOFS:
            self._used = {name: until for name, until in self._used.items() if until > now}
            if len(self._used) >= MOST_PROOFS:
                raise TokenInvalid("too-many-proofs")
        name = (thumbprint, hashlib.sha256(token_id.encode()).hexdigest())
        if self._used.get(name, 0) > now:
            raise TokenInvalid("proof-replayed")
        self._used[name] = now + MAX_AGE + MAX_SKEW


def _require_certificate(certificate: bytes | None, thumbprint: str) -> None:
    """RFC 8705 section 3: the certificate of this very connection."""
    digest = base64url.encode(hashlib.sha256(certificate or b"").digest()).decode()
    if certificate is None or not hmac.compare_digest(digest, thumbprint):
        raise TokenInvalid("other-certificate")


def _read_proof(proof: bytes, thumbprint: str) -> _Proof:
    """The claims of a proof that the key behind `thumbprint` signed (RFC 9449 section 4.3)."""
    try:
        head, body, signature = proof.split(b".")
        header = msgspec.json.decode(base64url.decode(head), type=_Header)
        if header.typ != "dpop+jwt" or header.alg != "ES256" or header.jwk.crv != "P-256":
            raise TokenInvalid("proof-of-another-kind")
        x, y = (int.from_bytes(base64url.decode(n.encode())) for n in (header.jwk.x, header.jwk.y))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        es256.verify(key, base64url.decode(signature), head + b"." + body)
        claims = msgspec.json.decode(base64url.decode(body), type=_Proof)
    except (InvalidSignature, ValueError):
        raise TokenInvalid("proof-wrong") from None
    if not hmac.compare_digest(_thumbprint(header.jwk), thumbprint):
        raise TokenInvalid("proof-by-another-key")
    return claims


def _thumbprint(key: _Key) -> str:
    """RFC 7638 section 3."""
    members = msgspec.json.encode({"crv": key.crv, "kty": key.kty, "x": key.x, "y": key.y})
    return base64url.encode(hashlib.sha256(members).digest()).decode()
