"""Tokens that one caller alone may present: bound to a certificate (RFC 8705) or a key (RFC 9449)."""

import hashlib
import hmac
from collections import Counter
from heapq import heappop, heappush
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from moneyer.gateway.call import ApiCall
from moneyer.gateway.refusals import CannotTell, ProofInvalid, TokenInvalid
from moneyer.gateway.token import Claims, Presented
from moneyer.protocol import base64url, es256
from moneyer.protocol.clock import SECOND

MAX_PROOF_LENGTH = 4096
MAX_AGE = 60 * SECOND
MAX_SKEW = 10 * SECOND
MOST_PROOFS = 100_000
MOST_PROOFS_OF_ONE = 20_000
"""Proofs that are remembered at most, in all and by one key: nobody fills the place of all others."""


class _Key(msgspec.Struct, frozen=True):
    """The key in a proof. What browsers export besides (`ext`, `key_ops`) says nothing here."""

    kty: str
    crv: str
    x: str
    y: str
    d: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Header(msgspec.Struct, frozen=True):
    typ: str
    alg: str
    jwk: _Key
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_understood(self) -> bool:
        """RFC 9449 section 4.3, steps 4 to 7; RFC 7515 section 4.1.11."""
        return (
            self.typ == "dpop+jwt"
            and self.alg == "ES256"
            and self.jwk.kty == "EC"
            and self.jwk.crv == "P-256"
            and self.jwk.d is msgspec.UNSET
            and self.crit is msgspec.UNSET
        )


class _Proof(msgspec.Struct, frozen=True):
    jti: str
    htm: str
    htu: str
    iat: int
    ath: str = ""


class SenderProof:
    """Checks who presents a token, and remembers the proofs that were used."""

    def __init__(self) -> None:
        self._used: set[bytes] = set()
        self._order: list[tuple[int, bytes, str]] = []
        self._held: Counter[str] = Counter()

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
        """RFC 9449 section 4.3, in its order. Raises ProofInvalid."""
        sent = [value for name, value in call.headers if name == b"dpop"]
        if len(sent) != 1 or len(sent[0]) > MAX_PROOF_LENGTH or not sent[0].isascii():
            raise ProofInvalid("proof-missing")
        proof = _read_proof(sent[0], thumbprint)
        if proof.htm != call.method or not call.url or _plain(proof.htu) != _plain(call.url):
            raise ProofInvalid("proof-for-another-call")
        digest = base64url.encode(hashlib.sha256(token.encode()).digest())
        if not hmac.compare_digest(proof.ath.encode(), digest):
            raise ProofInvalid("proof-for-another-token")
        issued = proof.iat * SECOND
        if issued > now + MAX_SKEW or issued < now - MAX_AGE:
            raise ProofInvalid("proof-too-old")
        self._use(thumbprint, proof.jti, now)

    def _use(self, thumbprint: str, proof_id: str, now: int) -> None:
        """Raises ProofInvalid for a proof that was used before (RFC 9449 section 11.1), and
        CannotTell where no more can be remembered."""
        while self._order and self._order[0][0] <= now:
            _, old, holder = heappop(self._order)
            self._used.discard(old)
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]
        name = hashlib.sha256(f"{thumbprint} {proof_id}".encode()).digest()
        if name in self._used:
            raise ProofInvalid("proof-replayed")
        if len(self._order) >= MOST_PROOFS or self._held[thumbprint] >= MOST_PROOFS_OF_ONE:
            raise CannotTell("too-many-proofs")
        self._used.add(name)
        self._held[thumbprint] += 1
        heappush(self._order, (now + MAX_AGE + MAX_SKEW + SECOND, name, thumbprint))


def _require_certificate(certificate: bytes | None, thumbprint: str) -> None:
    """RFC 8705 section 3: the certificate of this very connection."""
    digest = base64url.encode(hashlib.sha256(certificate or b"").digest()).decode()
    if certificate is None or not hmac.compare_digest(digest, thumbprint):
        raise TokenInvalid("other-certificate")


def _read_proof(proof: bytes, thumbprint: str) -> _Proof:
    """The claims of a proof that the key behind `thumbprint` signed. Raises ProofInvalid."""
    try:
        head, body, signature = proof.split(b".")
        header = msgspec.json.decode(base64url.decode(head), type=_Header)
        if not header.is_understood:
            raise ProofInvalid("proof-of-another-kind")
        x, y = (int.from_bytes(base64url.decode(n.encode())) for n in (header.jwk.x, header.jwk.y))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        es256.verify(key, base64url.decode(signature), head + b"." + body)
        claims = msgspec.json.decode(base64url.decode(body), type=_Proof)
    except (InvalidSignature, ValueError):
        raise ProofInvalid("proof-wrong") from None
    if not hmac.compare_digest(_thumbprint(header.jwk), thumbprint):
        raise ProofInvalid("proof-by-another-key")
    return claims


def _plain(url: str) -> str:
    """A URL without query and fragment, host and scheme in lower case, its scheme's own port left out
    (RFC 3986 sections 6.2.2 and 6.2.3). Raises ProofInvalid for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ProofInvalid("proof-for-another-call") from None
    own = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "") + (f":{port}" if port not in {None, own} else "")
    return f"{parts.scheme}://{host}{parts.path or '/'}"


def _thumbprint(key: _Key) -> str:
    """RFC 7638 section 3."""
    members = msgspec.json.encode({"crv": key.crv, "kty": key.kty, "x": key.x, "y": key.y})
    return base64url.encode(hashlib.sha256(members).digest()).decode()
