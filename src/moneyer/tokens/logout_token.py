"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4)."""

import msgspec

from moneyer.keys.ring import SigningKey

LIFETIME = 120
"""Seconds (section 4)."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def strike_logout_token(
    key: SigningKey,
    *,
    issuer: str,
    client_id: str,
    subject: str,
    session_id: str,
    token_id: str,
    issued_at: int,
) -> str:
    """Tells `client_id` that a session has ended. `issued_at` in seconds. Never has a nonce."""
    claims = {
        "iss": issuer,
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
        "jti": token_id,
        "events": {EVENT: {}},
        "sub": subject,
        "sid": session_id,
    }
    return key.compact(key.header("logout+jwt"), msgspec.json.encode(claims)).decode()
