"""Proof key for code exchange, S256 alone (RFC 7636, RFC 9700 section 2.1.1)."""

import hashlib
import hmac
import re

from moneyer.protocol import base64url
from moneyer.protocol.failures import BadParameter, BadToken

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def check_challenge(challenge: str | None, method: str | None) -> str | None:
    """The challenge of an authorization request, or None when there is none.

    Raises BadParameter for `plain`, for a challenge without a method (whose default is `plain`), for
    a method without a challenge, and for a challenge that is no SHA-256 digest.
    """
    if challenge is None and method is None:
        return None
    if method != "S256":
        raise BadParameter("code_challenge_method", "not-s256")
    if challenge is None or not _CHALLENGE.fullmatch(challenge):
        raise BadParameter("code_challenge", "malformed")
    return challenge


def challenge_of(verifier: str) -> str:
    """BASE64URL(SHA-256(verifier)) (RFC 7636 section 4.2)."""
    return base64url.encode(hashlib.sha256(verifier.encode()).digest()).decode()


def verify(verifier: str | None, challenge: str | None) -> None:
    """Raises BadToken unless `verifier` belongs to `challenge`; either one alone is a downgrade."""
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None:
        raise BadToken("pkce-downgrade")
    if not _VERIFIER.fullmatch(verifier):
        raise BadToken("verifier-malformed")
    if not hmac.compare_digest(challenge_of(verifier), challenge):
        raise BadToken("verifier-wrong")
