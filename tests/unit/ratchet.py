"""The ratchet as its formulas say, written without looking at the code: what the tests compare with."""

import base64
import hashlib
import hmac

from moneyer.protocol.clock import SECOND
from moneyer.tokens.family import Family, RatchetKeys, RenewalPolicy, start

KEYS = RatchetKeys(tag=bytes(range(32)), ratchet=bytes(range(32, 64)))
POLICY = RenewalPolicy(retry_window=60, idle=14 * 86400, rotates=True)
NOW = 1_800_000_000 * SECOND
LIFETIME = 90 * 86400
FAMILY_ID = bytes(range(100, 116))
FIRST_SECRET = b"\xa5" * 32


def open_family(now: int = NOW, secret: bytes = FIRST_SECRET) -> tuple[Family, str]:
    """A family as a password grant opens it, and its first token."""
    return start(
        KEYS,
        secret,
        institution_id="00016",
        family_id=FAMILY_ID,
        client_id="mobile",
        customer_id="C" * 32,
        scopes=("accounts:read", "transfers:write"),
        grant_type="password",
        auth_time=now,
        lifetime=LIFETIME,
        key_version=1,
        now=now,
    )


def secret_at(generation: int, first: bytes = FIRST_SECRET, family_id: bytes = FAMILY_ID) -> bytes:
    """secret[g+1] = HMAC-SHA-256(ratchet key, "moneyer/refresh" ‖ family id ‖ g ‖ secret[g])."""
    secret = first
    for g in range(generation):
        message = b"moneyer/refresh" + family_id + g.to_bytes(4, "big") + secret
        secret = hmac.new(KEYS.ratchet, message, hashlib.sha256).digest()
    return secret


def token_at(generation: int, first: bytes = FIRST_SECRET, institution_id: str = "00016") -> str:
    """The refresh token of a generation, put together by hand."""
    return sealed(
        FAMILY_ID + generation.to_bytes(4, "big") + secret_at(generation, first), institution_id
    )


def sealed(signed: bytes, institution_id: str = "00016") -> str:
    """52 bytes under a right tag, as only who has the tag key can make them."""
    message = institution_id.encode() + b"\0" + signed
    tag = hmac.new(KEYS.tag, message, hashlib.sha256).digest()[:16]
    text = base64.urlsafe_b64encode(signed + tag).rstrip(b"=").decode()
    return f"mrt_{institution_id}.{text}"


def digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
